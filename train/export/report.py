"""What an export says of itself."""

from __future__ import annotations

from dataclasses import dataclass


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
