"""What a user says about an object on one frame, and what the tracker answers for a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from render.document import UserError


@dataclass(frozen=True)
class Prompt:
    """An object on one frame: a mask, or a box and/or points. Coordinates are (x, y) pixels from the top left."""

    object_id: int = 1
    frame: int = 0
    points: tuple[tuple[float, float], ...] = ()
    labels: tuple[int, ...] = ()
    """1 on the object, 0 off it; one a point (all 1 if left out)."""
    box: tuple[float, float, float, float] | None = None
    """x0, y0, x1, y1."""
    mask: NDArray[np.bool_] | None = field(default=None, compare=False)
    """bool (H, W), the frame's own size."""

    def check(self, height: int, width: int, correction: bool = False) -> None:
        """Raise UserError if the prompt is empty, contradicts itself or does not fit a frame of this size.

        A `correction` may hold points off the object alone.
        """
        size = f"the frame is {width}x{height}"
        if self.mask is not None:
            if self.points or self.box is not None:
                raise UserError(f"prompt of object {self.object_id}: give a mask, or a box and points, not both")
            if self.mask.shape != (height, width):
                found = f"{self.mask.shape[1]}x{self.mask.shape[0]}"
                raise UserError(f"mask of object {self.object_id} is {found}, but {size}; give one of the frame's size")
            if not self.mask.any():
                raise UserError(f"mask of object {self.object_id} is empty; mark at least one pixel")
            return
        if not self.points and self.box is None:
            raise UserError(f"prompt of object {self.object_id}: nothing given; give a point, a box or a mask")
        if self.labels and len(self.labels) != len(self.points):
            raise UserError(f"prompt of object {self.object_id}: {len(self.points)} points, {len(self.labels)} labels")
        if self.points and self.box is None and not correction and 1 not in (self.labels or (1,)):
            raise UserError(f"prompt of object {self.object_id}: only negative points; give one on the object")
        for x, y in self.points:
            if not (0 <= x < width and 0 <= y < height):
                raise UserError(f"point {x:g},{y:g} lies outside the frame; {size}")
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            shown = f"box {x0:g},{y0:g},{x1:g},{y1:g}"
            if x1 <= x0 or y1 <= y0:
                raise UserError(f"{shown} is empty; give x0,y0,x1,y1 with x0 < x1 and y0 < y1")
            if not (x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height):
                raise UserError(f"{shown} reaches outside the frame; {size}")


@dataclass(frozen=True)
class Tracked:
    """One frame's answer, by object id; an object is missing until the frame that it is prompted on."""

    index: int
    logits: dict[int, NDArray[np.float32]]
    """(H, W) at the frame's resolution; above 0 is the object."""
    scores: dict[int, float]
    """The model's own belief that the object is in the picture, 0..1."""
    cut: bool = False
    """A scene cut was noticed between the frame before and this one."""
    by_flow: bool = False
    """The masks were carried here by optical flow; the network did not look at this frame."""

    @property
    def masks(self) -> dict[int, NDArray[np.bool_]]:
        """bool (H, W) masks: logits above 0."""
        return {object_id: logits > 0 for object_id, logits in self.logits.items()}


def check_prompts(prompts: Sequence[Prompt]) -> None:
    """Raise UserError unless there is a prompt, on a frame that can be, and one for an object on a frame at most."""
    if not prompts:
        raise UserError("no prompt; give a point, a box or a mask of what to track")
    seen = set()
    for prompt in prompts:
        if prompt.frame < 0:
            raise UserError(f"prompt of object {prompt.object_id}: frame {prompt.frame}; frames count from 0")
        if (prompt.object_id, prompt.frame) in seen:
            raise UserError(
                f"object {prompt.object_id} has more than one prompt on frame {prompt.frame}; "
                "put its points and box into one"
            )
        seen.add((prompt.object_id, prompt.frame))
