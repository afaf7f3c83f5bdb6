"""Things that could hide a target at a moment, each with a few freedoms: where it is, how large, how fast.

`static` things stand between camera and target, hang there, or are a stack of loose ones; `moving` ones fly past;
`figure`s walk through or stand there.
"""

from __future__ import annotations

from ..asset import InstalledAsset
from ..spec import Target
from ..streams import Stream
from .draws import Pick
from .passing import flies, walks
from .proposal import Line, Proposal, extent
from .setting import Setting
from .standing import COLUMNS, stays

KINDS = ("static", "moving", "figure")
WALKS = 0.6
"""The share of figures that walk past; the others stand or fight on the spot."""


def kinds_there(kinds: Pick, assets: Pick, setting: Setting) -> list[str]:
    """Those of the recipe's kinds of which the library has something."""
    standing, flying, figures = _names(assets, setting)
    there = [kind for kind, names in zip(KINDS, (standing, flying, figures), strict=True) if names]
    return [kind for kind in there if kinds.named == ("any",) or kind in kinds.named]


def propose(
    kind: str, assets: Pick, setting: Setting, target: Target, moments: list[float], seconds: float, stream: Stream
) -> Proposal | None:
    """Something of a kind that is there, which may hide `target` around one of the moments for `seconds`.

    What stands there hides a target for as long as the target takes to pass it: None where nothing has that width.
    """
    standing, flying, figures = _names(assets, setting)
    if kind == "moving":
        asset = setting.library.get(stream.pick(flying))
        return flies(setting, asset, Line.to(target, setting, moments[0]), target, seconds, stream)
    among = figures if kind == "figure" else standing
    for moment in moments:
        line = Line.to(target, setting, moment)
        if kind == "figure" and stream.chance(WALKS):
            return walks(setting, setting.library.get(assets.draw(stream, figures)), line, seconds, stream)
        wide = [name for name in among if _could(setting.library.get(name), line, seconds)]
        if wide and (assets.named == ("any",) or set(assets.named) & set(wide)):
            return stays(setting, setting.library.get(assets.draw(stream, wide)), line, stream)
    return None


def _could(asset: InstalledAsset, line: Line, seconds: float) -> bool:
    """Whether it can be about as wide as the way that the target goes behind it in that time (or narrower, if the
    target needs that time to pass a post)."""
    low, high = extent(asset)
    way = line.pace(1.0) * seconds  # at the target's place; what is nearer looks larger
    if asset.asset.stands == "loose":
        narrow, wide = 0.55, 1.7 * COLUMNS
    else:
        narrow, wide = float(min(high[:2] - low[:2])), float(max(high[:2] - low[:2]))
        if high[0] - low[0] > 1.8 * (high[1] - low[1]):
            narrow = 0.9 * wide
    return max(0.75 * narrow, 1.4 * line.reach) < way < 4 * wide


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
