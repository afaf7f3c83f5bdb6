"""The asset library as one split may see it: held-out values for the test split alone, all the others for the rest."""

from __future__ import annotations

from ..asset import InstalledAsset, Kind, Library
from ..document import Document


class HeldOut(Document):
    """Values that the test split alone uses, and that training and validation never see."""

    set: tuple[str, ...] = ()
    hdri: tuple[str, ...] = ()
    finish: tuple[str, ...] = ()
    asset: tuple[str, ...] = ()
    motion: tuple[str, ...] = ()


class Allowed:
    """What clips of the test split (`test`), or of the others, may be made of."""

    def __init__(self, held_out: HeldOut, library: Library, test: bool) -> None:
        self.library, self.test, self._held_out = library, test, held_out

    def get(self, kind: Kind, name: str) -> InstalledAsset:
        return self.library.get(name, kind)

    def names(self, kind: Kind) -> list[str]:
        held = {"set": self._held_out.set, "hdri": self._held_out.hdri, "prop": self._held_out.asset}
        return self._permitted(self.library.names(kind), held.get(kind, ()))

    def finishes(self, prop: InstalledAsset) -> list[str]:
        return self._permitted(list(prop.asset.finishes), self._held_out.finish)

    def motions(self, kinds: tuple[str, ...]) -> list[str]:
        return self._permitted(list(kinds), self._held_out.motion)

    def _permitted(self, names: list[str], held: tuple[str, ...]) -> list[str]:
        if self.test:
            return [name for name in names if name in held] or names
        return [name for name in names if name not in held]
