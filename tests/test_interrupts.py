"""Ctrl-C at a terminal goes to every process of a command; one line is what comes of it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import heroprop

POOL = """
import multiprocessing, sys, time
from concurrent.futures import ProcessPoolExecutor
from tests.test_interrupts import heavy, slow
from render.interrupts import begin, packed, unheard

work = packed(heavy, sys.argv[1])
pool = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), initializer=begin, initargs=(work,))
try:
    with unheard():
        answers = pool.map(slow, range(6))
    print("started", flush=True)
    list(answers)
finally:
    pool.shutdown(cancel_futures=True)
"""

ONE = """
import multiprocessing, sys
from tests.test_interrupts import held
from render.interrupts import unheard

child = multiprocessing.get_context("spawn").Process(target=held, args=(sys.argv[1],))
with unheard():
    child.start()
print("started", flush=True)
child.join()
"""


def heavy(place: str) -> None:
    """As an import that takes long."""
    Path(place).touch()
    time.sleep(20)


def slow(number: int) -> None:
    time.sleep(20)


def held(place: str) -> None:
    """Something that is there as long as this runs."""
    from render.interrupts import end_quietly

    end_quietly()
    Path(place).write_text("here")
    try:
        time.sleep(20)
    finally:
        Path(place).unlink()


def interrupted(program: str, ready: Path) -> str:
    """What a program says when Ctrl-C comes once it has started its processes, and one of them has made a file."""
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(ready)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "started\n"
    while not ready.exists() and child.poll() is None:
        time.sleep(0.02)
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=15)
    return str(said)


def test_processes_of_a_pool_end_with_their_parent_and_say_nothing(tmp_path: Path) -> None:
    said = interrupted(POOL, tmp_path / "begun")
    assert said.count("Traceback") == 1, said  # the parent's own
    assert "SpawnProcess" not in said
    assert "initializer" not in said


def test_a_process_puts_away_what_it_has_open(tmp_path: Path) -> None:
    place = tmp_path / "open"
    said = interrupted(ONE, place)
    assert said.count("Traceback") == 1, said
    assert not place.exists()


def test_one_line_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stop(dataset: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("render.dataset.info.info", stop)
    monkeypatch.setattr(sys, "argv", ["heroprop", "info", "anywhere"])
    with pytest.raises(SystemExit) as ended:
        heroprop.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"
