"""Assets: what `asset.toml` says, and the library of asset folders that plans and scenes draw from.

No Blender here: whether a file really holds the object it names is checked by `blender_scenes.ingest`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from .document import Document, UserError, nearest, no_folder
from .variation import Variation

Kind = Literal["prop", "occluder", "set", "hdri"]
Axis = Literal["+X", "-X", "+Y", "-Y", "+Z", "-Z"]
Time = Literal["day", "dusk", "night", "indoor"]
BUNDLED = "blender:"
"""`file = "blender:studiolights/world/city.exr"`: a file under Blender's own `datafiles`, not in the asset's folder."""
MODELS = (".blend", ".glb", ".gltf", ".usd", ".usda", ".usdc", ".usdz", ".fbx", ".obj")
FORMATS = {"prop": MODELS, "occluder": MODELS, "set": MODELS, "hdri": (".exr", ".hdr")}


class Charge(Document):
    """Which materials light up when the prop is charged, and the light they emit at level 1 (W/m^2/sr, linear)."""

    materials: tuple[str, ...] = Field(min_length=1)
    strength: float = Field(default=12.0, gt=0)


class Finish(Document):
    """A look: principled inputs to override by material (`{"Metal": {"Roughness": 0.6, "Base Color": [..]}}`)."""

    materials: dict[str, dict[str, float | tuple[float, float, float]]] = {}


class Solid(Document):
    """One part of a proxy: the box between two corners, or the round thing that just fits into it.

    Metres, in the placed asset's own frame: origin at the grip, +Z up, +Y forward. `round` makes it the (elliptic)
    cylinder along an axis, or with `all` the ellipsoid. `opacity` is the share of what lies behind that it hides.
    """

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    round: Literal["no", "x", "y", "z", "all"] = "no"
    opacity: Annotated[float, Field(ge=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _has_volume(self) -> Self:
        if any(b <= a for a, b in zip(self.low, self.high, strict=True)):
            raise ValueError("low: each coordinate must be below that of high")
        return self


class Handle(Document):
    """Where a prop meets a figure's arm, in the placed prop's frame: metres, origin at `Asset.grip`.

    `held`, a hand closes around it: `at` is the middle of its grip, `axis` the way to the thumb, `radius` half the
    handle's thickness. `palm`, square to the axis, is for what fits an arm in one way alone, like a strapped shield:
    which way a right hand's palm looks. The forearm then stays square to the axis; any other handle is held at the
    slant that a wrist finds easy.

    `worn`, an arm is inside it, as in a gauntlet: `at` is where the wrist is, `axis` the way from elbow to wrist,
    `palm` which way the palm looks (needed), `radius` half the opening for the forearm. `hand` is the size of the
    hand inside, a share of its own, so that it stays inside; `fingers` how far it closes: 0 flat, 1 around 4 cm.
    """

    kind: Literal["held", "worn"] = "held"
    at: tuple[float, float, float]
    axis: tuple[float, float, float] = (0.0, 0.0, 1.0)
    radius: float = Field(default=0.02, gt=0)
    palm: tuple[float, float, float] | None = None
    hand: Annotated[float, Field(gt=0, le=1)] = 1.0
    fingers: Annotated[float, Field(ge=0, le=1)] = 0.0

    @property
    def worn(self) -> bool:
        return self.kind == "worn"

    @model_validator(mode="after")
    def _has_a_way(self) -> Self:
        if not any(self.axis):
            raise ValueError("axis: must not be zero")
        if self.palm is not None:
            along, out = np.asarray(self.axis, np.float64), np.asarray(self.palm, np.float64)
            if not out.any() or abs(along @ out) > 0.02 * np.linalg.norm(along) * np.linalg.norm(out):
                raise ValueError("palm: must be square to axis, and not zero")
        elif self.worn:
            raise ValueError('palm: kind = "worn" needs it: which way a right hand\'s palm looks, square to axis')
        if self.worn and self.radius < NARROWEST:
            raise ValueError(f"radius: half the opening that a worn prop has for a forearm, {NARROWEST} m or more")
        if not self.worn and (self.hand != 1 or self.fingers):
            raise ValueError('hand: this and fingers are for kind = "worn"')
        return self


NARROWEST = 0.035
"""Metres: no forearm fits into an opening of a smaller radius."""


class Figure(Document):
    """A humanoid occluder: what it can play, how fast it walks, and the arm that can hold a prop.

    `actions`: the file's actions that a clip may choose from; `holding`: the one for a figure that holds a prop (None:
    any); `walk_speed`: m/s at which the one called `walk` treads without sliding. `shoulder`: the arm's upper end as it
    stands, metres in the placed figure's frame; `reach`: from there to the middle of a held handle, arm straight;
    `arm`: lengths of upper arm and forearm, needed for what is worn on it. `grip`: a bone below the hand's: begins
    at the handle's middle, its Y axis along the handle to the thumb, its Z axis out of the palm; its parent, and that
    one's parents, are hand, forearm, upper arm. `fingers`: degrees that finger
    bones turn about their own X to close on a 20 mm radius. `outfits`: what else it may wear over its finish, each
    written as a finish is; a clip's figures get one each, or none, by the clip's own seed.
    """

    actions: tuple[str, ...] = Field(min_length=1)
    holding: str | None = None
    walk_speed: float = Field(default=1.3, gt=0)
    shoulder: tuple[float, float, float] | None = None
    reach: float = Field(default=0.6, gt=0)
    arm: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] | None = None
    grip: str = "grip.R"
    fingers: dict[str, float] = {}
    outfits: tuple[Finish, ...] = ()


class Asset(Document):
    """`asset.toml`, as an artist writes it; `docs/assets.md` explains each key."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    kind: Kind
    label: str = ""
    file: str
    collection: str | None = None
    object: str | None = None
    size: float | None = Field(default=None, gt=0)
    """Longest side in metres, whatever units the file was modelled in (props and occluders)."""
    up: Axis = "+Z"
    forward: Axis = "+Y"
    grip: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Where a hand holds it, in metres from the prop's centre of bounds."""
    spin_axis: tuple[float, float, float] = (0.0, 0.0, 1.0)
    action: str | bool = False
    """The animation that it plays in a loop: one of the file's by name, or true for the one that the file is set to."""
    figure: Figure | None = None
    """Occluders that stand, walk or fight: see `Figure`. Their size is that of the rig's rest pose."""
    handle: Handle | None = None
    """Props that a figure can hold: where."""
    charge: Charge | None = None
    finishes: dict[str, Finish] = {"default": Finish()}
    proxy: tuple[Solid, ...] = ()
    """A few solids that stand for its silhouette in plans; `python -m blender_scenes proxy ASSET` suggests them."""
    stands: Literal["ground", "hung", "loose", "mirror"] = "ground"
    """Occluders: on the ground, from above at any height, `loose` (may be stacked, and fly), or a `mirror`: behind the
    action, its face (to -Y) turned so that it shows the action again."""
    action_box: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None
    """Sets: two corners (m) of the room that is kept clear for the action; the camera stands at its -Y side."""
    camera_box: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None
    """Sets: two corners (m) of the room that cameras may stand in; not given where they may stand anywhere."""
    times: tuple[Time, ...] = ()
    """Sets: the times of day they can be filmed at; HDRIs: those they show. None named: any but `indoor`."""
    brightness: float = Field(default=1.0, gt=0)
    """Sets: how much brighter than others its pictures should be as a whole: a field of snow is not grey."""
    variation: Variation = Variation()
    """Sets: what differs from clip to clip."""
    licence: str
    author: str
    source: str

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        if self.kind == "prop" and not self.label:
            raise ValueError('label: a prop needs a class label, e.g. label = "hammer"')
        if self.kind in ("prop", "occluder") and self.size is None:
            raise ValueError(f"size: a {self.kind} needs its longest side in metres, e.g. size = 0.5")
        if self.kind == "set" and self.action_box is None:
            raise ValueError("action_box: a set needs the room kept clear for the action: [[x, y, z], [x, y, z]]")
        if self.up[1] == self.forward[1]:
            raise ValueError(f"forward: must not lie along up ({self.up})")
        if not self.finishes:
            raise ValueError("finishes: at least one is needed")
        if self.figure and (self.kind != "occluder" or self.action not in self.figure.actions):
            raise ValueError(
                "figure: is for an occluder whose action is one of figure.actions (what it does if not told)"
            )
        if self.handle and self.kind != "prop":
            raise ValueError(f"handle: only props have one, not a {self.kind}")
        if self.proxy and self.kind not in ("prop", "occluder"):
            raise ValueError(f"proxy: only props and occluders have one, not a {self.kind}")
        name = self.file.removeprefix(BUNDLED)
        if not name.lower().endswith(FORMATS[self.kind]):
            raise ValueError(f"file: a {self.kind} comes as {', '.join(FORMATS[self.kind])}, not '{self.file}'")
        return self

    def solids(self) -> tuple[Solid, ...]:
        """The proxy; for a prop or occluder without one, an upright box of its size and 0.4 times as wide and deep."""
        if self.proxy:
            return self.proxy
        half = np.array([0.2, 0.2, 0.5]) * (self.size or 1.0)
        centre = -np.asarray(self.grip)
        low, high = centre - half, centre + half
        return (
            Solid(
                low=(float(low[0]), float(low[1]), float(low[2])), high=(float(high[0]), float(high[1]), float(high[2]))
            ),
        )


