"""What `heroprop render --dry-run` shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .options import megabytes

if TYPE_CHECKING:
    from ..farm.estimate import Spread
    from ..farm.setup import Setup


def estimate_cost(
    dataset: Path,
    setup: Setup,
    engine: str,
    probe: int | None,
    price: float | None,
    clips_per_task: int | None,
    max_nodes: int | None,
    json: bool,
) -> None:
    """Probe a dataset on this machine and show what the rest of it will take, by an engine; renders nothing else."""
    from dataclasses import asdict, replace

    from .. import screen
    from ..farm.estimate import CLIPS, estimate
    from ..farm.status import duration

    slurm = engine == "slurm"
    if slurm:  # a task has one worker unless told otherwise
        setup = replace(setup, workers=setup.workers or 1)
    with screen.progress() as bar:
        task = bar.add_task("probe", total=probe or CLIPS, status="")
        bar.start()
        found = estimate(
            dataset,
            setup,
            probes=probe,
            clips_a_task=clips_per_task,
            tasks_at_a_time=max_nodes if slurm else 1,
            on_clip=lambda: bar.update(task, advance=1),
        )
    if found is None:
        screen.show({"clips": 0}, f"{dataset}: nothing is due", json)
        return
    wall = found.wall_seconds
    cost = None if price is None else found.cost(price)
    rows = [
        ("due", f"{screen.counted(found.clips, 'clip')}, {screen.counted(found.frames, 'frame')}"),
        *([("tasks", found.tasks)] if slurm else []),
        ("clips at a time", found.at_a_time or "as many as the cluster runs; say --max-nodes"),
        ("cores a clip", found.threads),
        ("time of all clips", _range(found.worker_seconds, duration)),
        ("core-hours", _range(found.core_seconds.times(1 / 3600), lambda hours: f"{hours:.3g}")),
        ("wall time", _range(wall, duration) if wall else "-"),
        *([("cost", _range(cost, lambda money: f"{money:.2f}" if money >= 1 else f"{money:.2g}"))] if cost else []),
        ("disk needed", f"about {megabytes(found.bytes)} of {megabytes(found.bytes_free)} free"),
        ("probed", f"{screen.counted(len(found.probe.clips), 'clip')} on {found.probe.conditions.machine}"),
    ]
    told = asdict(found) | {"probe": found.probe.model_dump(mode="json")}
    told |= {"cost": asdict(cost) if cost else None}
    screen.show(told, screen.table(f"{dataset}: if all clips were like the mean of those probed", ["", ""], rows), json)
    if found.bytes > found.bytes_free:
        screen.notes.print(f"{dataset}: its disk will be full before the last clip; make room", markup=False)


def _range(spread: Spread, shown: Callable[[float], str]) -> str:
    """`2 h 5 min (1 h 50 min to 2 h 40 min)`: mean, and as if all were like the cheapest and the dearest probed."""
    around = f" ({shown(spread.low)} to {shown(spread.high)})" if spread.low < spread.high else ""
    return shown(spread.mean) + around
