"""A run on disk: weights (safetensors + JSON), the log, and the file from which it goes on exactly where it stopped."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from render.document import UserError, write_atomic

from .config import TrainConfig
from .models import save_weights

STILLBORN = {"config.json", "resolved.json", "log.jsonl", "tensorboard", "worst", "best.safetensors", "best.json"}
"""What a run may have written before its first `resume.pt`."""


@dataclass
class Progress:
    """How far a run has come: steps in all, the stage it is in and steps of that; what was best on validation."""

    step: int = 0
    stage: int = 0
    stage_step: int = 0
    best: float = -1.0
    """J&F on validation."""
    best_step: int = 0
    kept_start: float | None = None
    """J&F of the start's weights on what is to be kept."""
    seconds: float = 0.0


class Run:
    """A run folder. Of several processes only the one that `leads` writes it.

    ```
    config.json        recipe and data, to resume by    log.jsonl     one line a step, validation or change of stage
    resolved.json      the recipe with every default    worst/        pictures of the worst clips of each validation
    best.safetensors   + best.json                      resume.pt     weights, optimiser, average, progress
    last.safetensors   + last.json                      tensorboard/
    ```
    Random states are not among it: every draw follows from the seed and the number of its batch.
    """

    def __init__(self, folder: Path, leads: bool = True) -> None:
        self.folder, self.leads = folder, leads
        self.resume_file = folder / "resume.pt"
        self.log_file = folder / "log.jsonl"

    def start(self, config: TrainConfig, data: str) -> None:
        """Claim an empty or new folder for a new run; UserError if it holds anything."""
        if not self.leads:
            return
        self._clear_stillborn()
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            how = "add --resume to go on with it, or name another" if self.resume_file.exists() else "name another"
            raise UserError(f"{self.folder}: the run folder is not empty; {how}")
        write_atomic(self.folder / "config.json", json.dumps(_identity(config, data), indent=2))
        write_atomic(self.folder / "resolved.json", json.dumps(config.model_dump(mode="json"), indent=2) + "\n")

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
        before["config"] = TrainConfig.parse(before["config"], str(self.folder / "config.json")).model_dump(mode="json")
        now = _identity(config, data)
        for key in now:
            if before.get(key) != now[key]:
                what = "recipe" if key == "config" else "data"
                raise UserError(
                    f"{self.folder}: was started with another {what}{_difference(before.get(key), now[key])}"
                )

    def save_weights(
        self, which: str, config: TrainConfig, state: Mapping[str, Tensor], facts: Mapping[str, Any]
    ) -> None:
        """Write `best` or `last`: the weights, then the JSON that describes them; of the last as many as are kept."""
        if not self.leads:
            return
        names = [which]
        if which == "last" and config.keep_last > 1:
            names.append(f"step-{facts['step']:06d}")
        for name in names:
            metadata = {"model": config.model.name, "heroprop": json.dumps(facts)}
            save_weights(self.folder / f"{name}.safetensors", dict(state), metadata)
            write_atomic(self.folder / f"{name}.json", json.dumps({"model": config.model.name, **facts}, indent=2))
        for path in sorted(self.folder.glob("step-*.safetensors"))[: -config.keep_last]:
            path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)

    def save_state(self, state: Mapping[str, Any], progress: Progress) -> None:
        """Write resume.pt: tensors, numbers and strings only, so that `weights_only` loading reads it."""
        if self.leads:
            buffer = io.BytesIO()
            torch.save({**state, "progress": asdict(progress)}, buffer)
            write_atomic(self.resume_file, buffer.getvalue())

    def load_state(self) -> tuple[dict[str, Any], Progress]:
        """What `save_state` wrote; the log's lines after it are dropped. UserError for a damaged file."""
        try:
            state: dict[str, Any] = torch.load(self.resume_file, map_location="cpu", weights_only=True)
            progress = Progress(**state.pop("progress"))
            missing = [name for name in ("model", "optimiser", "average") if name not in state]
            if missing:
                raise KeyError(missing[0])
        except Exception as error:  # torch.load raises nearly anything for a damaged file
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise UserError(f"{self.resume_file}: cannot be resumed from: {reason[:150]}") from None
        if self.leads:
            kept = [line for line in self._log_lines() if json.loads(line)["step"] <= progress.step]
            write_atomic(self.log_file, "".join(line + "\n" for line in kept))
        return state, progress

    def log(self, row: Mapping[str, Any]) -> None:
        """Append one row (it must name its `step`) to the log."""
        if self.leads:
            with self.log_file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")

    def _log_lines(self) -> list[str]:
        """The log's whole lines; a line that a kill cut short is left out."""
        if not self.log_file.exists():
            return []
        text = self.log_file.read_text(encoding="utf-8")
        return text[: text.rfind("\n") + 1].splitlines()


def _identity(config: TrainConfig, data: str) -> dict[str, Any]:
    return {"config": config.model_dump(mode="json"), "data": data}


def _difference(before: Any, now: Any) -> str:
    """` (data.batch was 8, is 4)`: the first difference between two documents."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in now:
            if before.get(key) != now[key]:
                inner = _difference(before.get(key), now[key])
                return inner.replace("(", f"({key}.", 1) if isinstance(now[key], dict) else f" ({key}{inner}"
    return f" was {before}, is {now})" if not isinstance(now, dict) else ""
