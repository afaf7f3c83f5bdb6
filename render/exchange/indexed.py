"""What DAVIS and YouTube-VOS share: a folder of pictures and a folder of index PNGs for each clip.

An index picture gives each pixel to one object, and masks of blurred objects may overlap. So where a mask loses pixels,
it is also written whole, to `Overlaps/CLIP/OBJECT/FRAME.png` beside the format's own folders; other readers never look
there, and ours restores every mask to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..document import UserError
from . import files
from .clips import MAX_OBJECTS, Clip, Frame, Mask, index_map

OVERLAPS = "Overlaps"


def write_clip(clip: Clip, pictures: Path, masks: tuple[Path, ...], overlaps: Path) -> dict[int, list[int]]:
    """Write a clip's pictures and index PNGs into the folders given; by object, the frames that show it."""
    shown: dict[int, list[int]] = {i: [] for i in clip.labels}
    for number, frame in clip.frames():
        files.write(pictures / f"{number:05d}.jpg", frame.jpeg)
        drawn, losing = index_map(frame.masks)
        png = files.index_png(drawn)
        for folder in masks:
            files.write(folder / f"{number:05d}.png", png)
        for i in losing:
            files.write(overlaps / str(i) / f"{number:05d}.png", files.mask_png(frame.masks[i]))
        for i, mask in frame.masks.items():
            if mask.any():
                shown[i].append(number)
    return shown


def read_clip(
    pictures: Path, masks: Path, overlaps: Path, split: str, labels: Mapping[int, str], fps: float | None = None
) -> Clip:
    """A clip from its folder of pictures and of index PNGs; frames that have no PNG are left out.

    Its objects are those that some PNG shows and those that are labelled. UserError for a damaged file or a wrong size.
    """
    shots, drawn = files.pictures(pictures, (".jpg", ".jpeg", ".png")), files.pictures(masks, (".png",))
    stray = sorted(set(drawn) - set(shots))
    if stray:
        raise UserError(f"{drawn[stray[0]]}: there is no such frame in {pictures}")
    numbers = tuple(number for number in shots if number in drawn)
    if not numbers:
        return Clip(pictures.name, split, 0, 0, (), {}, _nothing, unlabelled=len(shots))
    size = files.size_of(shots[numbers[0]])
    ids = set(labels)
    for number in numbers:  # the record, which names every object, stands before the frames in a shard
        ids |= files.ids_in(files.read_index(drawn[number], size))
    ids.discard(0)
    whole = _overlaps(overlaps, ids)
    if max(ids, default=0) > MAX_OBJECTS:
        raise UserError(f"{masks}: object {max(ids)}; ids go from 1 to {MAX_OBJECTS}")

    def read(place: int) -> Frame:
        number = numbers[place]
        shown = files.read_index(drawn[number], size)
        found: dict[int, Mask] = {i: shown == i for i in sorted(ids)}
        for i in ids:
            if (i, number) in whole:
                found[i] = files.read_index(whole[i, number], size) > 0
        return Frame(files.read_jpeg(shots[number], size), found)

    named = {i: labels.get(i, "object") for i in sorted(ids)}
    return Clip(pictures.name, split, *size, numbers, named, read, fps, unlabelled=len(shots) - len(numbers))


def _overlaps(folder: Path, ids: set[int]) -> dict[tuple[int, int], Path]:
    """Masks that are stored whole, by object and frame."""
    found: dict[tuple[int, int], Path] = {}
    for home in files.folders(folder) if folder.is_dir() and not folder.is_symlink() else ():
        if not home.name.isdecimal() or not 1 <= int(home.name) <= MAX_OBJECTS:
            raise UserError(f"{home}: is not named by an object id")
        ids.add(int(home.name))
        found |= {(int(home.name), number): path for number, path in files.pictures(home, (".png",)).items()}
    return found


def _nothing(place: int) -> Frame:
    raise IndexError(place)
