"""The Slurm engine: array jobs of `heroprop render-task`, followed, resubmitted for what is missing, and indexed.

Slurm neither retries a failed array element nor lets `afterok` jobs run after one; so the index job waits for any end,
and what is missing then is submitted again, as long as a round gets something done.
"""

from __future__ import annotations

import itertools
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..document import Document, UserError, write_atomic
from ..planning.planfile import read_plan
from .local import Summary, index
from .setup import USUAL, Setup
from .stock import Stock
from .watch import Silent, Watcher

FARM = "farm"
"""Folder in the dataset for job scripts and the farm's logs."""
POLL = 5.0
STALLED = 2
"""It ends after so many rounds without a new frame: a cancelled job gets its second chance, poison no tenth."""
ARRAY = 1000
"""Elements in one array job: the limit of a Slurm that is configured as it comes (MaxArraySize = 1001)."""


@dataclass(frozen=True)
class Wishes:
    """What to ask Slurm for. `clips`: clips a task; `nodes`: tasks that may run at a time; `extra`: further sbatch
    options; `setup`: with what a task renders."""

    partition: str | None = None
    gres: str | None = None
    time: str | None = None
    clips: int | None = None
    nodes: int | None = None
    extra: tuple[str, ...] = ()
    setup: Setup = USUAL

    def options(self) -> list[str]:
        """As sbatch takes them."""
        asked = {"partition": self.partition, "gres": self.gres, "time": self.time}
        return [f"--{name}={value}" for name, value in asked.items() if value] + list(self.extra)


class Jobs(Document):
    """`farm/slurm.json`: what has been submitted for a dataset and may still be running."""

    arrays: tuple[str, ...]
    index: str


