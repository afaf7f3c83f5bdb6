"""Job bundles in Open Job Description (version 2023-09), which AWS Deadline Cloud and others take.

Two folders, each a bundle: `chunked` needs a farm that knows the extension TASK_CHUNKING; `single` is for one that does
not, and makes a task of every clip (the base version has no arithmetic with which to name a range).
Specification: https://github.com/OpenJobDescription/openjd-specifications/wiki/2023-09-Template-Schemas
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...document import write_atomic
from ..setup import TIMEOUT
from .order import HEROPROP, Order, ranges, span

NOTICE = 60
"""Seconds between the SIGTERM at which a task packs what is settled, and SIGKILL."""
LONGEST = 1024
"""Characters that the value of a job parameter may have."""
RENDER, INDEX = "Render", "Index"


def write(order: Order, out: Path) -> list[Path]:
    """Write both bundles into `out`; the files."""
    files = []
    for variant, chunked in (("chunked", True), ("single", False)):
        template, values = template_of(order, chunked), parameters(order, chunked)
        bundle = {"parameterValues": [{"name": name, "value": value} for name, value in values.items()]}
        for name, data in {
            "template.json": template,
            "parameter_values.json": bundle,  # as `deadline bundle submit` reads it
            "parameters.json": values,  # as `openjd run -p file://…` reads it
        }.items():
            write_atomic(out / variant / name, json.dumps(data, indent=2) + "\n")
            files.append(out / variant / name)
    return files


def parameters(order: Order, chunked: bool) -> dict[str, str | int | float]:
    """The values of the template's job parameters for this order."""
    listed = ranges(order.due)
    values: dict[str, str | int | float] = {
        "Dataset": str(order.dataset),
        "Clips": listed if len(listed) <= LONGEST else span(order.due),
        "Python": order.python,
        "Workers": order.setup.workers or 1,
        "Timeout": order.setup.timeout,
        "Device": order.setup.device,
    }
    values |= {name: str(path) for name, _, path in _paths(order)}
    return values | ({"ClipsPerTask": order.clips} if chunked else {})


def template_of(order: Order, chunked: bool) -> dict[str, Any]:
    """The job template. It holds nothing of the dataset but its name, and which paths there are: the parameters say
    the rest."""
    clips = {"name": "Clips", "type": "CHUNK[INT]" if chunked else "INT", "range": "{{Param.Clips}}"}
    chunks = {"defaultTaskCount": "{{Param.ClipsPerTask}}", "rangeConstraint": "CONTIGUOUS"}
    options = [
        "--workers", "{{Param.Workers}}", "--timeout", "{{Param.Timeout}}", "--device", "{{Param.Device}}",
    ]  # fmt: skip
    options += [part for name, option, _ in _paths(order) for part in (option, f"{{{{Param.{name}}}}}")]
    render = {
        "name": RENDER,
        "parameterSpace": {"taskParameterDefinitions": [clips | ({"chunks": chunks} if chunked else {})]},
        "script": _script("render-task", "--clips", "{{Task.Param.Clips}}", *options),
    }
    index = {"name": INDEX, "dependencies": [{"dependsOn": RENDER}], "script": _script("index")}
    return {
        "specificationVersion": "jobtemplate-2023-09",
        **({"extensions": ["TASK_CHUNKING"]} if chunked else {}),
        "name": order.name,
        "description": "Renders clips of a heroprop dataset into shards, then writes its manifest. Safe to repeat.",
        "parameterDefinitions": _definitions(order, chunked),
        "steps": [render, index],
    }


def _definitions(order: Order, chunked: bool) -> list[dict[str, Any]]:
    size = {
        "name": "ClipsPerTask",
        "type": "INT",
        "minValue": 1,
        "description": "Clips in one task. As many as a shard holds, or a whole number of times that, is best.",
    }
    return [
        {
            "name": "Dataset",
            "type": "PATH",
            "objectType": "DIRECTORY",
            "dataFlow": "NONE",  # every node writes into it: it is shared, never uploaded and collected
            "description": "The dataset's folder, on a file system that every node sees.",
        },
        {"name": "Clips", "type": "STRING", "description": "Which clips, by number: 0-199 or 0-7,12."},
        *([size] if chunked else []),
        {"name": "Python", "type": "STRING", "description": "The Python of the nodes, with heroprop installed."},
        {"name": "Workers", "type": "INT", "minValue": 1, "default": 1, "description": "Clips at a time in a task."},
        {
            "name": "Device",
            "type": "STRING",
            "allowedValues": ["auto", "cpu", "gpu"],
            "default": "auto",
            "description": "What Cycles renders on.",
        },
        {
            "name": "Timeout",
            "type": "FLOAT",
            "minValue": 1,
            "default": TIMEOUT,
            "description": "Seconds a clip may go without a new frame.",
        },
        *(
            {
                "name": name,
                "type": "PATH",
                "objectType": "FILE" if option == "--blender" else "DIRECTORY",
                "dataFlow": "NONE",
                "description": f"{option} of render-task: on every node.",
            }
            for name, option, _ in _paths(order)
        ),
    ]


def _paths(order: Order) -> list[tuple[str, str, Path]]:
    """Parameter, option and value of every path beside the dataset's: a farm may map them from system to system."""
    names = {"--assets": "Assets", "--blender": "Blender", "--blender-packages": "BlenderPackages"}
    return [
        (f"{names[option]}{number}" if option == "--assets" else names[option], option, path)
        for number, (option, path) in enumerate(order.setup.paths(), 1)
    ]


def _script(verb: str, *options: str) -> dict[str, Any]:
    arguments = [*HEROPROP, verb, "{{Param.Dataset}}", *options]
    stop = {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": NOTICE}
    return {"actions": {"onRun": {"command": "{{Param.Python}}", "args": arguments, "cancelation": stop}}}
