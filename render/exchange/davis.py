"""DAVIS 2017: `JPEGImages/480p/CLIP/00000.jpg`, index PNGs of the same names, and lists of clips in `ImageSets`.

The masks are written twice, for the semi-supervised task (`Annotations`) and the unsupervised one. `480p` is the name
that its tools look for, whatever the size. `davis_semantics.json` names the objects, as DAVIS's own does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..document import UserError
from . import files, indexed
from .clips import Clip

LAYOUT = "expected JPEGImages/480p/CLIP/00000.jpg and Annotations/480p/CLIP/00000.png"
SUBSETS = {"train": "train", "val": "val", "test": "test-dev"}
"""DAVIS's names of our splits; its `test-challenge` is `test`, too."""
SEMANTICS = "davis_semantics.json"


def write(clips: Iterable[Clip], out: Path) -> None:
    """Write clips into an empty folder."""
    listed: dict[str, list[str]] = {split: [] for split in SUBSETS}
    semantics: dict[str, dict[str, str]] = {}
    annotations = (out / "Annotations/480p", out / "Annotations_unsupervised/480p")
    for clip in clips:
        masks = (annotations[0] / clip.name, annotations[1] / clip.name)
        indexed.write_clip(clip, out / "JPEGImages/480p" / clip.name, masks, out / indexed.OVERLAPS / clip.name)
        listed[clip.split].append(clip.name)
        semantics[clip.name] = {str(i): label for i, label in clip.labels.items()}
    for year in ("2017", "2019"):  # the unsupervised test sets came with 2019's challenge
        for split, names in listed.items():
            files.write(out / "ImageSets" / year / f"{SUBSETS[split]}.txt", "".join(f"{name}\n" for name in names))
    files.write_json(out / SEMANTICS, semantics)


def read(folder: Path) -> Iterator[Clip]:
    """The clips of a DAVIS folder, by name; those that no list names are for training."""
    shots = _resolution(folder / "JPEGImages")
    masks = next(
        (folder / name for name in ("Annotations", "Annotations_unsupervised") if (folder / name).is_dir()), None
    )
    if masks is None:
        raise UserError(f"{folder}: has no folder of masks; {LAYOUT}")
    drawn = masks / shots.name
    splits = _splits(folder)
    semantics = _semantics(folder)
    for home in files.folders(shots):
        if not (drawn / home.name).is_dir():
            raise UserError(f"{drawn / home.name}: no such folder; every clip needs its masks")
        for path in (masks, drawn, drawn / home.name):
            if path.is_symlink():
                raise UserError(f"{path}: is a link; replace it with the folder itself")
        labels = semantics.get(home.name, {})
        overlaps = folder / indexed.OVERLAPS / home.name
        yield indexed.read_clip(home, drawn / home.name, overlaps, splits.get(home.name, "train"), labels)


def _resolution(pictures: Path) -> Path:
    """The folder of one resolution: 480p, or the only one there is."""
    if not pictures.is_dir() or pictures.is_symlink():
        raise UserError(f"{pictures}: no such folder; {LAYOUT}")
    found = files.folders(pictures)
    if (pictures / "480p") in found:
        return pictures / "480p"
    if len(found) != 1:
        raise UserError(f"{pictures}: has no folder 480p; {LAYOUT}")
    return found[0]


def _splits(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for split, name in [*SUBSETS.items(), ("test", "test-challenge")]:
        for year in ("2016", "2017", "2019"):
            if (folder / "ImageSets" / year / f"{name}.txt").exists():
                path = files.inside(folder, f"ImageSets/{year}/{name}.txt")
                found |= {
                    line.strip(): split for line in path.read_text("utf-8", "replace").split("\n") if line.strip()
                }
    return found


def _semantics(folder: Path) -> dict[str, dict[int, str]]:
    if not (folder / SEMANTICS).exists():
        return {}
    path = files.inside(folder, SEMANTICS)
    told = files.read_json(path)
    try:
        return {clip: {int(i): str(label) for i, label in objects.items()} for clip, objects in told.items()}
    except (AttributeError, ValueError):
        raise UserError(f'{path}: must look like {{"CLIP": {{"1": "LABEL"}}}}') from None
