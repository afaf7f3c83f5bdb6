"""J and F of predicted masks in folders against true ones, sequence by sequence, in as many processes as are given."""

from __future__ import annotations

import csv
import io
import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from render.document import Document
from render.interrupts import die_quietly, unheard

from ..metrics import FrameScore, Protocol, frame_score, scored_frames
from .folders import Missing, Sequence, find_sequences, read_pair

Values = NDArray[np.float64]
FEW_FRAMES = 400
"""Below this a pool of processes takes longer to start than the work."""


class Means(Document):
    """Means over frames (of an object) or over objects, 0 to 1; None where no frame counts.

    Recall and decay are DAVIS's: the share of frames above 0.5; the first quarter's mean minus the last quarter's.
    """

    J: float | None
    F: float | None
    JF: float | None = Field(alias="J&F")
    F_area: float | None
    J_recall: float | None
    F_recall: float | None
    J_decay: float | None
    F_decay: float | None


class ObjectScore(Means):
    """One object of one sequence; `frames` count."""

    sequence: str
    object: int
    frames: int


class Report(Document):
    """Every object, the mean over them, and what had to be said on the way."""

    protocol: Protocol
    sequences: tuple[ObjectScore, ...]
    mean: Means
    notes: tuple[str, ...]

    def csv(self) -> str:
        """The objects as a table, a line each."""
        text = io.StringIO()
        columns = [
            "sequence",
            "object",
            "frames",
            "J",
            "F",
            "J&F",
            "F_area",
            "J_recall",
            "F_recall",
            "J_decay",
            "F_decay",
        ]
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(one.model_dump(by_alias=True) for one in self.sequences)
        return text.getvalue()


def score_folders(
    pred: Path,
    truth: Path,
    protocol: Protocol = Protocol.DAVIS,
    missing: Missing = Missing.ERROR,
    names: Path | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Score a folder of predictions; see `folders` for what may lie there.

    The objects are those of the truth, whichever frame shows them; one that was not predicted has empty masks;
    predicted ids that the truth does not know are left out, and noted. Void (255) counts as background. UserError for
    what cannot be read or compared.
    """
    sequences, notes = find_sequences(pred, truth, names, missing)
    total = sum(len(one.truth) for one in sequences)
    objects: list[ObjectScore] = []
    done = 0
    for sequence, (scores, strange) in zip(sequences, _each(sequences, protocol, workers), strict=True):
        objects += scores
        if strange:
            notes.append(f"{sequence.name}: predicted objects that the truth does not have, left out: {strange}")
        if not scores:
            notes.append(f"{sequence.name}: the truth shows no object; nothing to score")
        done += len(sequence.truth)
        progress(done, total)
    return Report(protocol=protocol, sequences=tuple(objects), mean=_mean(objects), notes=tuple(notes))


def score_sequence(sequence: Sequence, protocol: Protocol) -> tuple[list[ObjectScore], list[int]]:
    """The scores of a sequence's objects, and predicted ids that the truth does not know."""
    frames = len(sequence.truth)
    by_frame: list[dict[int, FrameScore]] = []
    first: dict[int, int] = {}
    foreign: set[int] = set()
    for place, number in enumerate(sequence.truth):
        ids, found = read_pair(sequence, number)
        shown, guessed = _ids(ids), _ids(found) if found is not None else set()
        for i in shown:
            first.setdefault(i, place)
        foreign |= guessed
        nothing = np.zeros(ids.shape, np.bool_)
        scores = {
            i: frame_score(found == i if found is not None else nothing, ids == i)
            for i in sorted(shown | guessed)
            if protocol is not Protocol.DAVIS or 0 < place < frames - 1
        }
        by_frame.append(scores)
    objects = []
    for i in sorted(first):
        counted = scored_frames(frames, first[i], protocol)
        # neither shown nor predicted: empty on empty
        objects.append(_object(sequence.name, i, [by_frame[place].get(i, FrameScore(1, 1, 1)) for place in counted]))
    return objects, sorted(foreign - set(first))


def _each(sequences: list[Sequence], protocol: Protocol, workers: int) -> Iterable[tuple[list[ObjectScore], list[int]]]:
    """Every sequence's scores, in order."""
    frames = sum(len(one.truth) for one in sequences)
    job = partial(score_sequence, protocol=protocol)
    if min(workers, len(sequences)) < 2 or frames < FEW_FRAMES:
        yield from map(job, sequences)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(sequences)), spawn, initializer=die_quietly) as pool:
        try:
            with unheard():
                answers = pool.map(job, sequences)
            yield from answers
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _object(sequence: str, number: int, scores: list[FrameScore]) -> ObjectScore:
    values = np.array(scores, np.float64).reshape(-1, 3)
    j, f, f_area = (float(value) for value in values.mean(axis=0)) if len(values) else (None, None, None)
    told: dict[str, Any] = {
        "J": j,
        "F": f,
        "J&F": None if j is None or f is None else (j + f) / 2,
        "F_area": f_area,
        "J_recall": _recall(values[:, 0]),
        "F_recall": _recall(values[:, 1]),
        "J_decay": _decay(values[:, 0]),
        "F_decay": _decay(values[:, 1]),
    }
    return ObjectScore.model_validate({"sequence": sequence, "object": number, "frames": len(values)} | told)


def _recall(values: Values) -> float | None:
    return float((values > 0.5).mean()) if len(values) else None


def _decay(values: Values) -> float | None:
    """First quarter minus last quarter. The quarters overlap by a frame, as the official tool has it."""
    if not len(values):
        return None
    ends = (np.round(np.linspace(1, len(values) + 1e-10, 5) + 1e-10) - 1).astype(int)
    return float(values[ends[0] : ends[1] + 1].mean() - values[ends[3] : ends[4] + 1].mean())


def _mean(objects: list[ObjectScore]) -> Means:
    """The mean over objects, those without a counted frame left out."""
    told = [one.model_dump(by_alias=True) for one in objects if one.frames]
    keys = [field.alias or name for name, field in Means.model_fields.items()]
    return Means.model_validate({key: float(np.mean([one[key] for one in told])) if told else None for key in keys})


def _ids(picture: NDArray[np.uint8]) -> set[int]:
    found: set[int] = set(np.flatnonzero(np.bincount(picture.ravel(), minlength=256)).tolist())
    return found - {0}
