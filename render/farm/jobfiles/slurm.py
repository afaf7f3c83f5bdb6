"""Slurm job scripts to be submitted by hand or by a studio's own tools: those that the Slurm engine itself submits."""

from __future__ import annotations

import shlex
from pathlib import Path

from ...document import write_atomic
from .. import slurm
from .order import Order, ranges


def write(order: Order, out: Path) -> list[Path]:
    """Write array scripts, the index script, and `submit.sh`, which hands them to sbatch; the files."""
    home = out.resolve()
    lists = [ranges(task) for task in order.tasks()]
    scripts = slurm.write_scripts(home, "", lists, order.dataset, order.setup.options(), order.python)
    submit = home / "submit.sh"
    write_atomic(submit, submit_script(home, scripts))
    arrays = [path for path, _ in scripts.arrays]
    return [submit, *arrays, *(path.with_suffix(".txt") for path in arrays), scripts.index]


def submit_script(home: Path, scripts: slurm.Scripts) -> str:
    """Submits every array job, and after their end, whatever end, the index job. Its arguments are sbatch's."""
    lines = [
        "#!/bin/sh",
        "# sh submit.sh --partition=render --gres=gpu:1   (any options of sbatch)",
        "set -eu",
        "after=",
    ]
    for script, count in scripts.arrays:
        told = shlex.join(slurm.array_options(home, count))
        lines.append(f'job=$(sbatch --parsable {told} "$@" {shlex.quote(str(script))})')
        lines.append("after=$after:${job%%;*}")
    told = shlex.join(slurm.index_options(home))
    lines.append(f'sbatch --dependency="afterany$after" {told} "$@" {shlex.quote(str(scripts.index))}')
    return "\n".join(lines) + "\n"
