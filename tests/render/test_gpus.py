"""One GPU a worker, with stand-in cards: who gets which, and how many workers there are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import psutil
import pytest

from render import farm
from render.farm import Setup, machine
from render.farm.machine import CHILD_MEMORY, Gpus
from tests.render.fake_plan import PROGRAM, make_plan


def cards(count: int) -> tuple[str, ...]:
    """A drawing child on a machine with so many GPUs."""
    return (*PROGRAM, "--gpus", str(count))


@pytest.fixture(autouse=True)
def _gpus_may_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "may_have_gpu", lambda: True)


def given(told: Path) -> Counter[str]:
    """How many clips each GPU rendered."""
    return Counter(line.split()[1] for line in (told / "gpus").read_text().splitlines())


def test_every_worker_has_a_gpu_of_its_own() -> None:
    pool = Gpus(3, 3)
    with pool.one() as a, pool.one() as b, pool.one() as c:
        assert {a, b, c} == {0, 1, 2}
    with pool.one() as again:
        assert again == 2, "handed back, handed out again"


def test_more_workers_than_gpus_share_them_evenly() -> None:
    pool = Gpus(2, 5)
    assert Counter(pool._free.get() for _ in range(5)) == {0: 3, 1: 2}


@pytest.mark.parametrize(("gpus", "workers"), [(0, 4), (4, 1), (0, 1)])
def test_a_single_worker_has_all_gpus_and_none_is_none(gpus: int, workers: int) -> None:
    with Gpus(gpus, workers).one() as number:
        assert number is None


def test_the_local_engine_runs_a_worker_a_gpu(tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=6, frames=1, clips_per_shard=6)
    (told / "gpus").touch()
    assert farm.render(dataset, Setup(program=cards(2))).packed == 6
    assert set(given(told)) == {"0", "1"}


def test_a_task_gives_its_workers_one_each_and_a_cpu_task_none(tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=6, frames=1, clips_per_shard=2)
    (told / "gpus").touch()
    farm.render_task(dataset, [0, 1], Setup(workers=2, program=cards(2)))
    assert given(told) == {"0": 1, "1": 1}
    farm.render_task(dataset, [2, 3], Setup(workers=2, device="cpu", program=cards(2)))
    farm.render_task(dataset, [4, 5], Setup(program=cards(2)))
    assert given(told) == {"0": 1, "1": 1, "None": 4}


@pytest.mark.parametrize(("memory", "gpus", "workers"), [(100, 4, 4), (3, 4, 3), (0.5, 4, 1), (100, 0, 2), (1, 0, 1)])
def test_memory_bounds_the_workers(memory: float, gpus: int, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Memory:
        available = int(memory * CHILD_MEMORY)

    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory)
    monkeypatch.setattr(machine, "cores", lambda: 2)
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: 8)
    assert machine.default_workers(gpus) == workers
