"""Write the gallery: one HTML file with everything in it, or a folder that any web server or file browser shows."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2

from ..cores import cores
from ..document import UserError, write_atomic
from ..manifest import SPLITS, Dataset
from . import curves
from .facts import FACETS, NUMBERS, ClipFacts, read
from .strips import COLOURS, Strip, spread, strip

INDEX, STRIPS = "index.html", "strips"
GENERATOR = '<meta name="generator" content="heroprop gallery">'
"""By this line an earlier gallery is known, which may be replaced."""
_STRIP = re.compile(r"clip-\d{6}\.(pictures|masks)\.[0-9a-f]{12}\.webp")


@dataclass(frozen=True)
class Written:
    """What was written: the page, how many of the dataset's clips are on it, and bytes in all."""

    page: str
    clips: int
    of: int
    bytes: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


Advance = Callable[[str], None]
"""Called with each clip's name when it is done."""


def choose(data: Dataset, most: int | None) -> list[str]:
    """The clips to show: all, or `most` of them evenly spread. UserError where there are none."""
    clips = data.clips()
    if not clips:
        raise UserError(f"{data.folder}: has no clips yet; run 'heroprop render' on it")
    return clips if most is None else [clips[place] for place in spread(len(clips), most)]


def write_gallery(data: Dataset, clips: list[str], out: Path, advance: Advance) -> Written:
    """Write the gallery of `clips` to `out`, a file if it ends in .html, else a folder with an index.html.

    UserError for damaged clips, or an `out` that holds something else. The page itself is written last and by rename:
    whatever interrupts this, an earlier gallery in the same place goes on working.
    """
    alone = out.suffix.lower() in (".html", ".htm")
    _check_out(out, alone)
    page = out if alone else out / INDEX
    wanted: set[str] = set()
    weights: list[int] = []

    def source(clip: str, what: str, picture: bytes) -> str:
        """The address of a strip: itself as a data URI, or a file beside the page, named by what is in it."""
        if alone:
            return "data:image/webp;base64," + base64.b64encode(picture).decode("ascii")
        name = f"{clip}.{what}.{hashlib.sha256(picture).hexdigest()[:12]}.webp"
        if not (out / STRIPS / name).is_file():
            write_atomic(out / STRIPS / name, picture)
        wanted.add(name)
        weights.append(len(picture))
        return f"{STRIPS}/{name}"

    split_of = {clip: split for split in SPLITS for clip in data.clips(split)}

    def card(clip: str) -> dict[str, Any]:
        facts, film = read(data, clip, split_of[clip]), strip(data, clip)
        pictures, masks = source(clip, "pictures", film.pictures), source(clip, "masks", film.masks)
        advance(clip)
        return _card(facts, film, pictures, masks)

    pool = ThreadPoolExecutor(cores())
    try:
        cards = list(pool.map(card, clips))
    finally:
        pool.shutdown(cancel_futures=True)
    html = render(data, cards)
    write_atomic(page, html)
    if not alone:
        for path in (out / STRIPS).iterdir():
            if path.name not in wanted and _STRIP.fullmatch(path.name):
                path.unlink()
    return Written(str(page), len(cards), len(data.manifest.clips), len(html.encode()) + sum(weights))


def render(data: Dataset, cards: list[dict[str, Any]]) -> str:
    """The page as HTML text."""
    home = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(home),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (home / "page.js").read_text(encoding="utf-8")
    sha = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    held = data.manifest
    totals = curves.added([card["bins"] for card in cards])
    return environment.get_template("page.html.j2").render(
        generator=GENERATOR,
        name=data.name,
        held=held,
        cards=cards,
        frames=sum(card["facts"].frames for card in cards),
        targets=sum(len(card["facts"].tracks) for card in cards),
        facets=_values(cards),
        FACETS=FACETS,
        NUMBERS=NUMBERS,
        histograms=list(zip(curves.SCALES, totals, strict=True)),
        colours=[f"#{bytes(colour).hex()}" for colour in COLOURS],
        style=(home / "page.css").read_text(encoding="utf-8"),
        script=script,
        script_sha=sha,
        index=_embedded(_index(cards)),
    )


def _card(facts: ClipFacts, film: Strip, pictures: str, masks: str) -> dict[str, Any]:
    count = len(film.frames)
    return {
        "facts": facts,
        "film": film,
        "pictures": pictures,
        "masks": masks,
        "lanes": curves.lanes(facts, count),
        "gaps": [curves.gaps(track, count) for track in facts.tracks],
        "bins": curves.histograms(facts),
    }


def _values(cards: list[dict[str, Any]]) -> dict[str, list[tuple[str, int]]]:
    """The values of each facet with the number of clips that have them, the most frequent first."""
    counts = {key: Counter(value for card in cards for value in card["facts"].facets[key]) for key in FACETS}
    if counts["asset"] == counts["label"]:  # every prop is called by its label: once is enough
        counts["asset"].clear()
    return {key: sorted(counts[key].items(), key=lambda entry: (-entry[1], entry[0])) for key in FACETS}


def _index(cards: list[dict[str, Any]]) -> dict[str, Any]:
    """What the page's script works with: facets, numbers and histograms of each clip, in the order of the cards."""
    return {
        "clips": [
            {"facets": card["facts"].facets, "numbers": card["facts"].numbers, "bins": card["bins"]} for card in cards
        ]
    }


def _embedded(value: Any) -> str:
    """JSON that may stand inside a script element, whatever it holds: no character that could end or open one."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _check_out(out: Path, alone: bool) -> None:
    """UserError unless `out` can be made, or holds an earlier gallery, whole or not, and nothing else."""
    page = out if alone else out / INDEX
    if out.exists() and out.is_dir() == alone:
        raise UserError(f"{out}: is a {'folder' if alone else 'file'}; give a folder, or a file that ends in .html")
    if not alone and out.is_dir():
        strangers = [p.name for p in out.iterdir() if p.name not in (INDEX, STRIPS) and not p.name.endswith(".tmp")]
        strips = [p.name for p in (out / STRIPS).iterdir()] if (out / STRIPS).is_dir() else []
        strangers += [f"{STRIPS}/{n}" for n in strips if not _STRIP.fullmatch(n) and not n.endswith(".tmp")]
        if strangers:
            raise UserError(f"{out}: holds other files ({min(strangers)}); choose an empty or new folder")
    if page.is_file() and GENERATOR not in page.read_text(encoding="utf-8", errors="replace")[:4096]:
        raise UserError(f"{page}: is there already and is no gallery; choose another --out")
