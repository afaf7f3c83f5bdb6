"""The model card: what a file is, what it learned from, how well it did, how to load it, under which licences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..models import Loaded
from .parity import Parity

MARK = "exported by heroprop"
"""Every card says so; files without such a card beside them are somebody else's, and are not replaced."""


def is_ours(card: Path) -> bool:
    """Whether a file is a card of ours."""
    return card.is_file() and MARK in card.read_text(encoding="utf-8", errors="replace")


def model_card(title: str, run: str, loaded: Loaded, call: str, parity: Parity, files: list[str], notes: str) -> str:
    """Markdown. `call` is Python that loads it, `files` say what each file is, `notes` what the format leaves out."""
    facts = _run_facts(Path(run))
    started = facts.get("start")
    nano = loaded.name == "nano"
    return "\n".join(
        [
            *_FRONT,
            f"# {title}",
            "",
            f"A `{loaded.name}` model for promptable video object segmentation, {MARK}.",
            "",
            "## What it is",
            "",
            (_BASE_NANO if nano else _BASE_META)
            + (f" It was fine-tuned from `{started}`." if started else " No training run is on record for it."),
            "",
            "## Load it",
            "",
            "```python",
            call,
            "```",
            "",
            f"Checked at export, CPU, float32: {parity.checked}. Largest difference of logits "
            f"{parity.logit_difference:.3g}, lowest mask IoU {in_words(parity.known_iou)}. {notes}",
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
            "Trained on synthetic renders of a few kinds of props. How it does on real footage, or on anything other "
            "than the data above, is not shown by the figures here.",
            "",
            "## Files and licences",
            "",
            *(f"- {file}" for file in files),
            f"- made from: `{Path(loaded.source).name}`, SHA-256 `{loaded.sha256}`",
            "- the network's code is Meta's `sam2` (Apache-2.0); heroprop is Apache-2.0, its built-in assets CC0",
            *([] if nano else ["- weights that start from Meta's SAM 2 carry Meta's licence (Apache-2.0)"]),
            "",
        ]
    )


_FRONT = [
    "---",
    "license: apache-2.0",
    "pipeline_tag: mask-generation",
    "tags: [sam2, video-object-segmentation]",
    "---",
]
"""What the Hugging Face hub reads of a card."""
_BASE_NANO = (
    "SAM 2.1's own modules in a very small size (4 million weights, 128 x 128 input), trained from scratch by "
    "heroprop. It holds no weights of Meta's SAM 2, is far weaker than the smallest of them, and says nothing about "
    "how they would do."
)
_BASE_META = "Meta's SAM 2 network in the size named above."


def in_words(iou: float | None) -> str:
    """`0.9998`, or why there is none."""
    return "not known: no mask to compare" if iou is None else f"{iou:.4f}"


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
    stages, steps = config.get("stages"), config.get("steps")
    length = f"{len(stages)} stages" if stages else f"{steps} steps" if steps else f"{config.get('epochs')} epochs"
    return [
        f"- data: {facts.get('data', 'not recorded')}",
        f"- {length} of "
        f"{data['batch']} windows of {data['frames']} frames, AdamW at {config['optimiser']['lr']:g}, "
        f"seed {config['seed']}; these weights are from step {kept}",
    ]


def _metric_lines(facts: dict[str, Any]) -> list[str]:
    found = facts.get("val")
    if not isinstance(found, dict):
        return []
    shown = ", ".join(f"{name} {value:.3f}" for name, value in found.items() if isinstance(value, int | float))
    return [f"On the validation clips that chose the checkpoint (so a little flattering): {shown}."]
