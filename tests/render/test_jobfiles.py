"""Job files for other farms: checked and run by what the farms' makers give out, against the drawing child."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
import quickjs

from render import farm
from render.dataset.commit import WORK
from render.document import UserError
from render.farm import Setup, jobfiles
from render.farm import slurm as farm_slurm
from render.farm.jobfiles import flamenco, opencue, openjd, slurm
from render.manifest import Dataset
from render.verify import verify
from tests.render import slurm_cluster
from tests.render.fake_plan import PROGRAM, make_plan
from tests.render.slurm_cluster import Cluster

VERB = Path(__file__).with_name("farm_verb.py")
OPENJD = Path(sys.executable).with_name("openjd")

needs_openjd = pytest.mark.skipif(not OPENJD.exists(), reason="openjd-cli is not installed")


@pytest.fixture
def python(tmp_path: Path) -> str:
    """Called as a node's Python is, with `-u -m heroprop VERB …`: the verbs, drawing in Blender's place."""
    path = tmp_path / "node's python"
    path.write_text(
        f'#!/bin/sh\n[ "$1 $2 $3" = "-u -m heroprop" ] || exit 99\nshift 3\n'
        f'echo "$@" >> "{tmp_path}/calls.txt"\nexec "{sys.executable}" -u "{VERB}" "$@"\n'
    )
    path.chmod(0o755)
    return str(path)


def calls(tmp_path: Path) -> list[str]:
    """What nodes were asked to do: verb and clips."""
    lines = (tmp_path / "calls.txt").read_text().splitlines()
    return [
        " ".join([line.split()[0], *([line.split("--clips ")[1].split()[0]] if "--clips" in line else [])])
        for line in lines
    ]


def run_openjd(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run([OPENJD, *arguments], capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout + done.stderr


def step(bundle: Path, name: str, *more: str) -> tuple[int, str]:
    values = f"file://{bundle / 'parameters.json'}"
    return run_openjd("run", bundle / "template.json", "--step", name, "-p", values, *more)


@pytest.mark.parametrize(
    ("indices", "text"), [([], ""), ([4], "4"), ([0, 1, 2], "0-2"), ([0, 2, 3, 9, 10, 11], "0,2-3,9-11")]
)
def test_ranges_are_what_render_task_reads(indices: list[int], text: str) -> None:
    assert jobfiles.ranges(indices) == text
    assert not indices or farm.parse_clips(text) == indices


def test_only_what_is_due_is_ordered(tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=6, frames=1)
    assert jobfiles.order(dataset).due == tuple(range(6))
    farm.render_task(dataset, [0, 1, 4], Setup(program=PROGRAM))
    order = jobfiles.order(dataset)
    assert order.due == (2, 3, 4, 5), "clip 4 is whole but in no shard"
    assert order.tasks() == [[2, 3], [4, 5]]
    farm.render_task(dataset, range(6), Setup(program=PROGRAM))
    with pytest.raises(UserError, match="every clip is in a shard; there is nothing to render"):
        jobfiles.order(dataset)


def test_a_list_too_long_for_a_parameter_becomes_a_span(tmp_path: Path) -> None:
    order = jobfiles.Order(tmp_path, tuple(range(0, 2000, 2)), 8, "python")
    assert openjd.parameters(order, True)["Clips"] == "0-1998"


@needs_openjd
@pytest.mark.slow
@pytest.mark.parametrize("variant", ["chunked", "single"])
def test_openjd_accepts_the_templates(variant: str, tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "set", tmp_path / "told", clips=2, frames=1)
    openjd.write(jobfiles.order(dataset), tmp_path / "jobs")
    template = tmp_path / "jobs" / variant / "template.json"
    extensions = [] if variant == "chunked" else ["--extensions", ""]  # a farm that knows the base version alone
    code, said = run_openjd("check", template, *extensions)
    assert code == 0, said
    broken: dict[str, Any] = json.loads(template.read_text())
    broken["steps"][1]["dependencies"][0]["dependsOn"] = "Rendre"
    template.write_text(json.dumps(broken))
    assert run_openjd("check", template)[0] != 0, "the check can fail"


@needs_openjd
@pytest.mark.slow
def test_openjd_renders_a_dataset_in_chunks(python: str, tmp_path: Path) -> None:
    calm = make_plan(tmp_path / "calm", tmp_path / "told", clips=5, frames=2)
    farm.render(calm, Setup(workers=1, program=PROGRAM))
    dataset = make_plan(tmp_path / "a set", tmp_path / "told", clips=5, frames=2)
    files = openjd.write(jobfiles.order(dataset, python=python), tmp_path / "jobs")
    assert len(files) == 6
    code, said = step(tmp_path / "jobs" / "chunked", "Index", "--run-dependencies")
    assert code == 0, said
    asked = calls(tmp_path)
    assert asked[-1] == "index"
    assert all(call.startswith("render-task ") for call in asked[:-1])
    assert len(asked) == 4, "five clips, two a task"
    assert sorted(i for call in asked[:-1] for i in farm.parse_clips(call.split()[1])) == list(range(5))
    assert verify(dataset).problems == []
    for path in (calm / "shards").iterdir():
        assert (dataset / "shards" / path.name).read_bytes() == path.read_bytes()


@needs_openjd
@pytest.mark.slow
def test_openjd_after_a_failed_task(python: str, tmp_path: Path) -> None:
    """The index step is not reached; the tasks run again finish the job, and so does `heroprop index` by hand."""
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "set", told, clips=3, frames=1, clips_per_shard=1)
    (told / "mistake-clip-000001").touch()
    openjd.write(jobfiles.order(dataset, python=python), tmp_path / "jobs")
    bundle = tmp_path / "jobs" / "single"
    code, said = step(bundle, "Index", "--run-dependencies")
    assert code != 0
    assert "index" not in calls(tmp_path)
    assert not (dataset / "manifest.json").exists()
    assert farm.index(dataset).packed == 1, "what was rendered can be trained from"
    (told / "mistake-clip-000001").unlink()
    code, said = step(bundle, "Index", "--run-dependencies")
    assert code == 0, said
    assert calls(tmp_path)[-4:] == ["render-task 0", "render-task 1", "render-task 2", "index"]
    assert farm.index(dataset).packed == 3
    assert not list((dataset / WORK).glob("clip-*"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with slurm_cluster.cluster(tmp_path_factory.mktemp("slurm")) as started:
        yield started


def test_slurm_tasks_are_split_among_array_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More tasks than an array job may have: two array jobs, and an index job that waits for both."""
    monkeypatch.setattr(farm_slurm, "ARRAY", 2)
    order = jobfiles.Order(tmp_path / "a set", (0, 1, 2, 5, 6), 2, "/my venv/bin/python")
    out = tmp_path / "job's"
    slurm.write(order, out)
    assert (out / "tasks-0.txt").read_text().split() == ["0-1", "2"]
    assert (out / "tasks-1.txt").read_text().split() == ["5", "6"]
    (tmp_path / "sbatch").write_text(
        f'#!/bin/sh\nprintf "%s|" "$@" >> "{tmp_path}/asked"; echo >> "{tmp_path}/asked"; echo 7\n'
    )
    (tmp_path / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    subprocess.run(["sh", out / "submit.sh", "--account=vfx it"], check=True)
    first, second, last = [line.split("|")[:-1] for line in (tmp_path / "asked").read_text().splitlines()]
    assert (first[-1], second[-1], last[-1]) == tuple(
        str(out / f"{name}.sh") for name in ("tasks-0", "tasks-1", "index")
    )
    assert "--array=0-1" in first
    assert "--dependency=afterany:7:7" in last
    assert all("--account=vfx it" in said for said in (first, second, last))


@pytest.mark.skipif(bool(slurm_cluster.missing()), reason=f"no Slurm: {slurm_cluster.missing()}")
@pytest.mark.slow
def test_slurm_takes_and_runs_the_scripts(cluster: Cluster, python: str, tmp_path: Path) -> None:
    told = tmp_path / "told"
    dataset = make_plan(tmp_path / "a set", told, clips=5, frames=1)
    (told / "mistake-clip-000004").touch()
    out = tmp_path / "jobs"
    files = slurm.write(jobfiles.order(dataset, python=python), out)
    for script in (out / "tasks-0.sh", out / "index.sh"):
        cluster.run("sbatch", "--test-only", "--partition=render", "--array=0-2", str(script))
    assert out / "submit.sh" in files
    cluster.run("sh", str(out / "submit.sh"), "--partition=render")
    deadline = time.monotonic() + 120
    while "index" not in (calls(tmp_path) if (tmp_path / "calls.txt").exists() else []) or cluster.run("squeue", "-h"):
        assert time.monotonic() < deadline, "the jobs did not end"
        time.sleep(0.5)
    assert sorted(calls(tmp_path)) == ["index", "render-task 0-1", "render-task 2-3", "render-task 4"]
    assert len(Dataset.open(dataset).clips()) == 4, "indexed, although a task failed"
    assert list((out / "logs").iterdir())


FULL = Setup(2, (Path("/my assets"), Path("/more")), 90.0, "gpu", Path("/opt/blender"), Path("/opt/site"))
"""Everything that a task can be told."""


@pytest.mark.parametrize("format", jobfiles.WRITERS)
def test_tasks_are_told_everything(format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Assets, timeout and Blender reach `render-task` in every format, whatever their paths hold."""
    monkeypatch.setenv("LOGNAME", "artist")
    order = jobfiles.Order(tmp_path / "set", (0, 1), 2, "/node/python", FULL)
    files = jobfiles.WRITERS[format](order, tmp_path / "jobs")
    words = commands(format, files)
    assert words[:4] == ["/node/python", "-u", "-m", "heroprop"]
    assert words[4:6] == ["render-task", str(tmp_path / "set")]
    told = dict(zip(words[6::2], words[7::2], strict=True))
    assert {name: told[name] for name in told if name != "--assets"} == {
        "--clips": "0-1",
        "--workers": "2",
        "--timeout": told["--timeout"],
        "--device": "gpu",
        "--blender": "/opt/blender",
        "--blender-packages": "/opt/site",
    }
    assert float(told["--timeout"]) == 90
    assert [word for name, word in pairwise(words) if name == "--assets"] == ["/my assets", "/more"]


def commands(format: str, files: list[Path]) -> list[str]:
    """The command line of the one render task in these job files."""
    if format == "slurm":
        script = next(path for path in files if path.name == "tasks-0.sh").read_text()
        line = script.splitlines()[-1].removeprefix("exec ")
        clips = next(path for path in files if path.suffix == ".txt").read_text().strip()
        return [word.replace("$clips", clips) for word in shlex.split(line)]
    if format == "opencue":
        text = Xml.parse(files[0]).findtext("job/layers/layer/cmd") or ""
        return shlex.split(text.replace("#FRAME_START#", "0").replace("#FRAME_END#", "1"))
    if format == "openjd":
        template = json.loads(files[0].read_text())
        values = json.loads((files[0].parent / "parameters.json").read_text())
        defined = {definition["name"] for definition in template["parameterDefinitions"]}
        assert defined == set(values)
        action = template["steps"][0]["script"]["actions"]["onRun"]
        filled = [action["command"], *action["args"]]
        for name, value in values.items():
            filled = [word.replace(f"{{{{Param.{name}}}}}", str(value)) for word in filled]
        return [word.replace("{{Task.Param.Clips}}", "0-1") for word in filled]
    tasks = compile_flamenco(files[0], json.loads(files[1].read_text()))
    parameters = tasks[0]["commands"][0]["parameters"]
    return [parameters["exe"], *parameters["args"]]


def cue_tasks(path: Path) -> dict[str, list[str]]:
    """The shell commands that Cuebot would dispatch, by layer: a task for every chunk of a layer's frames."""
    found = {}
    for layer in Xml.parse(path).iterfind("job/layers/layer"):
        command, chunk = layer.findtext("cmd") or "", int(layer.findtext("chunk") or "")
        frames = farm.parse_clips(layer.findtext("range") or "")
        found[layer.get("name") or ""] = [
            command.replace("#FRAME_START#", str(part[0])).replace("#FRAME_END#", str(part[-1]))
            for part in (frames[i : i + chunk] for i in range(0, len(frames), chunk))
        ]
    return found


@pytest.mark.slow
def test_opencue_commands_render_a_dataset(python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "artist")
    dataset = make_plan(tmp_path / "it's a set", tmp_path / "told", clips=5, frames=1)
    farm.render_task(dataset, [2, 3], Setup(program=PROGRAM))
    (path,) = opencue.write(jobfiles.order(dataset, python=python), tmp_path)
    tasks = cue_tasks(path)
    for command in (*tasks["render"], *tasks["index"]):
        subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    assert calls(tmp_path) == ["render-task 0-1", "render-task 4-4", "index"]
    assert verify(dataset).problems == []


def test_opencue_refuses_root_and_takes_any_name(tmp_path: Path) -> None:
    order = jobfiles.Order(tmp_path / "Größe -- 2", (0,), 8, "python")
    with pytest.raises(UserError, match="OpenCue runs no jobs of root"):
        opencue.spec(order, "root")
    name = Xml.fromstring(opencue.spec(order, "artist")).find("job")
    assert name is not None
    assert name.get("name") == "heroprop_gr_e_2"
    many = jobfiles.Order(tmp_path, tuple(range(100_000)), 1, "python")
    with pytest.raises(UserError, match="100000 tasks; OpenCue takes 100000"):
        opencue.write(many, tmp_path)


OUTLINE = """
import sys
from xml.etree import ElementTree as Xml
import outline, outline.cuerun, outline.backend.cue
from outline.modules.shell import Shell

given = Xml.parse(sys.argv[1]).getroot()
job, depend = given.find("job"), given.find("depends/depend")
made = outline.Outline(job.get("name"), shot=given.findtext("shot"), show=given.findtext("show"))
layers = {}
for layer in job.iterfind("layers/layer"):
    wanted = ("range", "memory", "cores", "gpu_memory")
    options = {tag: layer.findtext(tag) for tag in wanted if layer.find(tag) is not None}
    if layer.find("gpus") is not None:
        options["gpus"] = int(layer.findtext("gpus"))
    layers[layer.get("name")] = Shell(
        layer.get("name"), command=[layer.findtext("cmd")], chunk=int(layer.findtext("chunk")), type=layer.get("type"),
        overrideCores=True, **options)
    made.add_layer(layers[layer.get("name")])
layers[depend.findtext("deplayer")].depend_all(layers[depend.findtext("onlayer")])
launcher = outline.cuerun.OutlineLauncher(made, user=given.findtext("user"), nomail=True, maxretries=1)
print(outline.backend.cue.serialize_simple(launcher))
"""
"""Has OpenCue's own library write the job that ours describes."""


@pytest.mark.slow
@pytest.mark.skipif("OPENCUE_PYTHON" not in os.environ, reason="OPENCUE_PYTHON names no Python with opencue_pyoutline")
@pytest.mark.parametrize("setup", [FULL, Setup(device="cpu")], ids=["gpu", "cpu"])
def test_opencue_is_what_its_own_library_writes(setup: Setup, tmp_path: Path) -> None:
    """Element by element, in order, but for what the library adds: facility, uid, and empty lists."""
    ours = tmp_path / "job.xml"
    ours.write_text(opencue.spec(jobfiles.Order(tmp_path / "set", (0, 1, 2, 3, 7), 2, "python", setup), "artist"))
    (tmp_path / "o.py").write_text(OUTLINE)
    command = [os.environ["OPENCUE_PYTHON"], tmp_path / "o.py", ours]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "HOME": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr
    theirs = done.stdout[done.stdout.index("<spec>") :]
    extra = {"facility", "uid", "priority", "env", "outputs"}

    def listed(root: Xml.Element) -> list[tuple[str, str, dict[str, str]]]:
        return [(e.tag, (e.text or "").strip(), dict(e.attrib)) for e in root.iter() if e.tag not in extra]

    assert listed(Xml.fromstring(theirs)) == listed(Xml.parse(ours).getroot())


# Flamenco Manager's side, after its internal/manager/job_compilers/author.go: a job holds a copy of each task as it
# was when added, so that dependencies that are added later are lost.
FLAMENCO = """
const author = {
  made: 0,
  Task: (name, type) => {
    if (!name.trim() || !type.trim()) throw new Error("author.Task: name and type are required");
    const task = { uuid: "task-" + author.made++, name: name, type: type, commands: [], dependencies: [] };
    task.addCommand = (command) => task.commands.push(command);
    task.addDependency = (other) => task.dependencies.push(other.uuid);
    return task;
  },
  Command: (name, parameters) => ({ name: name, parameters: parameters }),
};
function compiled(text) {
  const job = JSON.parse(text);
  job.tasks = [];
  job.addTask = (task) => job.tasks.push(JSON.parse(JSON.stringify(task)));
  compileJob(job);
  return JSON.stringify(job.tasks);
}
"""


def compile_flamenco(script: Path, job: dict[str, Any]) -> list[dict[str, Any]]:
    """The tasks that Flamenco would make of a job, which has to give every setting."""
    context = quickjs.Context()
    context.eval(FLAMENCO)
    context.eval(script.read_text())
    known = json.loads(context.eval("JSON.stringify(JOB_TYPE.settings.map((setting) => setting.key))"))
    assert set(job["settings"]) == set(known)
    return json.loads(context.eval(f"compiled({json.dumps(json.dumps(job))})"))


@pytest.mark.slow
def test_flamenco_makes_tasks_that_render_a_dataset(python: str, tmp_path: Path) -> None:
    dataset = make_plan(tmp_path / "a set", tmp_path / "told", clips=5, frames=1)
    script, job = flamenco.write(jobfiles.order(dataset, python=python), tmp_path)
    tasks = compile_flamenco(script, json.loads(job.read_text()))
    assert [task["name"] for task in tasks] == ["render-0-1", "render-2-3", "render-4", "index"]
    assert sorted(tasks[-1]["dependencies"]) == sorted(task["uuid"] for task in tasks[:-1])
    for task in tasks:
        (command,) = task["commands"]
        assert (task["type"], command["name"]) == ("misc", "exec")
        subprocess.run([command["parameters"]["exe"], *command["parameters"]["args"]], check=True, capture_output=True)
    assert calls(tmp_path) == ["render-task 0-1", "render-task 2-3", "render-task 4", "index"]
    assert verify(dataset).problems == []


def test_flamenco_jobs_may_be_changed_when_submitted(tmp_path: Path) -> None:
    script, job = flamenco.write(jobfiles.Order(tmp_path, (0,), 8, "python"), tmp_path)
    asked = json.loads(job.read_text())
    asked["settings"] |= {"clips": "3-17, 20", "clips_per_task": 8}
    names = [task["name"] for task in compile_flamenco(script, asked)]
    assert names == ["render-3-7", "render-8-15", "render-16-17", "render-20", "index"]
    for wrong in ({"clips": "3;4"}, {"clips": ""}, {"clips_per_task": 0}):
        with pytest.raises(quickjs.JSException, match="clips"):
            compile_flamenco(script, asked | {"settings": asked["settings"] | wrong})
