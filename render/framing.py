"""Framing: place the camera, lay the prop's path through its picture, and let the camera follow (pure NumPy)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from .asset import InstalledAsset
from .motion import position
from .optics import project
from .recipe import MOTIONS, CameraRecipe, MotionRecipe
from .spec import Camera, Circular, Curve, Film, Keys, Linear, Return, Vec3
from .streams import Stream

Floats = NDArray[np.float64]

IN_VIEW = 0.8
"""The prop's centre must project inside the frame in this share of the frames."""

FLIGHT_SHARE = 0.6
"""A straight flight takes at least this share of the clip, so that the prop is not absent from most of it."""


@dataclass(frozen=True)
class Shot:
    """The frame as a room for the action: the centre it looks at, its axes, and its size there (all metres)."""

    centre: Floats
    eye: Floats
    right: Floats
    up: Floats
    away: Floats
    width: float
    height: float
    prop_size: float
    box: tuple[Vec3, Vec3]
    focal_mm: float


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


def lay_path(asked: MotionRecipe, shot: Shot, film: Film, stream: Stream) -> Curve:
    """A path through the picture: across it, around its centre, or out from one side and back.

    A straight flight shorter than the clip ends outside the frame; it is slowed to fill `FLIGHT_SHARE` of the clip.
    """
    kind = asked.kind.draw(stream, list(MOTIONS))
    seconds = asked.seconds.draw(stream)
    extent = asked.extent.draw(stream)
    side = 1.0 if stream.chance(0.5) else -1.0
    lean = asked.depth.draw(stream)
    tilt = stream.uniform(-0.45, 0.45)
    length = extent * shot.width
    clip_seconds = film.frames / film.fps
    across = side * math.cos(tilt) * shot.right + math.sin(tilt) * shot.height / shot.width * shot.up - lean * shot.away
    if kind == "linear":
        flight = max(seconds, FLIGHT_SHARE * clip_seconds)
        velocity = across * length / flight
        begin = max(flight - clip_seconds, 0.0) / 2  # a flight longer than the clip is filmed in its middle
        return Linear(start=vec(shot.centre - velocity * (flight / 2 - begin)), velocity=vec(velocity))
    if kind == "circular":
        flat = stream.uniform(0.35, 0.9)
        u = across * length / 2
        v = (shot.up * math.cos(lean * 2) + shot.away * math.sin(lean * 2)) * flat * min(shot.height * 0.36, length / 2)
        phase = stream.uniform(0, 2 * math.pi)
        return Circular(centre=vec(shot.centre), u=vec(u), v=vec(v), phase=phase, rate=side * 2 * math.pi / seconds)
    reach = across * length
    bow = shot.up * shot.height * stream.uniform(-0.16, 0.16)
    return Return(start=vec(shot.centre - reach / 2), reach=vec(reach), bow=vec(bow), period=seconds)


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


def filmable(curve: Curve, camera: Camera, film: Film, shot: Shot) -> bool:
    """In view for `IN_VIEW` of its flight and on the first frame, above the ground, inside the clear room, in focus."""
    times = np.arange(film.frames) / film.fps
    points = position(curve, times)
    pixels, depth = project(camera, film, times, points)
    inset = 0.04 * film.width
    inside = (pixels >= inset) & (pixels <= np.array([film.width, film.height]) - inset)
    seen = inside.all(axis=1) & (depth > 2 * shot.prop_size)
    low, high = np.asarray(shot.box[0]), np.asarray(shot.box[1])
    margin = 0.55 * shot.prop_size
    clear = ((points >= low + [0, 0, margin]) & (points <= high)).all(axis=1)
    flying = seen | (np.abs(pixels[:, 0] / film.width - 0.5) < 1.0)
    return bool(seen[0] and clear[flying].all() and depth.min() > shot.prop_size and seen.mean() >= _wanted(curve))


def _wanted(curve: Curve) -> float:
    """A straight flight may leave the frame for good; every other path must stay in view."""
    return IN_VIEW if not isinstance(curve, Linear) else 0.8 * FLIGHT_SHARE


def vec(point: Floats) -> Vec3:
    return float(point[0]), float(point[1]), float(point[2])


def _keys(times: Floats, points: Floats) -> Keys:
    return Keys(times=tuple(float(t) for t in times), points=tuple(vec(point) for point in points))


def _limited(offset_N3: Floats, most: float) -> Floats:
    """Offsets shortened smoothly to stay below `most` metres: a camera does not chase a prop out of the room."""
    length_N1 = np.linalg.norm(offset_N3, axis=1, keepdims=True)
    return offset_N3 * most / np.maximum(np.hypot(length_N1, most), 1e-9)
