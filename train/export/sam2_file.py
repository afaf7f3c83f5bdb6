"""To the official format: a `.pt` that sam2's own builder loads strictly.

Beside `hero.pt` lie `hero.md`, a model card, and for nano `hero.yaml`, the config that sam2 does not have itself.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from PIL import Image

from evaluate.tracker import Options, Prompt, Tracker, suited_threads
from render.document import UserError, write_atomic

from ..models import Loaded, build_video, load_weights, official_config, resolve, sha256
from ..models.build import HERE
from .card import is_ours, model_card
from .parity import SAME, Logits, Parity, compare, demand, drawn_clip, quiet
from .report import ExportReport, told


def export_sam2(run: Path | str, out: Path, model: str | None = None) -> ExportReport:
    """Write a run (or any checkpoint that `resolve` knows, of `model`) as an official SAM 2 `.pt`.

    The file is loaded by `sam2.build_sam.build_sam2_video_predictor`, run on a short clip and compared with the weights
    as heroprop runs them; if they differ nothing is left behind. UserError for that, and for a bad `run` or `out`.
    """
    _check_out(out)
    loaded = resolve(str(run), model)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.stem}.", suffix=".tmp") as name:
        staged = Path(name) / out.name
        torch.save({"model": {key: value.contiguous() for key, value in loaded.state.items()}}, staged)
        if loaded.name == "nano":
            shutil.copyfile(HERE / "nano.yaml", staged.with_suffix(".yaml"))
        parity = _check(loaded, staged)
        demand(parity, SAME, out, "sam2", "is another version of sam2 installed than 1.1.0?")
        digest = sha256(staged)
        call = _call(loaded, out)
        files = [f"weights: `{out.name}`, SHA-256 `{digest}`"]
        write_atomic(staged.with_suffix(".md"), model_card(out.stem, str(run), loaded, call, parity, files, _HOLES))
        for suffix in reversed(_suffixes(loaded)):  # the .pt comes last: where it is, its config is
            os.replace(staged.with_suffix(suffix), out.with_suffix(suffix))
    return told(out, "sam2", [out.with_suffix(suffix) for suffix in _suffixes(loaded)], loaded, digest, call, parity)


_HOLES = "On a GPU with sam2's compiled extension its builder also fills holes of up to 8 px, which heroprop does not."


def _check(loaded: Loaded, staged: Path) -> Parity:
    """The staged file, run officially, against the weights as heroprop runs them."""
    ours = build_video(loaded.name)
    load_weights(ours, loaded)
    frames, prompts = drawn_clip(6 if ours.image_size <= 256 else 3)
    checked = f"sam2's own video predictor against heroprop's tracker, {len(frames)} frames, two objects"
    with tempfile.TemporaryDirectory() as folder, suited_threads(ours, "cpu"):
        for index, frame in enumerate(frames):
            Image.fromarray(frame).save(Path(folder) / f"{index:05d}.jpg", quality=95)
        seen = [np.asarray(Image.open(Path(folder) / f"{index:05d}.jpg")) for index in range(len(frames))]
        tracker = Tracker(ours, options=Options(lean=False))  # logit for logit: with sam2's own calls
        expected = [logits for tracked in tracker.track(seen, prompts) for logits in tracked.logits.values()]
        return compare(_official(loaded, staged, Path(folder), prompts), expected, checked)


@torch.inference_mode()
def _official(loaded: Loaded, staged: Path, folder: Path, prompts: list[Prompt]) -> Logits:
    """Logits by frame and object from nothing but sam2's own code and the staged files."""
    from sam2.build_sam import build_sam2_video_predictor

    config = staged.with_suffix(".yaml").name if loaded.name == "nano" else official_config(loaded.name)[0]
    with quiet(), _configs_from(staged.parent if loaded.name == "nano" else None):
        predictor: Any = build_sam2_video_predictor(config, str(staged), device="cpu")
        state = predictor.init_state(str(folder))
        for prompt in prompts:
            if prompt.mask is not None:
                predictor.add_new_mask(state, 0, prompt.object_id, prompt.mask)
            else:
                predictor.add_new_points_or_box(state, 0, prompt.object_id, box=prompt.box)
        return [one.numpy() for _, _, logits in predictor.propagate_in_video(state) for one in logits[:, 0]]


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
    """UserError unless `out` may become ours: a new .pt, or one with a card of ours beside it."""
    if out.suffix != ".pt":
        raise UserError(f"{out}: an official SAM 2 checkpoint is a .pt file; name it {out.stem or 'hero'}.pt")
    if out.is_dir():
        raise UserError(f"{out}: is a folder; name a .pt file")
    card = out.with_suffix(".md")
    for path in (out, card, out.with_suffix(".yaml")):
        if path.exists() and not is_ours(card):
            raise UserError(
                f"{path}: exists and was not exported by heroprop ({card.name} beside it would say so); "
                "choose another name"
            )
