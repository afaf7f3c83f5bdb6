"""Two nodes of a process each, on loopback, against one: the same batches give the same gradients, weights and log."""

import json
import os
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

from render.document import UserError
from train import loop
from train.data.batch import batches
from train.data.generic.scenes import Generic
from train.distributed import World, joined, pick_device
from train.models import resolve

from .recipes import tiny

PROGRAM = """
import os, signal, sys, torch
from pathlib import Path
torch.set_num_threads(1)
from train import loop
from train.config import TrainConfig
config, data, run = sys.argv[1:]
steps, take_step = 0, loop.take_step
def interrupted(*arguments):
    global steps
    steps += 1
    if steps == 2 and os.environ["RANK"] == "1":
        signal.raise_signal(signal.SIGINT)
    return take_step(*arguments)
loop.take_step = interrupted
report = loop.train(TrainConfig.read_json(Path(config)), Path(data), Path(run))
assert (report.finished, report.step) == (False, 2), report
"""


def two_steps_in_two_processes(config: Any, data: Path, run: Path) -> None:
    """What `torchrun --nnodes 2` does, until the second node's process (alone) is interrupted in the second step."""
    script, document = run.parent / "program.py", run.parent / "config.json"
    script.write_text(PROGRAM)
    document.write_text(config.model_dump_json(exclude_none=True))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launcher = ["torch.distributed.run", "--nnodes=2", "--master-addr=127.0.0.1", f"--master-port={port}"]
    arguments = [str(script), str(document), str(data), str(run)]
    commands = [[sys.executable, "-m", *launcher, f"--node-rank={node}", *arguments] for node in range(2)]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    nodes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=one_thread) for command in commands]
    try:
        for node in nodes:
            said = node.communicate(timeout=400)[1]
            assert node.returncode == 0, said[-3000:]
    finally:
        for node in nodes:
            node.kill()


def log(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_two_processes_learn_what_one_does_and_one_can_go_on(dataset: Path, tmp_path: Path) -> None:
    """Clicks, boxes and averages included: four steps by one process; two by two, and the rest by one alone."""
    config = tiny(steps=4, data__batch=1, optimiser__accumulate=2, optimiser__average=0.9, save_every=2, keep_last=2)
    loop.train(config, dataset, tmp_path / "one")
    two_steps_in_two_processes(config, dataset, tmp_path / "two")
    assert loop.train(config, dataset, tmp_path / "two", resume=True).finished
    ones, twos = log(tmp_path / "one"), log(tmp_path / "two")
    assert len(ones) == len(twos) == 6
    for one, two in zip(ones, twos, strict=True):
        flat_one, flat_two = ({**row.pop("val", {}), **row} for row in (one, two))
        assert flat_two == pytest.approx(flat_one, rel=1e-5)
    start = resolve("nano-random:1").state
    for which in ("step-000002", "step-000004", "last", "best"):
        one, two = (resolve(str(tmp_path / run / f"{which}.safetensors")).state for run in ("one", "two"))
        moved = max((one[name] - start[name]).abs().max().item() for name in one)
        assert moved > 0 or which == "best"
        for name, value in one.items():
            assert (two[name] - value).abs().max() <= 1e-3 * moved, f"{which}: {name}"


def test_processes_share_out_the_stream_that_one_would_read() -> None:
    source = Generic(1, 0, 2, 32)
    whole = [batch.names for batch in batches(source, 2, first=3, last=9, workers=0)]
    shares = [[batch.names for batch in batches(source, 2, 1, 3, 0, rank=rank, world=3)] for rank in range(3)]
    assert [share[turn] for turn in range(2) for share in shares] == whole


def test_a_step_that_cannot_be_shared_out_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(loop, "joined", lambda device: nullcontext(World(torch.device("cpu"), rank=0, size=2)))
    with pytest.raises(UserError, match=r"optimiser.accumulate = 1: 2 processes share out"):
        loop.train(tiny(), None, tmp_path)


def test_alone_there_is_nobody_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined("cpu") as world:
        assert (world.leads, world.size) == (True, 1)
        assert world.any(True)
        assert not world.any(False)
        assert world.sum(torch.tensor([1.5, 2.0])).tolist() == [1.5, 2.0]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_said_so() -> None:
    assert pick_device("auto").type == "cpu"
    with pytest.raises(UserError, match="torch sees no CUDA device"):
        pick_device("cuda")
