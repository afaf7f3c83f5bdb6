"""What options cost, in one table; memory over a clip's length; and the drawn clips they are measured on."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from evaluate.benchmarks.drawn import drawn_clip, drifting
from evaluate.benchmarks.memory import measure
from evaluate.benchmarks.options import compare, score, table


def test_drawn_clips_show_what_they_say() -> None:
    hidden, plain = drawn_clip(2), drawn_clip(1)
    assert (hidden.group, plain.group) == ("hidden, 2", "plain, 1")
    areas = [int(mask.sum()) for mask in hidden.masks]
    assert min(areas) < 0.1 * areas[0]
    assert min(int(mask.sum()) for mask in plain.masks) > 0.5 * int(plain.masks[0].sum())
    assert score(list(plain.masks), plain) == 1


def test_drifting_disks_move_and_keep_apart() -> None:
    frames = list(itertools.islice(drifting(96, 60, 3), 12))
    for frame, masks in frames:
        assert frame.shape == (60, 96, 3)
        assert sum(int(mask.sum()) for mask in masks) == int(np.any(masks, axis=0).sum())
        assert all(mask.sum() >= 100 for mask in masks)
    first, last = frames[0][1], frames[-1][1]
    assert all((a & b).sum() < 0.6 * a.sum() for a, b in zip(first, last, strict=True))


@pytest.mark.slow
def test_options_stand_beside_the_official_predictor() -> None:
    clips = [drawn_clip(seed) for seed in (1, 3)]
    short = [type(clip)(clip.group, clip.frames[:14], clip.masks[:14]) for clip in clips]
    rows = compare("nano-base", short, ["official", "default", "memories=1"])
    assert rows["official"]["jf"] == pytest.approx(rows["default"]["jf"], abs=1e-3)  # the same masks
    assert rows["default"]["difference"] == 0
    assert rows["memories=1"]["difference"] == pytest.approx(rows["memories=1"]["jf"] - rows["default"]["jf"])
    assert rows["official"]["speed"] == 1
    assert all(row["speed"] > 0 for row in rows.values())
    rows["default"]["timed"] = 1.25
    lines = table(rows, "two clips", "tiny").splitlines()
    assert len({line.count("|") for line in lines[2:]}) == 1
    assert lines[5].endswith("| 1.25 |")


@pytest.mark.slow
def test_the_trackers_memory_stays_and_the_official_ones_grows() -> None:
    ours, _ = measure("nano-base", (40, 240), False)
    theirs, _ = measure("nano-base", (40, 240), True)
    assert ours["240"] - ours["40"] < 15
    assert theirs["240"] - theirs["40"] > 35  # 200 frames of 192 kB, and what the state keeps of each
