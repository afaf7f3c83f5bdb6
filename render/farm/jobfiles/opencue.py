"""A job specification for OpenCue, in its language cjsl (version 1.12, which Cuebots know that know GPUs at all).

Its elements stand in the order that Cuebot's DTD wants. A layer's "frames" are our clips, a chunk of them a task;
Cuebot puts the first and last of a chunk into the command, at `#FRAME_START#` and `#FRAME_END#`.
"""

from __future__ import annotations

import getpass
import re
import shlex
from pathlib import Path
from xml.etree import ElementTree as Xml

from ...document import UserError, write_atomic
from ..machine import CHILD_MEMORY
from .order import Order, ranges

DOCTYPE = 'spec PUBLIC "SPI Cue  Specification Language" "http://localhost:8080/spcue/dtd/cjsl-1.12.dtd"'
SHOW, SHOT = "testing", "heroprop"
"""The show that a fresh OpenCue has, and a shot, which it takes as it comes: edit them in the file."""
RENDER, INDEX = "render", "index"
CLIPS = "#FRAME_START#-#FRAME_END#"
MOST_FRAMES = 100_000
"""Tasks of one job, by Cuebot's own limit."""


def write(order: Order, out: Path) -> list[Path]:
    """Write `job.xml`. UserError for root, whose jobs Cuebot refuses, and for more tasks than it takes."""
    tasks = -(-len(order.due) // order.clips)
    if tasks >= MOST_FRAMES:
        raise UserError(f"--clips-per-task: {order.clips} makes {tasks} tasks; OpenCue takes {MOST_FRAMES} in a job")
    path = out / "job.xml"
    write_atomic(path, spec(order, getpass.getuser()))
    return [path]


def spec(order: Order, user: str) -> str:
    """The specification, as `opencue.api.launchSpec` takes it."""
    if user == "root":
        raise UserError("OpenCue runs no jobs of root; write the file as the user who submits it (or set LOGNAME)")
    name = job_name(order.dataset.name)
    root = Xml.Element("spec")
    for tag, text in {"show": SHOW, "shot": SHOT, "user": user}.items():
        _add(root, tag, text)
    job = Xml.SubElement(root, "job", {"name": name})
    # A task tries a crashed clip again by itself; the one retry is for a host that went away.
    for tag, text in {"paused": "False", "maxretries": "1", "autoeat": "False"}.items():
        _add(job, tag, text)
    layers = Xml.SubElement(job, "layers")
    command = [*order.command("render-task"), *order.setup.options()]
    workers = order.setup.workers or 1
    gpus = workers if order.setup.device == "gpu" else 0
    asked = shlex.join(command) + f" --clips {CLIPS}"
    _layer(layers, RENDER, "Render", asked, ranges(order.due), order.clips, workers, gpus)
    _layer(layers, INDEX, "Util", shlex.join(order.command("index")), "0", 1, 1, 0)
    depend = Xml.SubElement(Xml.SubElement(root, "depends"), "depend", {"type": "LAYER_ON_LAYER", "anyframe": "False"})
    for tag, text in {"depjob": name, "deplayer": INDEX, "onjob": name, "onlayer": RENDER}.items():
        _add(depend, tag, text)
    Xml.indent(root)
    return f'<?xml version="1.0"?>\n<!DOCTYPE {DOCTYPE}>\n{Xml.tostring(root, encoding="unicode")}\n'


def job_name(dataset: str) -> str:
    """As Cuebot wants a job's name: letters, digits, single underscores."""
    return re.sub(r"_+", "_", re.sub(r"\W", "_", f"heroprop_{dataset}".lower(), flags=re.ASCII)).rstrip("_")


def _layer(
    layers: Xml.Element, name: str, kind: str, command: str, frames: str, chunk: int, workers: int, gpus: int
) -> None:
    layer = Xml.SubElement(layers, "layer", {"name": name, "type": kind})
    told = {"cmd": command, "range": frames, "chunk": str(chunk), "cores": f"{workers:.1f}"}
    told |= {"memory": f"{workers * CHILD_MEMORY // 2**30}g"}
    told |= {"gpus": str(gpus), "gpu_memory": f"{2 * gpus}g"} if gpus else {}
    for tag, text in told.items():
        _add(layer, tag, text)
    _add(Xml.SubElement(layer, "services"), "service", "shell")


def _add(parent: Xml.Element, tag: str, text: str) -> None:
    Xml.SubElement(parent, tag).text = text
