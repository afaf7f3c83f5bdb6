"""A Flamenco 3 job type, and the job to submit: https://flamenco.blender.org/usage/job-types/."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ...document import write_atomic
from ..setup import TIMEOUT
from .order import HEROPROP, Order, ranges

JOB_TYPE = "heroprop"
"""Flamenco calls a job type by the name of its file."""

PLATFORMS = {"linux": "linux", "darwin": "darwin", "win32": "windows"}

SCRIPT = """// Renders clips of a heroprop dataset into shards, then writes its manifest. Safe to repeat.
// Goes into the folder "scripts" beside Flamenco Manager.

const JOB_TYPE = {
  label: "heroprop dataset",
  description: "Render the clips of a heroprop dataset, and index it.",
  settings: [
    { key: "dataset", type: "string", subtype: "dir_path", required: true,
      description: "The dataset's folder, on storage that every worker sees." },
    { key: "clips", type: "string", required: true,
      description: "Which clips, by number: 0-199 or 0-7,12." },
    { key: "clips_per_task", type: "int32", default: 8, propargs: { min: 1 },
      description: "Clips in one task; best as many as a shard holds." },
    { key: "python", type: "string", required: true,
      description: "The Python of the workers, with heroprop installed." },
    { key: "workers", type: "int32", default: 1, propargs: { min: 1 },
      description: "Clips rendered at a time in a task." },
    { key: "device", type: "string", choices: ["auto", "cpu", "gpu"], default: "auto",
      description: "What Cycles renders on." },
    { key: "timeout", type: "float", default: %(timeout)g, propargs: { min: 1 },
      description: "Seconds a clip may go without a new frame." },
    { key: "assets", type: "string", default: "",
      description: "Folders of further assets, with ; between them." },
    { key: "blender", type: "string", default: "",
      description: "A Blender program that renders, in place of the bpy module." },
    { key: "blender_packages", type: "string", default: "",
      description: "Packages for that Blender's Python; default: those of the workers' Python." },
  ],
};

function compileJob(job) {
  const settings = job.settings;
  const machine = ["--workers", String(settings.workers), "--timeout", String(settings.timeout),
    "--device", settings.device];
  for (const folder of (settings.assets || "").split(";").filter((part) => part.trim())) {
    machine.push("--assets", folder.trim());
  }
  if (settings.blender) machine.push("--blender", settings.blender);
  if (settings.blender_packages) machine.push("--blender-packages", settings.blender_packages);
  const index = author.Task("index", "misc");
  index.addCommand(call(settings, "index", []));
  for (const clips of tasks(settings.clips, settings.clips_per_task)) {
    const render = author.Task("render-" + clips, "misc");
    render.addCommand(call(settings, "render-task", ["--clips", clips].concat(machine)));
    index.addDependency(render);
    job.addTask(render);
  }
  job.addTask(index);
}

function call(settings, verb, options) {
  const program = %(program)s;
  return author.Command("exec", {
    exe: settings.python,
    args: program.concat([verb, settings.dataset], options),
  });
}

// "0-9,12" by 4 clips a task -> ["0-3", "4-7", "8-9", "12"]; like shards, tasks begin at multiples of their size.
function tasks(text, size) {
  if (!(size >= 1)) {
    throw new Error("clips_per_task: must be at least 1");
  }
  const found = [];
  for (const part of text.split(",")) {
    const ends = part.trim().match(/^(\\d+)(?:-(\\d+))?$/);
    if (ends === null) {
      throw new Error("clips: '" + text + "' is not a list of clip numbers; write 7, 120-127 or 0-9,20");
    }
    const last = Number(ends[2] === undefined ? ends[1] : ends[2]);
    for (let first = Number(ends[1]); first <= last; ) {
      const end = Math.min(last, (Math.floor(first / size) + 1) * size - 1);
      found.push(first === end ? String(first) : first + "-" + end);
      first = end + 1;
    }
  }
  return found;
}
"""


def write(order: Order, out: Path) -> list[Path]:
    """Write the job type, and the job as Flamenco Manager's API takes it; the files."""
    script, job = out / f"{JOB_TYPE}.js", out / "job.json"
    write_atomic(script, SCRIPT % {"program": json.dumps(HEROPROP), "timeout": TIMEOUT})
    write_atomic(job, json.dumps(submitted(order), indent=2) + "\n")
    return [script, job]


def submitted(order: Order) -> dict[str, Any]:
    """What is posted to `/api/v3/jobs`."""
    paths = order.setup.paths()
    settings = {
        "dataset": str(order.dataset),
        "clips": ranges(order.due),
        "clips_per_task": order.clips,
        "python": order.python,
        "workers": order.setup.workers or 1,
        "device": order.setup.device,
        "timeout": order.setup.timeout,
        "assets": ";".join(str(path) for option, path in paths if option == "--assets"),
        "blender": next((str(path) for option, path in paths if option == "--blender"), ""),
        "blender_packages": next((str(path) for option, path in paths if option == "--blender-packages"), ""),
    }
    platform = PLATFORMS.get(sys.platform, sys.platform)
    return {
        "name": order.name,
        "type": JOB_TYPE,
        "priority": 50,
        "submitter_platform": platform,
        "settings": settings,
        "metadata": {},
    }
