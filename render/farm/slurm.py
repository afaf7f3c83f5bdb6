"""The Slurm engine: array jobs of `heroprop render-task`, followed, resubmitted for what is missing, and indexed.

Slurm neither retries a failed array element nor lets `afterok` jobs run after one; so the index job waits for any end,
and what is missing then is submitted again, as long as a round gets something done.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..document import Document, UserError, write_atomic
from ..planning.planfile import read_plan
from .local import Summary, index
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
    options; `task`: options of `render-task`."""

    partition: str | None = None
    gres: str | None = None
    time: str | None = None
    clips: int | None = None
    nodes: int | None = None
    extra: tuple[str, ...] = ()
    task: tuple[str, ...] = ()

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
    tasks = list(dict.fromkeys(index // size for index in due))
    lists = [",".join(str(i) for i in due if i // size == task) for task in tasks]
    home = (dataset / FARM).resolve()
    arrays = []
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number, start in enumerate(range(0, len(lists), ARRAY)):
        part = lists[start : start + ARRAY]
        listed = home / f"tasks-{stamp}-{number}.txt"
        script = home / f"tasks-{stamp}-{number}.sh"
        write_atomic(listed, "".join(f"{line}\n" for line in part))
        write_atomic(script, job_script(dataset, listed, wishes.task))
        at_a_time = f"%{wishes.nodes}" if wishes.nodes else ""
        (home / "logs").mkdir(parents=True, exist_ok=True)
        arrays.append(
            _sbatch(
                f"--array=0-{len(part) - 1}{at_a_time}",
                "--job-name=heroprop",
                "--requeue",
                "--open-mode=append",
                f"--output={home}/logs/%A_%a.log",
                *wishes.options(),
                str(script),
            )
        )
    last = home / f"index-{stamp}.sh"
    write_atomic(last, f"#!/bin/sh\nexec {program('index')} {shlex.quote(str(dataset.resolve()))}\n")
    after = ":".join(arrays)
    partition = [f"--partition={wishes.partition}"] if wishes.partition else []
    indexing = _sbatch(
        f"--dependency=afterany:{after}",
        "--job-name=heroprop-index",
        f"--output={home}/logs/%j.log",
        *partition,
        str(last),
    )
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
    jobs = _standing(dataset)
    stalled, before = 0, stock.done()
    watcher.begin(len(stock.specs), stock.frames, stock.done())
    try:
        while stalled < STALLED:
            if jobs is None:
                jobs = submit(dataset, wishes)
                if jobs is None:
                    break
                watcher.note(f"submitted: {', '.join(jobs.arrays)} and the index job {jobs.index}")
            while states := _states((*jobs.arrays, jobs.index)):
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
    return Summary(**{**vars(found), "seconds": round(time.monotonic() - started, 1)})


def job_script(dataset: Path, listed: Path, options: Sequence[str] = ()) -> str:
    """The script of an array job: element N renders the clips of line N of `listed`."""
    further = "".join(f" {shlex.quote(option)}" for option in options)
    return (
        "#!/bin/sh\n"
        f'clips=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" {shlex.quote(str(listed))})\n'
        f'exec {program("render-task")} {shlex.quote(str(dataset.resolve()))} --clips "$clips"{further}\n'
    )


def program(verb: str) -> str:
    """The shell command for a verb, by this very Python, wherever the job's shell finds itself."""
    return f"{shlex.quote(sys.executable)} -u -m heroprop {verb}"


def _standing(dataset: Path) -> Jobs | None:
    """Jobs that an earlier call submitted, if any of them is still there."""
    path = dataset / FARM / "slurm.json"
    if not path.is_file():
        return None
    jobs = Jobs.read_json(path)
    return jobs if _states((*jobs.arrays, jobs.index)) else None


def _sbatch(*arguments: str) -> str:
    """Submit; the job's id. UserError where that fails."""
    if shutil.which("sbatch") is None:
        raise UserError("sbatch: not found; --engine slurm runs on a machine that submits to a Slurm cluster")
    done = subprocess.run(["sbatch", "--parsable", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = " ".join((done.stderr or done.stdout).split())
        raise UserError(f"sbatch: {reason or 'failed without a word'}; see the options that were asked for")
    return done.stdout.strip().split(";")[0]


def _states(jobs: Sequence[str]) -> list[str]:
    """Compact states (`PD`, `R`, `CG`, ...) of the elements of jobs that have not ended."""
    found = []
    for job in jobs:
        command = ["squeue", "--noheader", "--array", f"--jobs={job}", "--format=%t %r"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:  # else the controller has forgotten it: it ended some time ago
            found += [line.split()[0] for line in done.stdout.splitlines() if "DependencyNeverSatisfied" not in line]
    return found
