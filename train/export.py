"""Export to the official format: a `.pt` that sam2's own builder loads strictly, checked to give the same masks.

Beside `hero.pt` lie `hero.md`, a model card, and for nano `hero.yaml`, the config that sam2 does not have itself.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from numpy.typing import NDArray
from PIL import Image

from evaluate.metrics import jaccard
from evaluate.tracker import Prompt, Tracker, suited_threads
from render.document import UserError, write_atomic

from .models import Loaded, build_video, load_weights, official_config, resolve, sha256
from .models.build import HERE

Frame = NDArray[np.uint8]
Logits = list[NDArray[np.float32]]

MAX_LOGIT_DIFFERENCE = 1e-3
MIN_MASK_IOU = 0.999


@dataclass(frozen=True)
class ExportReport:
    """What was written and how the exported file's masks compare with ours, through the official predictor."""

    out: str
    files: tuple[str, ...]
    model: str
    source: str
    sha256: str
    call: str
    """Python that loads it."""
    frames: int
    max_logit_difference: float
    min_mask_iou: float


def export_sam2(run: Path | str, out: Path) -> ExportReport:
    """Write a run (or any checkpoint that `resolve` knows) as an official SAM 2 `.pt`.

    The file is loaded by `sam2.build_sam.build_sam2_video_predictor`, run on a short clip and compared with the weights
    as heroprop runs them; if they differ nothing is left behind. UserError for that, and for a bad `run` or `out`.
    """
    _check_out(out)
    loaded = resolve(str(run))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.stem}.", suffix=".tmp") as name:
        staged = Path(name) / out.name
        torch.save({"model": {key: value.contiguous() for key, value in loaded.state.items()}}, staged)
        if loaded.name == "nano":
            shutil.copyfile(HERE / "nano.yaml", staged.with_suffix(".yaml"))
        ours = build_video(loaded.name)
        load_weights(ours, loaded)
        with suited_threads(ours, "cpu"):
            worst, iou, frames = _compare(loaded, ours, staged)
        if worst > MAX_LOGIT_DIFFERENCE or iou < MIN_MASK_IOU:
            raise UserError(
                f"{out}: not written: run by sam2 its masks differ from ours (logits by {worst:.3g}, IoU {iou:.4f}); "
                "is another version of sam2 installed than 1.1.0?"
            )
        digest = sha256(staged)
        report = ExportReport(
            out=str(out),
            files=tuple(str(out.with_suffix(suffix)) for suffix in _suffixes(loaded)),
            model=loaded.name,
            source=loaded.source,
            sha256=digest,
            call=_call(loaded, out),
            frames=frames,
            max_logit_difference=worst,
            min_mask_iou=iou,
        )
        write_atomic(staged.with_suffix(".md"), model_card(run, loaded, report))
        for suffix in reversed(_suffixes(loaded)):  # the .pt comes last: where it is, its config is
            os.replace(staged.with_suffix(suffix), out.with_suffix(suffix))
    return report


