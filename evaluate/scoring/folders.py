"""Folders of palette PNGs, a sequence a folder, as DAVIS, YouTube-VOS and MOSE have them; read with suspicion."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from render.document import UserError, nearest, nearest_path, no_folder
from render.exchange import files

RESOLUTIONS = ("480p", "Full-Resolution", "1080p")
PNG = (".png",)
Ids = NDArray[np.uint8]


class Missing(StrEnum):
    """What a predicted sequence or frame that is not there means."""

    ERROR = "error"
    """One line and no score, as davis2017-evaluation has it."""
    EMPTY = "empty"
    """Nothing was found there: it counts as an empty mask."""


@dataclass(frozen=True)
class Sequence:
    """One sequence: truth pictures by frame number, and the predicted picture of each, None where it is missing."""

    name: str
    truth: dict[int, Path]
    pred: dict[int, Path | None]


def find_sequences(pred: Path, truth: Path, names: Path | None, missing: Missing) -> tuple[list[Sequence], list[str]]:
    """The sequences of `truth` (those that the file `names` lists) with what was predicted for them, and remarks.

    UserError for folders without masks, listed sequences without truth, and what is missing where that is an error.
    """
    known, found = _sequences(truth), _sequences(pred)
    if set(known) == {""} or set(found) == {""}:  # a single sequence each, its pictures right in the folder
        if len(known) != 1 or len(found) != 1:
            raise UserError(
                f"{pred}: one sequence's pictures and a folder of sequences cannot be compared; give two alike"
            )
        ((_, home),), ((_, other),) = known.items(), found.items()
        known, found = {home.name: home}, {home.name: other}
    wanted = _listed(names, known, truth) if names else list(known)
    remarks = [f"{name}: predicted, and there is no truth of it; left out" for name in found if name not in known]
    sequences, gone = [], []
    for name in wanted:
        pictures = files.pictures(known[name], PNG)
        if not pictures:
            raise UserError(f"{known[name]}: has no PNG pictures")
        there = files.pictures(found[name], PNG) if name in found else {}
        lost = [number for number in pictures if number not in there]
        if lost:
            what = (
                f"{len(lost)} of {len(pictures)} frames, the first being {pictures[lost[0]].name}"
                if there
                else "all of it"
            )
            gone.append(f"{name}: {what}")
        sequences.append(Sequence(name, pictures, {number: there.get(number) for number in pictures}))
    if gone and missing is Missing.ERROR:
        more = f" (and {len(gone) - 1} sequences more)" if len(gone) > 1 else ""
        raise UserError(
            f"{pred}: predictions are missing: {gone[0]}{more}; add them, or count them as empty with --missing empty"
        )
    return sequences, remarks + [f"missing, counted as empty: {one}" for one in gone]


def read_pair(sequence: Sequence, number: int) -> tuple[Ids, Ids | None]:
    """Object ids of a frame, uint8 (H, W): the truth, and what was predicted (None where nothing was).

    UserError for a damaged or colour picture, and for a prediction of another size than the truth's.
    """
    path, other = sequence.truth[number], sequence.pred[number]
    size = files.size_of(path)
    return files.read_index(path, size), None if other is None else files.read_index(other, size)


def _sequences(folder: Path) -> dict[str, Path]:
    """Name to folder of each sequence; one named "" where the pictures lie right in the folder."""
    if not folder.is_dir():
        raise UserError(f"{folder}: {no_folder(folder)}")
    home = folder / "Annotations" if (folder / "Annotations").is_dir() else folder
    for name in RESOLUTIONS:
        if (home / name).is_dir() and files.folders(home / name):
            home = home / name
            break
    found = files.folders(home)
    if not found and any(path.suffix.lower() == ".png" for path in home.iterdir()):
        return {"": home}
    if not found:
        raise UserError(f"{folder}: no masks here; give a folder with a folder of palette PNGs a sequence")
    return {path.name: path for path in found}


def _listed(names: Path, known: dict[str, Path], truth: Path) -> list[str]:
    if not names.is_file():
        raise UserError(f"{names}: no such file{nearest_path(names)}")
    wanted = list(
        dict.fromkeys(line.strip() for line in names.read_text("utf-8", "replace").splitlines() if line.strip())
    )
    for name in wanted:
        if name not in known:
            raise UserError(f"{names}: '{name}' has no masks in {truth}{nearest(name, list(known))}")
    if not wanted:
        raise UserError(f"{names}: lists no sequence")
    return wanted
