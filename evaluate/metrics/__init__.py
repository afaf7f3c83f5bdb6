"""What a mask is worth: J, F and their kin. NumPy alone is needed."""

from .davis import FrameScore, area_aware_f, boundary_f, frame_score, j_and_f, jaccard
from .protocol import Protocol, scored_frames

__all__ = [
    "FrameScore", "Protocol", "area_aware_f", "boundary_f", "frame_score", "j_and_f", "jaccard", "scored_frames",
]  # fmt: skip