def model_card(run: Path | str, loaded: Loaded, report: ExportReport) -> str:
    """The card in Markdown: what it is, what it learned from, how well it did, how to load it, under which licences."""
    facts = _run_facts(Path(run))
    started = facts.get("start")
    base = _BASE_NANO if loaded.name == "nano" else _BASE_META
    lines = [
        f"# {Path(report.out).stem}",
        "",
        f"A `{loaded.name}` model for promptable video object segmentation, exported by heroprop.",
        "",
        "## What it is",
        "",
        base + (f" It was fine-tuned from `{started}`." if started else " No training run is on record for it."),
        "",
        "## Load it",
        "",
        "```python",
        report.call,
        "```",
        "",
        f"Checked at export on {report.frames} frames, official predictor against heroprop's tracker, CPU, float32: "
        f"largest difference of logits {report.max_logit_difference:.3g}, lowest mask IoU {report.min_mask_iou:.4f}. "
        "On a GPU with sam2's compiled extension its builder also fills holes of up to 8 px, which heroprop does not.",
        "",
        "## Training",
        "",
        *(_training_lines(facts) or ["Not recorded beside these weights."]),
        "",
        "## Metrics",
        "",
        *(_metric_lines(facts) or ["Not recorded beside these weights; run `heroprop evaluate`."]),
        "",
        "## Limits",
        "",
        "Trained on synthetic renders of a few kinds of props. How it does on real footage, or on anything other than "
        "the data above, is not shown by the figures here.",
        "",
        "## Files and licences",
        "",
        f"- weights: `{Path(report.out).name}`, SHA-256 `{report.sha256}`",
        f"- made from: `{Path(loaded.source).name}`, SHA-256 `{loaded.sha256}`",
        "- the network's code is Meta's `sam2` (Apache-2.0); heroprop is Apache-2.0, its built-in assets CC0",
        *(
            []
            if loaded.name == "nano"
            else ["- weights that start from Meta's SAM 2 carry Meta's licence (Apache-2.0)"]
        ),
        "",
    ]
    return "\n".join(lines)


_BASE_NANO = (
    "SAM 2.1's own modules in a very small size (4 million weights, 128 x 128 input), trained from scratch by "
    "heroprop. It holds no weights of Meta's SAM 2, is far weaker than the smallest of them, and says nothing about "
    "how they would do."
)
_BASE_META = "Meta's SAM 2 network in the size named above."


def _compare(loaded: Loaded, ours: Any, staged: Path) -> tuple[float, float, int]:
    """Largest logit difference and lowest mask IoU of the staged file, run officially, to `ours`."""
    frames, mask = _clip(6 if ours.image_size <= 256 else 3)
    prompts = [Prompt(1, mask=mask), Prompt(2, box=(20.0, 70.0, 60.0, 110.0))]
    with tempfile.TemporaryDirectory() as folder:
        for index, frame in enumerate(frames):
            Image.fromarray(frame).save(Path(folder) / f"{index:05d}.jpg", quality=95)
        seen = [np.asarray(Image.open(Path(folder) / f"{index:05d}.jpg")) for index in range(len(frames))]
        expected = [logits for tracked in Tracker(ours).track(seen, prompts) for logits in tracked.logits.values()]
        found = _official(loaded, staged, Path(folder), prompts)
    if len(found) != len(expected):
        return float("inf"), 0.0, len(frames)
    worst = max(float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=True))
    iou = min(jaccard(a > 0, b > 0) for a, b in zip(found, expected, strict=True))
    return worst, iou, len(frames)


@torch.inference_mode()
def _official(loaded: Loaded, staged: Path, folder: Path, prompts: list[Prompt]) -> Logits:
    """Logits by frame and object from nothing but sam2's own code and the staged files."""
    from sam2.build_sam import build_sam2_video_predictor

    config = staged.with_suffix(".yaml").name if loaded.name == "nano" else official_config(loaded.name)[0]
    with _quiet(), _configs_from(staged.parent if loaded.name == "nano" else None):
        predictor: Any = build_sam2_video_predictor(config, str(staged), device="cpu")
        state = predictor.init_state(str(folder))
        for prompt in prompts:
            if prompt.mask is not None:
                predictor.add_new_mask(state, 0, prompt.object_id, prompt.mask)
            else:
                predictor.add_new_points_or_box(state, 0, prompt.object_id, box=prompt.box)
        return [one.numpy() for _, _, logits in predictor.propagate_in_video(state) for one in logits[:, 0]]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without sam2's progress bars, and its warning at each frame that the CUDA hole filling does not run on a CPU."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.filterwarnings("ignore", message="[\\s\\S]*Skipping the post-processing step")
        yield


