"""Scores by trait, pictures of the worst, and that several processes' shares make one score."""

from typing import Any

import numpy as np
import pytest
import torch

from evaluate.metrics import j_and_f
from train.config import Model
from train.data.held_out import HeldOut
from train.distributed import World
from train.validation import validate as validation
from train.validation.pictures import GREEN, RED, TILE, TILES, strip
from train.validation.score import conclude, measure, score
from train.validation.traits import TRAITS, traits

NANO = Model(name="nano", start="nano-base")


def columns(**known: list[float]) -> dict[str, np.ndarray]:
    names = ("present", "occlusion", "charge", "speed_diameters", "veil_mean")
    length = len(next(iter(known.values())))
    filled = {"present": [1.0] * length, **{name: [0.0] * length for name in names[1:]}}
    return {name: np.array(values) for name, values in (filled | known).items()}


def flagged(trait: str, first: int = 0, **known: list[float]) -> list[int]:
    return np.flatnonzero(traits(columns(**known), first)[trait]).tolist()


def test_traits_are_of_the_measured_attributes() -> None:
    assert flagged("fast", speed_diameters=[0.1, 0.25, 0.24, 2.0]) == [1, 3]
    assert flagged("veiled", veil_mean=[0.0, 0.2, 0.9]) == [1, 2]
    assert flagged("occluded", occlusion=[0.0, 0.3, 1.0], present=[1, 1, 0]) == [1], "absent frames have no traits"
    assert flagged("transformed", charge=[0.5, 0.6, 0.8, 0.2]) == [2, 3]
    assert flagged("transformed", first=2, charge=[0.5, 0.6, 0.8, 0.2, 0.8]) == [1], "against the prompted frame"


def test_recovery_is_the_time_after_having_been_hidden() -> None:
    hidden = [0.0, 0.97, 1.0, 0.5] + [0.0] * 6
    assert flagged("recovered", occlusion=hidden) == [3, 4, 5, 6, 7]
    assert flagged("recovered", present=[1, 0, 0, 1, 1], occlusion=[0.0] * 5) == [3, 4], "out of the picture counts"
    assert flagged("recovered", occlusion=[0.0] * 4) == []


def test_what_is_not_known_of_real_footage_is_no_trait() -> None:
    unknown = columns(**{name: [float("nan")] * 3 for name in ("occlusion", "charge", "speed_diameters", "veil_mean")})
    assert not any(flags.any() for flags in traits(unknown).values())
    assert set(traits(unknown)) == set(TRAITS)


def clip(**flags: list[bool]) -> HeldOut:
    masks = [np.zeros((40, 60), np.bool_) for _ in range(4)]
    for t in range(3):
        masks[t][10:20, 5 + t : 25 + t] = True
    frames = [np.full((40, 60, 3), 200, np.uint8)] * 4
    return HeldOut("shape/1", frames, masks, {name: np.array(values) for name, values in flags.items()})


def test_a_trait_is_scored_on_its_own_frames() -> None:
    held = clip(fast=[True, False, True, False], veiled=[True, False, False, False])
    answer = [held.masks[0], held.masks[1], np.zeros((40, 60), np.bool_), held.masks[3]]
    found = score([answer], [held])
    assert found.j == pytest.approx((1 + 0 + 1) / 3), "nothing seen in the last frame, and nothing said"
    assert found.f == pytest.approx((1 + 0 + 1) / 3)
    assert found.j_visible == pytest.approx(0.5)
    assert found.traits == {"fast": 0.0}, "the prompted frame never counts"
    assert found.as_dict() == {"jf": found.jf, "j": found.j, "f": found.f, "j_visible": 0.5, "fast": 0.0, "clips": 1}
    shifted = [np.roll(mask, 3, axis=1) for mask in held.masks]
    jf = [j_and_f(shifted[t], held.masks[t]) for t in (1, 2, 3)]
    assert score([shifted], [held]).jf == pytest.approx(np.mean(jf))


def test_clips_without_a_trait_do_not_count_for_it() -> None:
    rows = np.stack([measure(held.masks, held) for held in (clip(), clip(fast=[False, True, True, True]))])
    rows[0, 0] = 0.0
    found = conclude(rows)
    assert (found.j, found.traits, found.clips) == (0.5, {"fast": 1.0}, 2)


def test_a_strip_shows_truth_and_answer() -> None:
    held = clip()
    picture = strip([np.roll(mask, 9, axis=0) for mask in held.masks], held, "shape")
    assert picture.shape == (TILE[1], TILES * TILE[0], 3)
    for colour in (GREEN, RED):
        assert (picture == np.array(colour)).all(-1).sum() > 50
    assert (picture[TILE[1] // 2, :: TILE[0]] == 150).all(), "the frame itself, a little darker"


def test_shares_of_several_processes_make_one_score(monkeypatch: pytest.MonkeyPatch) -> None:
    clips = [clip(fast=[True] * 4), clip(), clip()]
    answers = {id(held): [np.roll(mask, n, axis=1) for mask in held.masks] for n, held in enumerate(clips)}
    monkeypatch.setattr(
        validation, "track_all", lambda model, state, some, device, size: [answers[id(held)] for held in some]
    )
    cpu = torch.device("cpu")
    alone = validation.validate(NANO, {}, clips, World(cpu), worst=2)
    sent: list[Any] = []
    for rank in (0, 1):  # each process's part of the sums, collected
        monkeypatch.setattr(World, "sum", lambda self, values: sent.append(values) or values)
        validation.validate(NANO, {}, clips, World(cpu, rank, 2))
        monkeypatch.undo()
        monkeypatch.setattr(
            validation, "track_all", lambda model, state, some, device, size: [answers[id(held)] for held in some]
        )
    assert conclude((sent[0] + sent[1]).numpy()) == alone.score
    assert alone.worst is not None
    assert alone.worst.shape == (2 * TILE[1], TILES * TILE[0], 3)
    assert score([answers[id(held)] for held in clips], clips) == alone.score
