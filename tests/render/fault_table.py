"""`python -m tests.render.fault_table`: whatever happens to a dataset, is it found, and is it ever read as if it were
good?

Prints a table: faults tried, detected, and lost, which is what came through unnoticed: wrong data that a reader was
given without a word, a finding that `verify` did not make, or a dataset that did not come back whole.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from render import farm
from render.dataset import listing, pack, tar
from render.document import UserError
from render.farm import Setup
from render.manifest import SHARDS, Dataset, Manifest
from render.verify import verify
from tests.render.fake_plan import PROGRAM, make_plan
from tests.render.faults import CONTENT_FAULTS, FILE_FAULTS, Content

TRIES = 12
"""Injections of each kind, at places of their own."""
STEPS = ("tar", "index", "manifest", "clean")
"""Of a commit."""
SETUP = Setup(workers=2, program=PROGRAM)


@dataclass(frozen=True)
class Count:
    """How many faults of a kind were tried, detected, lost."""

    tried: int
    detected: int
    lost: int

    @property
    def sound(self) -> bool:
        return self.detected == self.tried and self.lost == 0


def sample(folder: Path) -> Path:
    """Six clips in three shards, with their plan."""
    dataset = make_plan(folder / "set", folder / "told", clips=6, frames=3)
    farm.render(dataset, SETUP)
    return dataset


def read_all(dataset: Path) -> dict[str, list[bytes]]:
    """Every product of every frame, as a trainer would read them; UserError where something is not as it should be."""
    found: dict[str, list[bytes]] = {}
    data = Dataset.open(dataset)
    for clip in data.clips():
        ids = data.objects(clip)
        for frame in range(data.frame_count(clip)):
            pictures = [data.rgb(clip, frame), data.visible(clip, frame), data.veil(clip, frame)]
            pictures += [data.coverage(clip, frame, i) for i in ids] + [data.amodal(clip, frame, i) for i in ids]
            found.setdefault(clip, []).extend(picture.tobytes() for picture in pictures)
    return found


def file_faults(good: Path, scratch: Path, tries: int = TRIES) -> dict[str, Count]:
    """Faults of disks, copies and hands: lost is what a reader was given in place of the truth."""
    truth = read_all(good)
    table = {}
    for kind, inject in FILE_FAULTS.items():
        detected = lost = 0
        for attempt in range(tries):
            dataset = _copy(good, scratch, f"{kind}-{attempt}")
            inject(dataset, Random(f"{kind} {attempt}"))
            try:
                detected += bool(verify(dataset, workers=1).problems)
            except UserError:  # a manifest that can't be read at all
                detected += 1
            with contextlib.suppress(UserError):
                lost += any(frames != truth.get(clip) for clip, frames in read_all(dataset).items())
            shutil.rmtree(dataset)
        table[kind] = Count(tries, detected, lost)
    return table


def content_faults(good: Path, scratch: Path) -> dict[str, Count]:
    """Wrong pictures under right hashes, on each frame that can have them: lost is what `verify` did not name."""
    table = {}
    for kind, content in CONTENT_FAULTS.items():
        frames = (0, 1)
        named = 0
        for frame in frames:
            dataset = _copy(good, scratch, f"{kind}-{frame}")
            change(dataset, frame, content)
            found = [(p.clip, p.frame) for p in verify(dataset, workers=1).problems]
            named += ("clip-000000", frame + (kind == "frozen picture")) in found
            shutil.rmtree(dataset)
        table[f"{kind}, right hashes"] = Count(len(frames), named, len(frames) - named)
    return table


def interrupted_commits(good: Path, scratch: Path) -> dict[str, Count]:
    """A run that dies after a step of a commit: lost is a dataset that the next run does not make whole."""
    table = {}
    whole = _shards(good)
    for step in STEPS:
        folder = scratch / f"commit-{step}"
        dataset = make_plan(folder / "set", folder / "told", clips=6, frames=3)
        with contextlib.suppress(InterruptedError):
            farm.render(dataset, SETUP, between=_die_after(step))
        try:
            found = bool(verify(dataset, workers=1).problems)
        except UserError:  # no manifest yet
            found = True
        farm.render(dataset, SETUP)
        same = verify(dataset, workers=1).problems == [] and _shards(dataset) == whole
        table[f"commit broken off after: {step}"] = Count(1, int(found), int(not same))
        shutil.rmtree(folder)
    return table


def change(dataset: Path, frame: int, content: Content) -> None:
    """Change what the first shard shows and make index and manifest agree with it: every hash is right."""
    path = dataset / SHARDS / "shard-000000.tar"
    held = {entry.name: tar.read(path, entry) for entry in tar.entries(path)}
    content(held, "clip-000000", frame)
    tar.write(path, list(held.items()))
    pack.write_index(dataset / SHARDS, "shard-000000")
    manifest = Manifest.read(dataset)
    entries = tuple(listing.measure_shard(dataset / SHARDS, shard.name)[0] for shard in manifest.shards)
    manifest.model_copy(update={"shards": entries}).write(dataset)


def lines(table: dict[str, Count]) -> list[str]:
    """The table in Markdown, with its sum."""
    every = Count(*(sum(getattr(c, part) for c in table.values()) for part in ("tried", "detected", "lost")))
    rows = [*table.items(), (f"all {len(table)} kinds", every)]
    head = ["| fault | tried | detected | lost |", "| --- | ---: | ---: | ---: |"]
    return head + [f"| {kind} | {count.tried} | {count.detected} | {count.lost} |" for kind, count in rows]


def _copy(good: Path, scratch: Path, name: str) -> Path:
    dataset = scratch / name.replace(" ", "-").replace("'", "")
    shutil.copytree(good, dataset)
    return dataset


def _shards(dataset: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((dataset / SHARDS).iterdir())}


def _die_after(step: str) -> Callable[[str], None]:
    def between(done: str) -> None:
        if done == step:
            raise InterruptedError(step)

    return between


def main() -> None:
    """Measure and print; exit code 1 where something was not detected, or lost."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        good = sample(scratch / "good")
        table = file_faults(good, scratch) | content_faults(good, scratch) | interrupted_commits(good, scratch)
    print("\n".join(lines(table)))
    raise SystemExit(not all(count.sound for count in table.values()))


if __name__ == "__main__":
    main()
