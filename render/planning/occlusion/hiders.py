"""Things that could hide a target at a moment, each with a few freedoms: where it is, how large, how fast.

`static` things stand between camera and target, hang there, or are a stack of loose ones; `moving` ones fly past;
`figure`s walk through or stand there.
"""

from __future__ import annotations

from ...spec import Target
from ...streams import Stream
from ..draws import Pick
from ..setting import Setting
from .passing import flies, walks
from .proposal import Line, Proposal
from .standing import stays

KINDS = ("static", "moving", "figure")
WALKS = 0.6
"""The share of figures that walk past; the others stand or fight on the spot."""


def kinds_there(kinds: Pick, assets: Pick, setting: Setting) -> list[str]:
    """Those of the recipe's kinds of which the library has something."""
    standing, flying, figures = _names(assets, setting)
    there = [kind for kind, names in zip(KINDS, (standing, flying, figures), strict=True) if names]
    return [kind for kind in there if kinds.named == ("any",) or kind in kinds.named]


def names_of(kind: str, assets: Pick, setting: Setting) -> list[str]:
    """What there is of a kind."""
    return _names(assets, setting)[KINDS.index(kind)]


def propose(
    kind: str, assets: Pick, setting: Setting, target: Target, moment: float, seconds: float, stream: Stream
) -> Proposal:
    """Something of a kind that is there, which may hide `target` around a moment for `seconds` or so."""
    standing, flying, figures = _names(assets, setting)
    line = Line.to(target, setting, moment)
    if kind == "moving":
        return flies(setting, setting.library.get(stream.pick(flying)), line, target, seconds, stream)
    asset = setting.library.get(assets.draw(stream, figures if kind == "figure" else standing))
    if kind == "figure" and stream.chance(WALKS):
        return walks(setting, asset, line, seconds, stream)
    return stays(setting, asset, line, stream)


def _names(assets: Pick, setting: Setting) -> tuple[list[str], list[str], list[str]]:
    """Assets that can stand there, those that can fly past (loose ones, and props), and figures."""
    names = setting.allowed.names("occluder")
    if assets.named != ("any",):
        names = [name for name in names if name in assets.named]
    figures = [name for name in names if setting.library.get(name).asset.figure]
    standing = [n for n in names if _stands(setting, n) in ("ground", "hung", "loose") and n not in figures]
    loose = [name for name in standing if _stands(setting, name) == "loose"]
    return standing, [*setting.allowed.names("prop"), *loose], figures


def _stands(setting: Setting, name: str) -> str:
    return setting.library.get(name).asset.stands
