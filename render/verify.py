"""Check a dataset from the outside in: files against the manifest, members against the index, pictures against labels.

Nothing is repaired here; every problem says what would.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import checks, manifest, shards, tar
from .document import UserError
from .manifest import SHARDS, FileEntry, Manifest, ShardEntry
from .mask import RULE
from .measure import FrameMeasure
from .planning.planfile import HEADER, read_plan
from .products import Member, Product, decode
from .spec import ClipSpec


@dataclass(frozen=True)
class Problem:
    """Something wrong: in which file of the dataset, clip and frame (where it can be told), what, and the cure."""

    file: str
    clip: str | None
    frame: int | None
    what: str
    cure: str

    def __str__(self) -> str:
        place = f": {self.clip}" if self.clip else ""
        place += f" frame {self.frame}" if self.frame is not None else ""
        return f"{self.file}{place}: {self.what}; {self.cure}"


@dataclass
class Report:
    """Everything that was found, and how much was looked at."""

    clips: int = 0
    frames: int = 0
    shards: int = 0
    bytes: int = 0
    problems: list[Problem] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as one JSON document."""
        return asdict(self) | {"ok": not self.problems}


def verify(folder: Path, on_clip: Callable[[str], None] = lambda clip: None) -> Report:
    """Check a whole dataset. UserError where it has no manifest, or none that can be read."""
    held = Manifest.read(folder)
    report = Report(clips=len(held.clips), shards=len(held.shards))
    report.problems += _manifest_problems(folder, held)
    planned = _planned(folder, report)
    report.problems += _missing_clips(folder, held, planned)
    seen: dict[str, str] = {}
    for shard in held.shards:
        report.bytes += shard.tar.bytes + shard.frames_index.bytes + shard.objects_index.bytes
        report.frames += shard.frames
        report.problems += _shard_problems(folder, held, shard, planned, seen, on_clip)
    return report


def _manifest_problems(folder: Path, held: Manifest) -> Iterator[Problem]:
    """Files that do not belong, and statements of the manifest that cannot be."""
    known = {path.name for shard in held.shards for path in shards.paths(folder / SHARDS, shard.name)}
    strays = [path.name for path in sorted((folder / SHARDS).glob("*")) if path.name not in known]
    for name in strays:
        cure = f"run 'heroprop render {folder}', which adopts or removes what it left, or remove the file"
        yield Problem(f"{SHARDS}/{name}", None, None, f"not listed in {manifest.FILE}", cure)
    if held.mask_rule != RULE:
        cure = "read it with the heroprop version that made it"
        yield Problem(manifest.FILE, None, None, f"mask rule '{held.mask_rule}', this version has '{RULE}'", cure)


def _planned(folder: Path, report: Report) -> dict[str, ClipSpec]:
    """The plan's specs by clip; empty where the dataset came without its plan."""
    if not (folder / HEADER).exists():
        return {}
    try:
        return {spec.clip: spec for spec in read_plan(folder)[1]}
    except UserError as error:
        report.problems.append(Problem(HEADER, None, None, str(error), "plan again into a new folder and compare"))
        return {}


def _missing_clips(folder: Path, held: Manifest, planned: dict[str, ClipSpec]) -> Iterator[Problem]:
    """Planned clips that no shard holds."""
    for clip in sorted(set(planned) - set(held.clips)):
        what = "was set aside: it kept failing" if clip in held.failed else "is planned, but not rendered yet"
        yield Problem(HEADER, clip, None, what, f"run 'heroprop render {folder}'")


def _shard_problems(
    folder: Path,
    held: Manifest,
    entry: ShardEntry,
    planned: dict[str, ClipSpec],
    seen: dict[str, str],
    on_clip: Callable[[str], None],
) -> Iterator[Problem]:
    """Everything wrong with one shard. `seen` maps the digest of a clip's content to the first clip that had it."""
    home = folder / SHARDS
    redo = f"remove {SHARDS}/{entry.name}.* and run 'heroprop render {folder}'"
    reindex = f"remove its .arrow files and run 'heroprop render {folder}'"
    absent = False
    for path, stated, cure in zip(
        shards.paths(home, entry.name),
        (entry.tar, entry.frames_index, entry.objects_index),
        (redo, reindex, reindex),
        strict=True,
    ):
        what = _file_problem(path, stated)
        if what:
            yield Problem(f"{SHARDS}/{path.name}", None, None, what, cure)
            absent |= not path.is_file() or path.is_symlink()
    if absent:
        return
    place = f"{SHARDS}/{entry.name}.tar"
    try:
        shard, members = shards.Shard(home, entry.name), tar.entries(shards.tar_path(home, entry.name))
    except UserError as error:
        yield Problem(place, None, None, _short(error), redo)
        return
    listed = {clip for clip, found in held.clips.items() if found.shard == entry.name}
    for clip in sorted(listed ^ set(shard.clips)):
        where = "the manifest" if clip in listed else "the index"
        yield Problem(place, clip, None, f"listed in {where} alone", reindex)
    yield from (Problem(place, clip, frame, what, redo) for clip, frame, what in _member_problems(shard, members))
    for clip in shard.clips:
        on_clip(clip)
        try:
            for frame, what in _clip_problems(shard, held, clip, planned.get(clip), seen):
                yield Problem(place, clip, frame, what, redo)
        except (UserError, KeyError, IndexError, ValueError) as error:
            yield Problem(place, clip, None, _short(error), redo)


