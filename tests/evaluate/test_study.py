"""`study`, end to end: a stand-in hub, a rendered benchmark, tuning that is killed, and the page at the end."""

from __future__ import annotations

import hashlib
import http.server
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluate.running.results import Mean, Results
from evaluate.study import Settings, begin, look_ahead, outline
from evaluate.study.outline import Command
from evaluate.study.page import verdict
from render.document import UserError
from tests.fake_dataset import make_dataset
from train.models import BUNDLED

study_run = importlib.import_module("evaluate.study.run")  # the package has a function of that name
ROOT = Path(__file__).parents[2]
BASE = "hub:stand-in/nano/nano-base.safetensors"

BENCH = """
schema = 1
name = "bench-of-two"
seed = 3
clips = 2
clips_per_shard = 2
[splits]
train = 0.0
val = 0.0
test = 1.0
[film]
width = 64
height = 36
frames = 4
fps = 24.0
samples = 2
[stage]
set = ["courtyard"]
time = ["day"]
"""

TRAINING = """
seed = 1
steps = 16
save_every = 2
[model]
name = "nano"
start = "nano-random:3"
[data]
frames = 2
batch = 1
[prompts]
mask = 1.0
point = 0.0
box = 0.0
clicks = 1
[optimiser]
lr = 1e-5
[validation]
every = 16
clips = 1
frames = 3
"""


