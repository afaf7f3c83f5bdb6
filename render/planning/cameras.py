"""Cameras: where the camera stands, and how it is moved while the prop flies (pure NumPy)."""

from __future__ import annotations

import math
from typing import cast

import numpy as np

from ..asset import InstalledAsset
from ..document import Document
from ..motion import position
from ..spec import Camera, Curve, Film, Keys, Vec3
from .draws import Number
from .shot import Floats, Shot, vec
from .streams import Stream


class CameraRecipe(Document):
    """`prop_share`: the prop's longest side as a share of the frame's width, at the action's centre.

    `follow` 0 is locked off, 1 keeps the prop centred; `azimuth` (degrees) is measured from straight on, `height` (m)
    is relative to the action's centre, `shake` (m) is the size of hand-held sway, `dolly` (m/s) a sideways drift.
    """

    focal_mm: Number = Number(uniform=(28.0, 60.0))
    prop_share: Number = Number(uniform=(0.14, 0.26))
    azimuth: Number = Number(uniform=(-30.0, 30.0))
    height: Number = Number(uniform=(-0.3, 0.7))
    follow: Number = Number(uniform=(0.0, 0.7))
    shake: Number = Number(uniform=(0.0, 0.02))
    dolly: Number = Number(uniform=(-0.25, 0.25))


def frame_shot(asked: CameraRecipe, prop: InstalledAsset, room: InstalledAsset, film: Film, stream: Stream) -> Shot:
    """Place the camera so that the prop takes `prop_share` of the frame's width at the action's centre."""
    low, high = (np.asarray(corner) for corner in cast(tuple[Vec3, Vec3], room.asset.action_box))
    size = cast(float, prop.asset.size)
    focal = asked.focal_mm.draw(stream)
    distance = size * focal / 36.0 / asked.prop_share.draw(stream)
    middle = (low + high) / 2
    centre = np.array(
        [
            middle[0] + 0.3 * (high[0] - low[0]) * (stream.random() - 0.5),
            middle[1] + 0.3 * (high[1] - low[1]) * (stream.random() - 0.5),
            low[2] + stream.uniform(0.9, 1.7),
        ]
    )
    azimuth = math.radians(asked.azimuth.draw(stream))
    height = asked.height.draw(stream)
    eye = centre + np.array([distance * math.sin(azimuth), -distance * math.cos(azimuth), height])
    eye[2] = max(eye[2], low[2] + 0.3)
    away = (centre - eye) / np.linalg.norm(centre - eye)
    right = np.cross(away, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    width = float(np.linalg.norm(centre - eye)) * 36.0 / focal
    return Shot(
        centre=centre,
        eye=eye,
        right=right,
        up=np.cross(right, away),
        away=away,
        width=width,
        height=width * film.height / film.width,
        prop_size=size,
        box=(cast(Vec3, tuple(low)), cast(Vec3, tuple(high))),
        focal_mm=focal,
    )


def chase(asked: CameraRecipe, shot: Shot, curve: Curve, film: Film, stream: Stream) -> Camera:
    """A camera that pans after the prop by the share `follow`, sways by `shake` metres, and drifts by `dolly` m/s."""
    follow, shake, dolly = asked.follow.draw(stream), asked.shake.draw(stream), asked.dolly.draw(stream)
    step = max(1, round(film.fps / 8))
    times = np.arange(-step, film.frames + step + 1, step) / film.fps
    waves = [
        (stream.uniform(0.5, 2.2), stream.uniform(0, 2 * math.pi), shake * stream.uniform(0.4, 1.0)) for _ in "xyz"
    ]
    sway = np.stack([size * np.sin(2 * math.pi * rate * times + phase) for rate, phase, size in waves], axis=1)
    drift = np.outer(times - times.mean(), shot.right * dolly)
    gaze = shot.centre + follow * (_limited(position(curve, times) - shot.centre, 1.5 * shot.width))
    return Camera(
        position=_keys(times, shot.eye + drift + sway),
        look_at=_keys(times, gaze + drift + 0.5 * sway),
        focal_mm=shot.focal_mm,
    )


def _keys(times: Floats, points: Floats) -> Keys:
    return Keys(times=tuple(float(t) for t in times), points=tuple(vec(point) for point in points))


def _limited(offset_N3: Floats, most: float) -> Floats:
    """Offsets shortened smoothly to stay below `most` metres: a camera does not chase a prop out of the room."""
    length_N1 = np.linalg.norm(offset_N3, axis=1, keepdims=True)
    return offset_N3 * most / np.maximum(np.hypot(length_N1, most), 1e-9)
