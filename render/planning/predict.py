"""What a clip will look like to a tracker, before anything is rendered: areas, speeds and what is hidden, per frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..asset import Library
from ..motion import position
from ..optics import project
from ..spec import ClipSpec
from .occlusion.bodies import Body
from .occlusion.episode import Episode
from .occlusion.grasp import bodies_of
from .occlusion.silhouette import Seen, Sight

Floats = NDArray[np.float64]
GRID = 20
"""Lines of sight across a target, each way."""
HIDDEN = 0.95
"""A target of which at least this share is hidden is as good as gone."""


@dataclass(frozen=True)
class Predicted:
    """One target through a clip of F frames, from the solids of the proxies; what effects do is not in it.

    times: (F,) seconds. area: (F,) square pixels inside the frame with nothing in front. occlusion: (F,) the share of
    that which other targets and extras hide, nan where the area is 0. centre: (F, 2) pixels, x right, y down, of the
    target's origin. speed_px: (F,) pixels a frame that it moves, by central differences. diameter: (F,) pixels, of the
    circle that is as large as `area`.
    """

    times: Floats
    area: Floats
    occlusion: Floats
    centre: Floats
    diameter: Floats

    @cached_property
    def speed_px(self) -> Floats:
        if len(self.times) < 2:
            return np.zeros(len(self.times))
        return np.asarray(np.linalg.norm(np.gradient(self.centre, axis=0), axis=1))

    @property
    def speed_diameters(self) -> Floats:
        """Speed in the target's own diameters a frame, (F,); nan where none of it is in the picture."""
        return np.asarray(self.speed_px / np.where(self.diameter > 0, self.diameter, np.nan))

    @property
    def in_frame(self) -> NDArray[np.bool_]:
        """Where any of it is in the picture, (F,)."""
        return self.area > 0

    @property
    def hidden_frames(self) -> int:
        """Frames in which it is in the picture and as good as wholly hidden."""
        return int((np.nan_to_num(self.occlusion) >= HIDDEN).sum())

    @property
    def episode(self) -> Episode:
        """How it is hidden, in a few numbers."""
        return Episode.of(self.occlusion, self.times)


def predicted(spec: ClipSpec, library: Library, grid: int = GRID) -> Mapping[int, Predicted]:
    """The targets of a clip by object id. UserError where the library lacks an asset of it."""
    sight = Sight.of_clip(spec.camera, spec.film)
    bodies = {target.object_id: Body.of(target, library) for target in spec.targets}
    extras = [body for extra in spec.extras for body in bodies_of(extra, spec.targets, library)]
    found = {}
    for target in spec.targets:
        seen = Seen.look(bodies[target.object_id], sight, grid)
        others = [body for object_id, body in bodies.items() if object_id != target.object_id]
        centre, _ = project(spec.camera, spec.film, sight.times, position(target.curve, sight.times))
        found[target.object_id] = Predicted(
            times=sight.times,
            area=seen.area,
            occlusion=seen.hidden_by([*others, *extras]),
            centre=centre,
            diameter=2 * np.sqrt(seen.area / np.pi),
        )
    return found
