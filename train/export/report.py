"""What an export says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..models import Loaded
from .parity import Parity


@dataclass(frozen=True)
class ExportReport:
    """What was written and how the exported model's masks compare with ours."""

    out: str
    to: str
    files: tuple[str, ...]
    model: str
    source: str
    sha256: str
    """Of the file that holds the weights, or (more than one) of the first."""
    call: str
    """Python that loads it."""
    checked: str
    max_logit_difference: float
    min_mask_iou: float | None
    """None where the model drew no mask worth comparing from the prompts of the check."""


def told(
    out: Path, to: str, files: Sequence[Path], loaded: Loaded, digest: str, call: str, parity: Parity
) -> ExportReport:
    """The report of weights that were written as `files`, the one that holds them of SHA-256 `digest`."""
    return ExportReport(
        out=str(out),
        to=to,
        files=tuple(str(file) for file in files),
        model=loaded.name,
        source=loaded.source,
        sha256=digest,
        call=call,
        checked=parity.checked,
        max_logit_difference=parity.logit_difference,
        min_mask_iou=parity.known_iou,
    )


def on_the_hub(report: ExportReport) -> dict[str, Path]:
    """What belongs into a repository of the hub, by its name there: the card is what the hub shows as README.md."""
    out = Path(report.out)
    if out.is_dir():
        return {name: out / name for name in sorted(path.name for path in out.iterdir() if path.is_file())}
    return {"README.md" if file.suffix == ".md" else file.name: file for file in map(Path, report.files)}
