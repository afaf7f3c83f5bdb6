"""A run on disk: weights (safetensors + JSON), the log, and the file from which it goes on exactly where it stopped."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from render.document import UserError, write_atomic

from .config import TrainConfig
from .models import save_weights

STILLBORN = {"config.json", "log.jsonl", "tensorboard", "best.safetensors", "best.json"}
"""What a run may have written before its first `resume.pt`."""


@dataclass
class Progress:
    """How far a run has come."""

    step: int = 0
    best_j: float = -1.0
    best_step: int = 0
    seconds: float = 0.0


class Run:
    """A run folder.

    ```
    config.json        the resolved recipe            log.jsonl     one line a step or validation
    best.safetensors   + best.json                    resume.pt     model, optimiser, step, every random state
    last.safetensors   + last.json                    tensorboard/
    ```
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.resume_file = folder / "resume.pt"
        self.log_file = folder / "log.jsonl"

    def start(self, config: TrainConfig, data: str) -> None:
        """Claim an empty or new folder for a new run; UserError if it holds anything."""
        self._clear_stillborn()
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            how = "add --resume to go on with it, or name another" if self.resume_file.exists() else "name another"
            raise UserError(f"{self.folder}: the run folder is not empty; {how}")
        write_atomic(self.folder / "config.json", json.dumps(self._identity(config, data), indent=2))

    def _clear_stillborn(self) -> None:
        """Remove what a run left that was stopped before it first saved anything to go on from."""
        if not (self.folder / "config.json").is_file() or self.resume_file.exists():
            return
        left = list(self.folder.iterdir())
        if all(path.name in STILLBORN or path.suffix == ".tmp" for path in left):
            shutil.rmtree(self.folder)

    def check_same(self, config: TrainConfig, data: str) -> None:
        """UserError unless this folder holds a resumable run of this very recipe on this very data."""
        if not self.resume_file.is_file():
            raise UserError(f"{self.folder}: nothing to resume here (no resume.pt); leave --resume out to start")
        before = json.loads((self.folder / "config.json").read_text(encoding="utf-8"))
        now = self._identity(config, data)
        for key in now:
            if before.get(key) != now[key]:
                what = "recipe" if key == "config" else "data"
                raise UserError(
                    f"{self.folder}: was started with another {what}{_difference(before.get(key), now[key])}"
                )

    def _identity(self, config: TrainConfig, data: str) -> dict[str, Any]:
        return {"config": config.model_dump(mode="json"), "data": data}

    def save_weights(self, which: str, config: TrainConfig, state: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Write `best` or `last`: the weights, then the JSON that describes them."""
        metadata = {"model": config.model.name, "heroprop": json.dumps(facts)}
        save_weights(self.folder / f"{which}.safetensors", state, metadata)
        write_atomic(self.folder / f"{which}.json", json.dumps({"model": config.model.name} | facts, indent=2))

    def save_state(self, model: Any, optimiser: torch.optim.Optimizer, progress: Progress) -> None:
        """Write resume.pt: tensors, numbers and strings only, so that `weights_only` loading reads it."""
        buffer = io.BytesIO()
        state = {
            "model": model.state_dict(),
            "optimiser": optimiser.state_dict(),
            "progress": vars(progress),
            "torch_rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "click_rng": json.dumps(model.rng.bit_generator.state),
        }
        torch.save(state, buffer)
        write_atomic(self.resume_file, buffer.getvalue())

    def load_state(self, model: Any, optimiser: torch.optim.Optimizer) -> Progress:
        """Put model, optimiser and every random state back as `save_state` found them; drop log lines after it."""
        try:
            state = torch.load(self.resume_file, map_location="cpu", weights_only=True)
            model.load_state_dict(state["model"], strict=True)
            optimiser.load_state_dict(state["optimiser"])
            progress = Progress(**state["progress"])
            model.rng = np.random.default_rng()
            model.rng.bit_generator.state = json.loads(state["click_rng"])
            torch.set_rng_state(state["torch_rng"])
            if torch.cuda.is_available() and state["cuda_rng"]:
                torch.cuda.set_rng_state_all(state["cuda_rng"])
        except Exception as error:  # torch.load raises nearly anything for a damaged file
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise UserError(f"{self.resume_file}: cannot be resumed from: {reason[:150]}") from None
        kept = [line for line in self._log_lines() if json.loads(line)["step"] <= progress.step]
        write_atomic(self.log_file, "".join(line + "\n" for line in kept))
        return progress

    def log(self, row: dict[str, Any]) -> None:
        """Append one row (it must name its `step`) to the log."""
        with self.log_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _log_lines(self) -> list[str]:
        """The log's whole lines; a line that a kill cut short is left out."""
        if not self.log_file.exists():
            return []
        text = self.log_file.read_text(encoding="utf-8")
        return text[: text.rfind("\n") + 1].splitlines()


def _difference(before: Any, now: Any) -> str:
    """` (data.batch was 8, is 4)`: the first difference between two documents."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in now:
            if before.get(key) != now[key]:
                inner = _difference(before.get(key), now[key])
                return inner.replace("(", f"({key}.", 1) if isinstance(now[key], dict) else f" ({key}{inner}"
    return f" was {before}, is {now})" if not isinstance(now, dict) else ""