def _clip(count: int) -> tuple[list[Frame], NDArray[np.bool_]]:
    """Frames of a disk that crosses a gradient, 160 x 120, and its mask on the first."""
    y, x = np.mgrid[:120, :160]
    ground = np.stack([x, y + 40, 200 - x], axis=2).astype(np.uint8)
    frames, masks = [], []
    for index in range(count):
        mask = (x - 40 - 12 * index) ** 2 + (y - 50 - 3 * index) ** 2 < 18**2
        frame = ground.copy()
        frame[mask] = (230, 60, 40)
        frames.append(frame)
        masks.append(mask)
    return frames, masks[0]


def _suffixes(loaded: Loaded) -> tuple[str, ...]:
    return (".pt", ".yaml", ".md") if loaded.name == "nano" else (".pt", ".md")


@contextlib.contextmanager
def _configs_from(folder: Path | None) -> Iterator[None]:
    """Let sam2's builders find configs in `folder` (None: in sam2 itself, as always); Hydra has one search path."""
    if folder is None:
        yield
        return
    hydra = GlobalHydra.instance()
    before = hydra.hydra
    hydra.clear()
    try:
        with initialize_config_dir(str(folder.resolve()), version_base=None):
            yield
    finally:
        hydra.hydra = before


def _call(loaded: Loaded, out: Path) -> str:
    """Python that loads the exported file with sam2 alone, run from the folder that holds it."""
    build = "from sam2.build_sam import build_sam2_video_predictor\n"
    if loaded.name != "nano":
        config = official_config(loaded.name)[0]
        return f'{build}\npredictor = build_sam2_video_predictor("{config}", "{out.name}", device="cpu")'
    return (
        "from pathlib import Path\n\n"
        "from hydra import initialize_config_dir\n"
        "from hydra.core.global_hydra import GlobalHydra\n"
        f"{build}\n"
        "GlobalHydra.instance().clear()  # sam2 set it to its own configs; nano's lies beside the weights\n"
        "with initialize_config_dir(str(Path.cwd()), version_base=None):\n"
        f'    predictor = build_sam2_video_predictor("{out.with_suffix(".yaml").name}", "{out.name}", device="cpu")'
    )


def _check_out(out: Path) -> None:
    if out.suffix != ".pt":
        raise UserError(f"{out}: an official SAM 2 checkpoint is a .pt file; name it {out.stem or 'hero'}.pt")
    if out.is_dir():
        raise UserError(f"{out}: is a folder; name a .pt file")
    if out.exists() and not out.with_suffix(".md").exists():
        raise UserError(
            f"{out}: exists and was not exported by heroprop (no {out.stem}.md beside it); choose another name"
        )


def _run_facts(run: Path) -> dict[str, Any]:
    """What a run folder records: its recipe, its data and its best validation; empty for bare weights."""
    facts: dict[str, Any] = {}
    for name in ("config.json", "best.json"):
        path = run / name
        if path.is_file():
            facts |= json.loads(path.read_text(encoding="utf-8"))
    config = facts.get("config", {})
    return facts | ({"start": config["model"]["start"]} if config.get("model") else {})


def _training_lines(facts: dict[str, Any]) -> list[str]:
    config = facts.get("config")
    if not config:
        return []
    data = config["data"]
    kept = facts.get("best_step", "?")
    return [
        f"- data: {facts.get('data', 'not recorded')}",
        f"- {config.get('steps') or config.get('epochs')} {'steps' if config.get('steps') else 'epochs'} of "
        f"{data['batch']} windows of {data['frames']} frames, AdamW at {config['optimiser']['lr']:g}, "
        f"seed {config['seed']}; these weights are from step {kept}",
    ]


def _metric_lines(facts: dict[str, Any]) -> list[str]:
    found = facts.get("val")
    if not isinstance(found, dict):
        return []
    shown = ", ".join(f"{name} {value:.3f}" for name, value in found.items() if isinstance(value, int | float))
    return [f"On the validation clips that chose the checkpoint (so a little flattering): {shown}."]
