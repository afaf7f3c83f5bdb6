"""Making clips permanent: pack them into a shard, list the shard in the manifest, clear their work folders away.

A shard's tar under its final name is always whole, and its index follows from it, so a run that was killed between any
two steps is mended by `Store.recover`: what is there is adopted, what is damaged is made again. Only a shard's own
three files and `manifest.json` ever change.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from .. import manifest, shards
from ..document import Document, UserError, sync, write_atomic
from ..manifest import FILE, SHARDS, FileEntry, Manifest, ShardEntry
from ..planning.planfile import LINES, PlanHeader, digest_of
from . import pack
from .listing import build, measure_shard
from .provenance import ClipRecord

WORK, FAILED = "work", "failed"

LISTING = 0.05
"""While shards are made, writing the manifest takes about this share of the time at most."""

Between = Callable[[str], None]
"""Called between the steps of a commit with the name of the step just done: tar, index, manifest, clean."""


class Attempt(Document):
    """One try at a clip: the child's exit code, and why it failed."""

    code: int
    reason: str


class FailedClip(Document):
    """`failed/clip-000012.json`: a clip that was set aside; the next `render` tries it again."""

    clip: str
    attempts: tuple[Attempt, ...]
    log: tuple[str, ...]


class Store:
    """A dataset's permanent part. Its owner holds it alone (`farm.lease.lock`), but for `look` and `pack`."""

    def __init__(self, dataset: Path, header: PlanHeader, blender: str, say: Callable[[str], None]) -> None:
        self.dataset, self.header, self.blender, self._say = dataset, header, blender, say
        self.folder = dataset / SHARDS
        self.known: dict[str, tuple[ShardEntry, tuple[shards.IndexedClip, ...]]] = {}
        self._next_listing = 0.0

    def recover(self, planned: Sequence[str]) -> None:
        """Take stock of what is there, and mend what a killed run or a lost file left. UserError for foreign clips."""
        for folder in (self.dataset, self.folder, self.dataset / FAILED, self.dataset / WORK):
            for leftover in (*folder.glob(".*.tmp"), *folder.glob("*.lease")):
                leftover.unlink()
        listed = self._listed()
        self.known = {}
        for path in sorted(self.folder.glob("shard-*")):
            name = path.name.removesuffix(".tar")
            if path.suffix == ".tar" and shards.NAME.fullmatch(name):
                self._take(name, listed.get(name))
            elif path.suffix == ".arrow" and not (self.folder / f"{path.name.rsplit('.', 2)[0]}.tar").exists():
                path.unlink()
        homes: dict[str, str] = {}
        in_plan = set(planned)
        for name, (_, clips) in self.known.items():
            for clip in clips:
                if clip.clip in homes:
                    both = f"{homes[clip.clip]}.tar and {name}.tar"
                    raise UserError(f"{self.folder}: {clip.clip} is in both {both}; move one of them away")
                if clip.clip not in in_plan:
                    raise UserError(f"{self.folder / name}.tar: holds {clip.clip}, which is not planned; move it away")
                homes[clip.clip] = name
        for packed in homes.keys() & {path.name for path in (self.dataset / WORK).glob("clip-*")}:
            self._clear(packed)
        for packed in homes.keys() & set(self.failed()):
            self.forgive(packed)

    @property
    def packed(self) -> set[str]:
        """Clips that are in a shard."""
        return {clip.clip for _, clips in self.known.values() for clip in clips}

    def pack(self, group: int, clips: Sequence[tuple[ClipRecord, Path]], between: Between) -> str:
        """Commit whole clips of one group as its shard (or next supplement); the shard's name.

        The manifest may lag behind: `write_manifest` brings it up to date, and so does `recover` in a later run.
        """
        name = next(name for name in _names(group) if name not in self.known)
        pack.write_tar(self.folder, name, clips)
        sync(self.folder)
        between("tar")
        pack.write_index(self.folder, name)
        sync(self.folder)
        between("index")
        self.known[name] = measure_shard(self.folder, name)
        self._list_now_and_then()
        between("manifest")
        for record, _ in clips:
            self._clear(record.spec.clip)
        between("clean")
        return name

    def set_aside(self, failed: FailedClip) -> None:
        """Note that a clip could not be rendered."""
        write_atomic(self.dataset / FAILED / f"{failed.clip}.json", failed.model_dump_json(indent=1) + "\n")

    def forgive(self, clip: str) -> None:
        """A clip that was set aside has been rendered after all."""
        (self.dataset / FAILED / f"{clip}.json").unlink(missing_ok=True)

    def failed(self) -> list[str]:
        """Clips that are set aside."""
        return sorted(path.stem for path in (self.dataset / FAILED).glob("clip-*.json"))

    def _list_now_and_then(self) -> None:
        """Write the manifest, unless that has taken more than `LISTING` of the time of late: it lists every clip, so
        that writing it for every shard would take the square of their number."""
        if time.monotonic() >= self._next_listing:
            began = time.monotonic()
            self.write_manifest()
            ended = time.monotonic()
            self._next_listing = ended + (ended - began) / LISTING

    def write_manifest(self) -> Manifest:
        """Write `manifest.json` for the shards that are known, durably."""
        recipe = manifest.RecipeEntry(name=self.header.recipe_name, sha256=self.header.recipe_digest)
        plan = manifest.PlanEntry(sha256=self.header.plan_digest, clips=self.header.clips, seed=self.header.seed)
        built = build(self.known, recipe, plan, self.blender, self.failed())
        try:
            standing = manifest.Manifest.read_json(self.dataset / manifest.FILE)
        except UserError:
            standing = None  # none yet, damaged, or of another version
        if standing is not None and standing.model_copy(update={"created": built.created}) == built:
            return standing
        built.write(self.dataset)
        sync(self.dataset)
        return built

    def _clear(self, clip: str) -> None:
        shutil.rmtree(self.dataset / WORK / clip, ignore_errors=True)
        self.forgive(clip)

    def _listed(self) -> Mapping[str, ShardEntry]:
        """What the manifest lists. A damaged one counts for nothing: the shards themselves say what there is."""
        if manifest.version(self.dataset) in (None, manifest.SCHEMA):
            try:
                found = Manifest.read(self.dataset)
            except UserError:
                return {}
        else:
            found = Manifest.read(self.dataset)  # written by another version: an error that says so
        if found.plan.sha256 not in (self.header.plan_digest, self._before(found.plan.clips)):
            raise UserError(f"{self.dataset / FILE}: was made from another plan; render into a new folder")
        return {entry.name: entry for entry in found.shards}

    def _before(self, clips: int) -> str:
        """SHA-256 of the plan that this one was when it had `clips` clips; it may have been extended since."""
        try:
            return digest_of((self.dataset / LINES).read_bytes(), clips)
        except OSError:
            return ""

    def _take(self, name: str, entry: ShardEntry | None) -> None:
        """Adopt a shard as listed, or index it anew from its tar; remove it where the tar itself is damaged.

        A tar that differs from what is listed is damaged, unless a render task has made the shard anew since.
        """
        files = shards.paths(self.folder, name)
        try:
            if entry is not None:
                if self._stands(files, entry):
                    with contextlib.suppress(UserError):  # a damaged index follows from the tar
                        self.known[name] = entry, tuple(shards.Shard(self.folder, name).clips.values())
                        return
                if FileEntry.of(files[0]) != entry.tar and not self._made_since(name, entry):
                    raise UserError(f"{files[0]}: differs from what {FILE} says")
            self._say(f"{name}: indexed anew from its tar")
            pack.write_index(self.folder, name)
            self.known[name] = measure_shard(self.folder, name)
        except UserError as error:
            self._say(f"{error}; its clips are rendered again")
            for path in files:
                path.unlink(missing_ok=True)

    def _stands(self, files: Sequence[Path], entry: ShardEntry) -> bool:
        """Whether a shard is as listed, by its sizes; and by the frames index's hash if that is newer than the list."""
        parts = (entry.tar, entry.frames_index, entry.objects_index)
        if any(manifest.file_problem(path, part) for path, part in zip(files, parts, strict=True)):
            return False
        listed = (self.dataset / FILE).stat().st_mtime_ns
        return files[1].stat().st_mtime_ns < listed or FileEntry.of(files[1]) == entry.frames_index

    def _made_since(self, name: str, entry: ShardEntry) -> bool:
        """Whether a shard that is not the listed one is whole: clips of its group, with an index of its own that holds
        the CRC of every member."""
        try:
            found = shards.Shard(self.folder, name)
            groups = {int(clip.removeprefix("clip-")) // self.header.clips_per_shard for clip in found.clips}
            if FileEntry.of(shards.frames_path(self.folder, name)) == entry.frames_index:
                return False
            for clip, told in found.clips.items():
                found.record(clip)
                for frame in range(told.frames):
                    for column in shards.columns(list(told.labels), told.extras, told.real):
                        found.read(clip, frame, column)
        except (UserError, KeyError):
            return False
        return [shards.shard_name(group) for group in groups] == [name.partition(".")[0]]


class SharedStore(Store):
    """The store as one of several render tasks holds it: they make shards, and leave the manifest to an index run.

    `look` and `pack` work on one group at a time, whose lease (`farm.lease.lease`) the caller holds where file systems
    have locks; without one a shard is still made once and whole, since its name can be claimed only once.
    """

    def look(self, group: int) -> set[str]:
        """The clips of a group that are in shards by now. A shard that a killed task left without index gets one."""
        found: set[str] = set()
        for name in self._there(group):
            if not shards.frames_path(self.folder, name).exists():
                pack.write_index(self.folder, name)
            found |= set(shards.Shard(self.folder, name).clips)
        return found

    def pack(self, group: int, clips: Sequence[tuple[ClipRecord, Path]], between: Between) -> str:
        """Commit whole clips of one group as its shard (or next supplement); the shard's name.

        FileExistsError where another task was quicker: look again.
        """
        name = next(itertools.dropwhile(self._exists, _names(group)))
        # Another task may have packed them since the caller looked: its shard has an earlier name, or claims this one.
        if self.look(group) & {record.spec.clip for record, _ in clips}:
            raise FileExistsError(f"{self.folder}: another task packed clips of group {group}")
        pack.write_tar(self.folder, name, clips, replace=False)
        sync(self.folder)
        between("tar")
        pack.write_index(self.folder, name)
        sync(self.folder)
        between("index")
        for record, _ in clips:
            self._clear(record.spec.clip)
        between("clean")
        return name

    def _there(self, group: int) -> Iterator[str]:
        """The shards that a group has. One of them may have been lost, so that its name is free: later ones count."""
        lost = 0
        for name in _names(group):
            if self._exists(name):
                yield name
            elif lost:
                return
            else:
                lost = 1

    def _exists(self, name: str) -> bool:
        return shards.tar_path(self.folder, name).exists()


def _names(group: int) -> Iterator[str]:
    """The names of a group's shard and, without end, of its supplements."""
    return (shards.shard_name(group, part) for part in itertools.count())
