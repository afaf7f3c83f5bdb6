"""A contact sheet of a plan: a few frames of some of its clips, small, rendered before all of it is.

Every frame goes through what renders the dataset itself, at fewer pixels: effects, occlusion, look and mattes are those
that the dataset will have. Frames are kept beside the sheet until it is whole; a sheet that was stopped goes on.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from ..dataset.provenance import ClipRecord
from ..document import UserError, write_atomic
from ..frames import framefile
from ..frames.measure import FrameMeasure
from ..gallery.contact import FORMATS, Row, draw
from ..gallery.strips import spread
from ..planning.planfile import PlanHeader, read_plan
from ..products import Member, Product, decode
from ..spec import ClipSpec
from . import child, clips, machine
from .clips import Job
from .setup import Setup
from .watch import Watcher

LEAST = 16
"""Pixels of a picture's side, of which a film has no fewer."""


@dataclass(frozen=True)
class Choice:
    """So many clips, drawn from the plan by `seed`, their frames `height` px high."""

    clips: int = 24
    height: int = 120
    samples: int = 16
    seed: int = 0


def drawn(dataset: Path, out: Path, choice: Choice) -> tuple[PlanHeader, list[ClipSpec]]:
    """The plan's header and the clips that its sheet will show, shrunk. UserError where there is no plan, or where
    `out` is no picture that can be written."""
    if out.suffix.lower() not in FORMATS:
        raise UserError(f"{out}: can't write such a picture; end it with {', '.join(FORMATS)}")
    header, _ = read_plan(dataset, ())
    places = random.Random(choice.seed).sample(range(header.clips), min(choice.clips, header.clips))
    return header, [shrunk(spec, choice) for spec in read_plan(dataset, sorted(places))[1]]


def render_sheet(
    dataset: Path,
    header: PlanHeader,
    specs: Sequence[ClipSpec],
    out: Path,
    frames: int,
    setup: Setup,
    masks: bool,
    on_frame: Callable[[str], None],
) -> None:
    """Write the sheet of what was `drawn`, with the targets' masks laid over or without.

    `on_frame` is called with the clip of each frame when it is there. UserError where a clip can't be rendered.
    """
    found = machine.look(setup)
    workers = min(setup.workers or machine.default_workers(found.gpus), len(specs))
    work = out.with_name(f".{out.name}.frames")
    job = replace(Job.of(dataset, header, setup, found, workers, Watcher()), work=work.absolute())
    records = clips.records(specs, job)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            rows = [pool.submit(_row, job, records[spec.clip], frames, on_frame) for spec in specs]
            sheet = draw([row.result() for row in rows], masks, out.suffix)
        finally:
            job.stop.set()
            pool.shutdown(cancel_futures=True)
    write_atomic(out, sheet)
    shutil.rmtree(work)


def shrunk(spec: ClipSpec, choice: Choice) -> ClipSpec:
    """The same clip with fewer pixels, and without the products on request."""
    film, scale = spec.film, min(1.0, choice.height / spec.film.height)
    size = {"width": max(LEAST, round(film.width * scale)), "height": max(LEAST, round(film.height * scale))}
    smaller = film.model_copy(update={**size, "samples": choice.samples, "extras": ()})
    look = spec.look.model_copy(update={"fringe": spec.look.fringe * scale})
    return spec.model_copy(update={"film": smaller, "look": look})


def _row(job: Job, record: ClipRecord, frames: int, on_frame: Callable[[str], None]) -> Row:
    """One clip's frames: those that are not there yet are rendered."""
    spec = record.spec
    work = job.work / spec.clip
    clips.begin(work, record)
    wanted = spread(spec.film.frames, frames)
    missing = [frame for frame in wanted if not framefile.is_whole(work, spec, frame)]
    for _ in range(len(wanted) - len(missing)):
        on_frame(spec.clip)
    if missing:
        with job.gpus.one() as gpu:
            command = [*job.command(work, gpu), "--frames", ",".join(map(str, missing))]
            log = work / "log.txt"
            code, reason = child.run(command, log, job.setup.timeout, job.stop, lambda _: on_frame(spec.clip))
        if code:
            raise UserError(f"{spec.clip}: can't be rendered: {reason}")
    files = [framefile.read(work, spec, frame) for frame in wanted]
    pictures = [_picture(members, spec, frame, Product.RGB) for frame, members in zip(wanted, files, strict=True)]
    coverages = [
        [_picture(members, spec, frame, Product.COVERAGE, target.object_id) for target in spec.targets]
        for frame, members in zip(wanted, files, strict=True)
    ]
    measures = [
        FrameMeasure.parse_json(members[framefile.measure_name(spec.clip, frame)], str(work))
        for frame, members in zip(wanted, files, strict=True)
    ]
    return Row(f"{spec.clip}   {_told(spec)}   {_seen(measures)}", pictures, coverages)


def _picture(
    members: Mapping[str, bytes], spec: ClipSpec, frame: int, product: Product, object_id: int | None = None
) -> NDArray[np.uint8]:
    return np.asarray(decode(product, members[str(Member(spec.clip, frame, product, object_id))]), np.uint8)


def _told(spec: ClipSpec) -> str:
    """What was planned: `hammer (ricochet)   alley, day   trail, sparks`."""
    props = " and ".join(f"{target.label} ({target.motion})" for target in spec.targets)
    effects = ", ".join(dict.fromkeys(effect.kind for effect in spec.effects))
    return "   ".join(filter(None, (props, f"{spec.stage.set}, {spec.stage.time_of_day}", effects)))


def _seen(measures: Sequence[FrameMeasure]) -> str:
    """What came of it, over the frames shown: the typical area, the most that is hidden and veiled."""
    seen = [one for frame in measures for one in frame.objects]
    hidden = [1 - one.visible_area / one.amodal_area for one in seen if one.amodal_area]
    veiled = [one.veil_mean for one in seen if one.veil_mean is not None]
    area = median(one.coverage_sum for one in seen)
    told = f"{area:.0f} px"
    for word, shares in (("hidden", hidden), ("veiled", veiled)):
        if shares and max(shares) >= 0.05:
            told += f", {word} up to {max(shares):.0%}"
    return told