class Hub(http.server.BaseHTTPRequestHandler):
    """The one file of one repository."""

    content = (BUNDLED / "nano-base.safetensors").read_bytes()
    asked: list[str]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.asked.append(self.path)
        known = self.path == "/stand-in/nano/resolve/main/nano-base.safetensors"
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(self.content) if known else 0))
        self.send_header("ETag", f'"{hashlib.sha256(self.content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "0123456789abcdef0123456789abcdef01234567")
        self.end_headers()
        if known and self.command == "GET":
            self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """The environment in which it is found, and what it is asked."""
    asked: list[str] = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Hub,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "http"))}
    yield (
        environment
        | {
            "HF_HOME": str(tmp_path / "cache"),
            "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "HF_HUB_DISABLE_XET": "1",
            "OMP_NUM_THREADS": "1",
        },
        asked,
    )
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for children in /proc")
def test_a_study_is_killed_and_goes_on(hub: tuple[dict[str, str], list[str]], tmp_path: Path) -> None:
    environment, asked = hub
    (tmp_path / "bench.toml").write_text(BENCH)
    (tmp_path / "training.toml").write_text(TRAINING)
    data = make_dataset(tmp_path / "drawn", clips=3, frames=4, splits=("train", "train", "val"))
    real = make_dataset(tmp_path / "real", clips=2, frames=4, splits=("val",))
    out = tmp_path / "study"
    command = [sys.executable, "-m", "heroprop", "study", "--base", BASE, "--data", str(data), "--out", str(out)]
    command += ["--bench", str(tmp_path / "bench.toml"), "--training", str(tmp_path / "training.toml")]
    command += ["--real", str(real), "--keep", str(real)]

    study = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    log = out / "run" / "log.jsonl"
    while not (log.is_file() and '"step": 3' in log.read_text()):
        assert study.poll() is None
        time.sleep(0.02)
    children = _children(study.pid)
    study.send_signal(signal.SIGKILL)
    study.wait()
    assert children
    assert all(_gone(child) for child in children)  # nothing goes on behind its back
    assert not (out / "steps" / "tune.json").exists()
    held = {path.name: path.read_bytes() for path in (out / "steps").iterdir()}
    assert set(held) == {"weights.json", "bench.json", "before-bench.json", "before-real-1.json"}
    assert any(path.endswith("nano-base.safetensors") for path in asked)
    asked.clear()

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not any("resolve" in path for path in asked)  # the weights are here
    assert all((out / "steps" / name).read_bytes() == told for name, told in held.items())
    assert '"blends"' in log.read_text()  # what is to be kept was looked at
    steps = [row["step"] for row in map(json.loads, log.read_text().splitlines()) if "total" in row]
    assert steps == list(range(1, 17))  # each once, those before the kill among them

    told = json.loads((out / "conclusion.json").read_text())
    bench = Results.read_json(out / "reports" / "bench" / "results.json")
    assert [method.name for method in bench.checkpoints] == ["nano-base", "run"]
    assert told["base"]["sha256"] == bench.checkpoints[0].sha256 == hashlib.sha256(Hub.content).hexdigest()
    assert told["base"]["source"] == BASE
    assert told["bench"]["difference"]["value"] == bench.comparisons[0].difference.value
    assert [axis["axis"] for axis in told["bench"]["axes"]] == [axis.name for axis in bench.checkpoints[0].axes]
    (forgotten,) = told["real"]
    assert (forgotten["split"], forgotten["difference"]["n"]) == ("val", 2)
    page = (out / "study.html").read_text()
    for words in ("What it forgot", "reports/bench/report.html", "reports/real-1/report.html", forgotten["verdict"]):
        assert words in page
    assert (out / "tuned.pt").is_file()

    other = subprocess.run(
        [*command, "--real", str(data)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert other.returncode == 2
    assert "is a study with real" in other.stderr


def test_a_study_stops_where_tuning_forgets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`train --keep` ends with 1 where the model became worse; what comes after it is not done."""
    data = str(make_dataset(tmp_path / "data", clips=2, frames=2, splits=("train", "val")))
    settings = Settings(
        base="nano-base", recipe=None, data=data, training="nano", bench=data, real=(), keep=data, workers=None
    )
    ran: list[Command] = []

    def verb(command: Command) -> int:
        ran.append(command)
        return 1 if command[0] == "train" else 0

    monkeypatch.setattr(study_run, "_verb", verb)
    said: list[str] = []
    begin(settings, tmp_path / "study")
    code, _ = study_run.run(settings, tmp_path / "study", said.append)
    assert code == 1
    assert [command[0] for command in ran] == ["evaluate", "train"]
    assert ran[-1][ran[-1].index("--keep") + 1] == data
    assert "the study stopped at step 3" in said[-1]
    assert study_run.run(settings, tmp_path / "study", said.append)[0] == 1  # nor the next time
    with pytest.raises(UserError, match="nowhere"):
        begin(settings.model_copy(update={"keep": str(tmp_path / "nowhere")}), tmp_path / "other")


def test_the_outline_says_what_is_done_and_what_is_not(tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "data", clips=2, frames=2, splits=("train", "val"))
    real = make_dataset(tmp_path / "real", clips=1, frames=2, splits=("train",))
    told = {"base": "nano-base", "recipe": None, "data": str(data), "training": "nano", "workers": None}
    settings = Settings(**told, bench="bench-v1-small", real=(str(real),))
    out = tmp_path / "study"
    begin(settings, out)
    names = ["weights", "bench", "before-bench", "before-real-1", "tune", "after-bench", "after-real-1"]
    assert [step.name for step in outline(settings, out)] == [*names, "export", "report"]
    (out / "steps").mkdir()
    (out / "steps" / "weights.json").write_text('{"seconds": 2.5, "finished": "2026-01-01"}')
    ahead = {one["step"]: one for one in look_ahead(settings, out)}
    assert (ahead["weights"]["took"], ahead["bench"]["took"], ahead["bench"]["takes"]) == (2.5, None, None)
    assert ahead["bench"]["commands"][0] == f"heroprop plan bench-v1-small --out {out / 'bench'}"
    assert "--split train" in ahead["before-real-1"]["commands"][0]
    assert "--base nano-base" in ahead["tune"]["commands"][0]
    assert "--resume" not in ahead["tune"]["commands"][0]
    assert "--keep" not in ahead["tune"]["commands"][0]
    (kept,) = outline(settings.model_copy(update={"keep": str(real)}), out)[4].commands
    assert kept[-2:] == ("--keep", str(real))
    rendered = [step.name for step in outline(settings.model_copy(update={"data": None, "recipe": "train"}), out)]
    assert rendered[:3] == ["weights", "data", "bench"]
    begin(settings.model_copy(update={"workers": 2}), out)  # how many at a time is no part of what is studied
    for wrong, said in [({"base": "nano-random:1"}, "with base nano-base"), ({"real": ()}, "not none")]:
        with pytest.raises(UserError, match=said):
            begin(settings.model_copy(update=wrong), out)
    with pytest.raises(UserError, match="given twice"):
        begin(settings.model_copy(update={"real": (str(real), str(real))}), tmp_path / "another")
    with pytest.raises(UserError, match="no study"):
        begin(settings, data)


def test_a_verdict_says_no_more_than_its_interval() -> None:
    def difference(low: float | None, high: float | None) -> Mean:
        return Mean(value=0.1, low=low, high=high, n=2, clips=2)

    said = [verdict(difference(*one)) for one in ((0.01, 0.2), (-0.2, -0.01), (-0.1, 0.2), (None, None))]
    assert said == ["better", "worse", "no clear difference", "too few to tell"]


def _children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _gone(process: int) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False