def submit(dataset: Path, wishes: Wishes) -> Jobs | None:
    """Submit array jobs for every clip that is due, and an index job after them; None where nothing is due.

    UserError where sbatch is missing or refuses.
    """
    header, _ = read_plan(dataset, ())
    due = [spec.index for spec in Stock(dataset).due()]
    if not due:
        return None
    size = wishes.clips or header.clips_per_shard
    lists = [",".join(map(str, task)) for _, task in itertools.groupby(due, key=lambda index: index // size)]
    home = (dataset / FARM).resolve()
    stamp = time.strftime("%Y%m%d-%H%M%S")
    written = write_scripts(home, f"-{stamp}", lists, dataset, wishes.setup.options())
    arrays = [
        _sbatch(*array_options(home, count, wishes.nodes), *wishes.options(), str(script))
        for script, count in written.arrays
    ]
    partition = [f"--partition={wishes.partition}"] if wishes.partition else []
    after = f"--dependency=afterany:{':'.join(arrays)}"
    indexing = _sbatch(after, *index_options(home), *partition, str(written.index))
    jobs = Jobs(arrays=tuple(arrays), index=indexing)
    write_atomic(home / "slurm.json", jobs.model_dump_json() + "\n")
    return jobs


def render(
    dataset: Path,
    wishes: Wishes,
    *,
    watcher: Watcher | None = None,
    poll: float = POLL,
    sleep: Callable[[float], None] = time.sleep,
) -> Summary:
    """Render what is due of a planned dataset on Slurm, and see it through to the manifest.

    Jobs that an earlier, broken-off call left running are followed, not submitted again. Two rounds in a row
    that bring nothing new end it. Stopping it leaves the jobs running; they finish with an index job all the same.
    """
    started = time.monotonic()
    watcher = watcher or Silent()
    stock = Stock(dataset)
    jobs = _standing(dataset, watcher.note)
    wanted, there = len(stock.due()), stock.done()
    stalled, before = 0, there
    watcher.begin(len(stock.specs), stock.frames, there)
    try:
        while stalled < STALLED:
            if jobs is None:
                jobs = submit(dataset, wishes)
                if jobs is None:
                    break
                watcher.note(f"submitted: {', '.join(jobs.arrays)} and the index job {jobs.index}")
            while states := _states((*jobs.arrays, jobs.index), watcher.note):
                running = sum(state == "R" for state in states)
                waiting = len(states) - running
                watcher.note(f"{stock.done()} of {stock.frames} frames; {running} jobs running, {waiting} waiting")
                sleep(poll)
            jobs = None
            left, done = len(stock.due()), stock.done()
            if not left:
                break
            stalled = stalled + 1 if done <= before else 0
            before = done
            watcher.note(f"{left} clips are missing" + (": submitting them again" if stalled < STALLED else ""))
    except KeyboardInterrupt:
        if jobs:
            every = " ".join((*jobs.arrays, jobs.index))
            watcher.note(f"the jobs go on; to stop them: scancel {every}; to follow them: the same command")
        raise
    finally:
        watcher.end()
    (dataset / FARM / "slurm.json").unlink(missing_ok=True)
    found = index(dataset)
    return replace(
        found,
        rendered=found.packed - (len(stock.specs) - wanted),
        frames=stock.done() - there,
        seconds=round(time.monotonic() - started, 1),
    )


@dataclass(frozen=True)
class Scripts:
    """Job scripts on disk: those of array jobs, with how many elements each has, and the one of the index job."""

    arrays: tuple[tuple[Path, int], ...]
    index: Path


def write_scripts(
    home: Path, suffix: str, lists: Sequence[str], dataset: Path, options: Sequence[str], python: str = sys.executable
) -> Scripts:
    """Write the scripts that render `lists` (a task's clips each) into `home`, with `suffix` in their names."""
    arrays = []
    for number, start in enumerate(range(0, len(lists), ARRAY)):
        part = lists[start : start + ARRAY]
        listed, script = (home / f"tasks{suffix}-{number}.{end}" for end in ("txt", "sh"))
        write_atomic(listed, "".join(f"{line}\n" for line in part))
        write_atomic(script, job_script(dataset, listed, options, python))
        arrays.append((script, len(part)))
    last = home / f"index{suffix}.sh"
    write_atomic(last, f"#!/bin/sh\nexec {program('index', python)} {shlex.quote(str(dataset.resolve()))}\n")
    (home / "logs").mkdir(parents=True, exist_ok=True)
    return Scripts(tuple(arrays), last)


def array_options(home: Path, count: int, at_a_time: int | None = None) -> list[str]:
    """What sbatch is told of an array job with `count` elements."""
    limit = f"%{at_a_time}" if at_a_time else ""
    log = f"--output={home}/logs/%A_%a.log"
    return [f"--array=0-{count - 1}{limit}", "--job-name=heroprop", "--requeue", "--open-mode=append", log]


def index_options(home: Path) -> list[str]:
    """What sbatch is told of the index job, beside what it waits for."""
    return ["--job-name=heroprop-index", f"--output={home}/logs/%j.log"]


def job_script(dataset: Path, listed: Path, options: Sequence[str] = (), python: str = sys.executable) -> str:
    """The script of an array job: element N renders the clips of line N of `listed`."""
    further = "".join(f" {shlex.quote(option)}" for option in options)
    return (
        "#!/bin/sh\n"
        f'clips=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" {shlex.quote(str(listed))})\n'
        f'exec {program("render-task", python)} {shlex.quote(str(dataset.resolve()))} --clips "$clips"{further}\n'
    )


def program(verb: str, python: str) -> str:
    """The shell command for a verb, by a certain Python, wherever the job's shell finds itself."""
    return f"{shlex.quote(python)} -u -m heroprop {verb}"


def _standing(dataset: Path, say: Callable[[str], None]) -> Jobs | None:
    """Jobs that an earlier call submitted, if any of them is still there."""
    path = dataset / FARM / "slurm.json"
    if not path.is_file():
        return None
    jobs = Jobs.read_json(path)
    return jobs if _states((*jobs.arrays, jobs.index), say) else None


def _sbatch(*arguments: str) -> str:
    """Submit; the job's id. UserError where that fails."""
    if shutil.which("sbatch") is None:
        raise UserError("sbatch: not found; --engine slurm runs on a machine that submits to a Slurm cluster")
    done = subprocess.run(["sbatch", "--parsable", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = " ".join((done.stderr or done.stdout).split())
        raise UserError(f"sbatch: {reason or 'failed without a word'}; see the options that were asked for")
    return done.stdout.strip().split(";")[0]


def _states(jobs: Sequence[str], say: Callable[[str], None]) -> list[str]:
    """Compact states (`PD`, `R`, `CG`, ...) of the elements of jobs that have not ended.

    A controller that does not answer has ended nothing: `?` stands for a job of which it does not tell.
    """
    found = []
    for job in jobs:
        command = ["squeue", "--noheader", "--array", f"--jobs={job}", "--format=%t %r"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            found += [line.split()[0] for line in done.stdout.splitlines() if "DependencyNeverSatisfied" not in line]
        elif "Invalid job id" not in done.stderr:  # else the controller has forgotten it: it ended some time ago
            say(f"squeue: {' '.join(done.stderr.split()) or 'failed without a word'}; trying again")
            found.append("?")
    return found