@dataclass(frozen=True)
class InstalledAsset:
    """An asset and the folder it lies in."""

    asset: Asset
    folder: Path

    @property
    def bundled(self) -> str | None:
        """The path below Blender's `datafiles`, for an asset that comes with Blender; else None."""
        return self.asset.file.removeprefix(BUNDLED) if self.asset.file.startswith(BUNDLED) else None

    @property
    def path(self) -> Path:
        """The artist's file (for assets that are not bundled with Blender)."""
        return self.folder / self.asset.file

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over asset.toml and every file beside it, so that a changed asset changes the plan."""
        sha = hashlib.sha256(self.asset.digest().encode())
        if self.bundled is None:
            for path in sorted(p for p in self.folder.rglob("*") if p.is_file() and not p.is_symlink()):
                if path.suffix.lower() not in _IGNORED and not path.name.startswith("."):
                    sha.update(path.relative_to(self.folder).as_posix().encode())
                    sha.update(hashlib.sha256(path.read_bytes()).digest())
        return sha.hexdigest()


_IGNORED = {".blend1", ".blend2", ".toml", ".md", ".txt", ".pyc"}


@dataclass(frozen=True)
class Library:
    """Every asset found in one or more folders of asset folders, by name."""

    assets: dict[str, InstalledAsset] = field(default_factory=dict)

    @classmethod
    def open(cls, folders: list[Path] | None = None) -> Library:
        """The built-in assets and those below `folders`; UserError for a bad asset.toml or a name given twice."""
        found: dict[str, InstalledAsset] = {}
        for root in [builtin_folder(), *(folders or [])]:
            for path in [folder / "asset.toml" for folder in asset_folders(root)]:
                installed = read(path.parent)
                if installed.asset.name in found:
                    other = found[installed.asset.name].folder
                    raise UserError(f"{path}: name '{installed.asset.name}' is taken by {other}; choose another")
                found[installed.asset.name] = installed
        return cls(found)

    def get(self, name: str, kind: Kind | None = None) -> InstalledAsset:
        """The asset `name`; UserError with the nearest known name if there is none of that kind."""
        found = self.assets.get(name)
        if found is None or (kind is not None and found.asset.kind != kind):
            known = [n for n, a in self.assets.items() if kind is None or a.asset.kind == kind]
            raise UserError(f"no {kind or 'asset'} named '{name}'{nearest(name, known)}")
        return found

    def names(self, kind: Kind) -> list[str]:
        """Sorted names of all assets of one kind."""
        return sorted(name for name, found in self.assets.items() if found.asset.kind == kind)


def read(folder: Path) -> InstalledAsset:
    """Read one asset folder; UserError if asset.toml is missing or wrong, or its file is absent or outside it."""
    toml = folder / "asset.toml"
    installed = InstalledAsset(Asset.read_toml(toml), folder)
    if installed.bundled is None:
        path = installed.path
        if not path.resolve().is_relative_to(folder.resolve()):
            raise UserError(f"{toml}: file: '{installed.asset.file}' lies outside the asset's folder")
        if not path.is_file():
            close = nearest(path.name, [p.name for p in folder.iterdir() if p.suffix.lower() in _MODELS])
            raise UserError(f"{toml}: file: no '{installed.asset.file}' beside it{close}")
    return installed


def asset_folders(root: Path | None = None) -> list[Path]:
    """`root` itself if it is an asset, and those right below it (default: the built-in ones); UserError if none."""
    root = root or builtin_folder()
    if not root.is_dir():
        raise UserError(f"{root}: {no_folder(root, 'asset folder')}; give a folder that holds asset folders")
    tomls = sorted(root.glob("asset.toml")) + sorted(root.glob("*/asset.toml"))
    if not tomls:
        raise UserError(f"{root}: no assets here; an asset is a folder with an asset.toml in it")
    return [path.parent for path in tomls]


_MODELS = {suffix for suffixes in FORMATS.values() for suffix in suffixes}


def builtin_folder() -> Path:
    """The built-in assets: inside the package when installed as a wheel, `assets/` of the repository otherwise."""
    packaged = Path(__file__).parent / "builtin_assets"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "assets"