def _file_problem(path: Path, stated: FileEntry) -> str | None:
    """What is wrong with one file as a whole."""
    if path.is_symlink():
        return "is a link; a dataset holds its own files"
    if not path.is_file():
        return "missing"
    size = path.stat().st_size
    if size != stated.bytes:
        return f"has {size} bytes, {stated.bytes} expected"
    if FileEntry.of(path).sha256 != stated.sha256:
        return "its SHA-256 differs from the manifest's: the file has been damaged or changed"
    return None


def _member_problems(shard: shards.Shard, members: list[tar.Entry]) -> Iterator[tuple[str | None, int | None, str]]:
    """Members of the tar that the index does not name at that place, and the other way round."""
    places = {entry.name: entry for entry in members}
    known: set[str] = set()
    for clip, indexed in shard.clips.items():
        record = tar.Entry(f"{clip}.json", indexed.record_offset, indexed.record_size)
        if places.get(record.name) != record:
            yield clip, None, "its record is not where the index says"
        known.add(record.name)
        for frame in range(indexed.frames):
            for column in shards.columns(list(indexed.labels), indexed.extras):
                name = shards.member_name(clip, frame, column)
                known.add(name)
                try:
                    indexed_place = shard.locate(clip, frame, column)
                except (KeyError, UserError) as error:
                    yield clip, frame, f"{column}: {_short(error)}"
                    continue
                if places.get(name) != indexed_place:
                    yield clip, frame, f"{column}: not where the index says"
    for name in places.keys() - known:
        yield None, None, f"holds '{name}', which no clip has"
    frames, objects = shard.rows()
    if frames != [(c, f) for c, indexed in shard.clips.items() for f in range(indexed.frames)]:
        yield None, None, "the rows of its frames index are not in order"
    wanted = [
        (c, i, f) for c, indexed in shard.clips.items() for i in sorted(indexed.labels) for f in range(indexed.frames)
    ]
    if objects != wanted:
        yield None, None, "the rows of its objects index are not in order"


def _clip_problems(
    shard: shards.Shard, held: Manifest, clip: str, planned: ClipSpec | None, seen: dict[str, str]
) -> Iterator[tuple[int | None, str]]:
    """Everything wrong within one clip: frame (None for the clip as a whole) and what."""
    spec = ClipSpec.parse(shard.record(clip)["spec"], f"{clip}.json")
    labels = {target.object_id: target.label for target in spec.targets}
    if clip in held.clips:
        entry = held.clips[clip]
        splits = [split for split, clips in held.splits.items() if clip in clips]
        if (entry.frames, entry.labels, splits) != (spec.film.frames, labels, [spec.split]):
            yield None, "the manifest differs from the clip's own record"
    if planned is not None and planned != spec:
        yield None, "was rendered from another spec than the plan's"
    content = spec.model_dump(mode="json", exclude={"clip", "index", "split"})
    first = seen.setdefault(hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest(), clip)
    if first != clip:
        yield None, f"shows the same as {first}"
    measures: list[FrameMeasure] = []
    rows = {i: shard.attributes(clip, i) for i in labels}
    for frame in range(spec.film.frames):
        try:
            products = _products(shard, clip, frame)
            stated = FrameMeasure.parse(
                shards.load_json(shard.read(clip, frame, shards.MEASURE), f"{clip} frame {frame}"), "measure"
            )
        except UserError as error:
            yield frame, _short(error)
            continue
        measures.append(stated)
        yield from ((frame, what) for what in checks.frame_problems(products, stated, spec.film))
        for i in labels:
            row = {"object_id": i} | {key: column[frame].item() for key, column in rows[i].items()}
            what = checks.coverage_problem(row, products[Product.AMODAL, i])
            if what:
                yield frame, what
    if len(measures) == spec.film.frames:
        yield from checks.attribute_problems(measures, spec, rows)


def _products(shard: shards.Shard, clip: str, frame: int) -> dict[tuple[Product, int | None], Any]:
    """Every product of a frame, decoded; UserError for a damaged one."""
    found = {}
    for column in shards.columns(list(shard.clips[clip].labels), shard.clips[clip].extras):
        if column != shards.MEASURE:
            member = Member.parse(shards.member_name(clip, frame, column))
            try:
                found[member.product, member.object_id] = decode(member.product, shard.read(clip, frame, column))
            except KeyError as error:
                raise UserError(str(error)) from None
    return found


def _short(error: Exception) -> str:
    """An error's line without its own advice: the problem's cure says what to do."""
    return str(error).strip("'\"").split("; ")[0]
