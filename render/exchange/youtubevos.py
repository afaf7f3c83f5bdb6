"""YouTube-VOS: in `train`, `valid` and `test` each, `JPEGImages/CLIP`, `Annotations/CLIP` (index PNGs) and `meta.json`.

A whole release, one of its three folders alone, or a folder that has the same layout (LVOS, MOSE) can be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..document import UserError
from . import files, indexed
from .clips import Clip
from .files import Foreign

LAYOUT = "expected train/JPEGImages/CLIP/00000.jpg, train/Annotations/CLIP/00000.png and train/meta.json"
SUBSETS = {"train": "train", "val": "valid", "test": "test"}


class Object(Foreign):
    """An object: its class."""

    category: str = "object"


class Video(Foreign):
    """A clip's objects by id."""

    objects: dict[int, Object] = {}


class Meta(Foreign):
    """`meta.json`."""

    videos: dict[str, Video] = {}


def write(clips: Iterable[Clip], out: Path) -> None:
    """Write clips into an empty folder."""
    videos: dict[str, dict[str, object]] = {subset: {} for subset in SUBSETS.values()}
    for clip in clips:
        home = out / SUBSETS[clip.split]
        shown = indexed.write_clip(
            clip,
            home / "JPEGImages" / clip.name,
            (home / "Annotations" / clip.name,),
            home / indexed.OVERLAPS / clip.name,
        )
        objects = {
            str(i): {"category": label, "frames": [f"{number:05d}" for number in shown[i]]}
            for i, label in clip.labels.items()
        }
        videos[home.name][clip.name] = {"objects": objects}
    for subset, told in videos.items():
        if told:
            files.write_json(out / subset / "meta.json", {"videos": told})


def read(folder: Path) -> Iterator[Clip]:
    """The clips of a YouTube-VOS folder: training, validation, test; each by name."""
    homes = [(split, folder / name) for split, name in SUBSETS.items() if (folder / name).is_dir()]
    if (folder / "JPEGImages").is_dir():
        split = {name: split for split, name in SUBSETS.items()}.get(folder.resolve().name, "train")
        homes = [(split, folder)]
    if not homes:
        raise UserError(f"{folder}: no folder of YouTube-VOS; {LAYOUT}")
    for split, home in homes:
        for name in ("JPEGImages", "Annotations"):
            if home.is_symlink() or (home / name).is_symlink() or not (home / name).is_dir():
                raise UserError(f"{home / name}: no such folder; {LAYOUT}")
        there = (home / "meta.json").exists()
        meta = files.parse(Meta, files.inside(home, "meta.json")) if there else Meta()
        for shots in files.folders(home / "JPEGImages"):
            masks = home / "Annotations" / shots.name
            if not masks.is_dir() or masks.is_symlink():
                raise UserError(f"{masks}: no such folder; every clip needs its masks")
            told = meta.videos.get(shots.name, Video())
            labels = {i: one.category for i, one in told.objects.items()}
            yield indexed.read_clip(shots, masks, home / indexed.OVERLAPS / shots.name, split, labels)
