"""Cameras: where the camera stands, what lens it has, and how it is moved while the prop flies (pure NumPy)."""

from __future__ import annotations

import math
from typing import Self, cast

import numpy as np
from pydantic import model_validator

from ...asset import InstalledAsset
from ...document import Document, nearest
from ...spec import Camera, Curve, Film, Lens
from ...streams import Stream
from ..draws import Chance, Number, Pick
from .moves import MOVES, Operator
from .shot import Box, Floats, Shot, diameter

BEHIND, BESIDE = 9.0, 3.0
"""Metres that a camera may stand behind the action's clear room, and beside it, where a set does not say."""


class CameraRecipe(Document):
    """`prop_share`: the prop's longest side as a share of the frame's width, at the action's centre.

    `move` is the kind of camera work. `azimuth` (degrees) is measured from straight on, `height` (m) is relative to the
    action's centre. `follow` 0 keeps the gaze on the action's centre, 1 on the prop (a locked camera never follows).
    `shake` (m) is the size of hand-held sway, `dolly` (m/s) the speed of a dolly, `orbit` (degrees) how far round an
    orbit goes, `zoom` the ratio of a crash zoom. `depth_of_field`: the chance of an open aperture, `f_stop`.
    `distorted`: the chance of a lens with radial distortion `k1` (below 0: barrel) and `k2`.
    """

    move: Pick = Pick(choice=("locked", "handheld"))
    focal_mm: Number = Number(uniform=(28.0, 60.0))
    prop_share: Number = Number(uniform=(0.14, 0.26))
    azimuth: Number = Number(uniform=(-30.0, 30.0))
    height: Number = Number(uniform=(-0.3, 0.7))
    follow: Number = Number(uniform=(0.0, 0.7))
    shake: Number = Number(uniform=(0.004, 0.02))
    dolly: Number = Number(uniform=(0.2, 0.8))
    orbit: Number = Number(uniform=(20.0, 60.0))
    zoom: Number = Number(loguniform=(1.5, 2.5))
    depth_of_field: Chance = 0.0
    f_stop: Number = Number(loguniform=(1.4, 8.0))
    distorted: Chance = 0.0
    k1: Number = Number(uniform=(-0.12, 0.05))
    k2: Number = Number(uniform=(-0.01, 0.02))

    @model_validator(mode="after")
    def _known(self) -> Self:
        for move in self.move.named:
            if move not in (*MOVES, "any"):
                raise ValueError(f"move: no camera move '{move}'{nearest(move, list(MOVES))}")
        for key, lowest, highest in (("focal_mm", 8.0, 400.0), ("prop_share", 0.005, 4.0), ("f_stop", 0.5, 64.0)):
            low, high = cast(Number, getattr(self, key)).bounds()
            if low < lowest or high > highest:
                raise ValueError(f"{key}: between {lowest:g} and {highest:g}, not {low:g} to {high:g}")
        return self


def camera_room(room: InstalledAsset) -> Box:
    """Where cameras may stand: the set's `camera_box`, or behind and beside its clear room."""
    if room.asset.camera_box is not None:
        return room.asset.camera_box
    low, high = cast(Box, room.asset.action_box)
    return (low[0] - BESIDE, low[1] - BEHIND, low[2] + 0.25), (high[0] + BESIDE, high[1], high[2])


def frame_shot(
    asked: CameraRecipe,
    prop: InstalledAsset,
    room: InstalledAsset,
    film: Film,
    heights: tuple[float, float],
    stream: Stream,
) -> Shot:
    """Place the camera so that the prop takes `prop_share` of the frame's width at the action's centre.

    The centre lies between `heights` (m) above the ground. Where the set is too small for the lens, the lens is
    shorter: the camera stands as far off as it can.
    """
    box = cast(Box, room.asset.action_box)
    low, high = np.asarray(box[0]), np.asarray(box[1])
    size = cast(float, prop.asset.size)
    focal, share = asked.focal_mm.draw(stream), asked.prop_share.draw(stream)
    distance = size * focal / 36.0 / share
    middle = (low + high) / 2
    centre = np.array(
        [
            middle[0] + 0.3 * (high[0] - low[0]) * (stream.random() - 0.5),
            middle[1] + 0.3 * (high[1] - low[1]) * (stream.random() - 0.5),
            low[2] + stream.uniform(*heights),
        ]
    )
    azimuth = math.radians(asked.azimuth.draw(stream))
    height = min(max(asked.height.draw(stream), -0.6 * distance), 0.6 * distance)
    flat = math.sqrt(distance**2 - height**2)
    back = np.array([flat * math.sin(azimuth), -flat * math.cos(azimuth), height])
    cameras = camera_room(room)
    eye = centre + back * _room_behind(centre, back, cameras)
    eye[2] = min(max(eye[2], cameras[0][2], low[2] + 0.25), cameras[1][2])
    away = centre - eye
    reach = float(np.linalg.norm(away))
    away = away / reach
    focal = max(min(focal, share * 36.0 * reach / size), 8.0)
    right = np.cross(away, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    width = reach * 36.0 / focal
    return Shot(
        centre=centre,
        eye=eye,
        right=right,
        up=np.cross(right, away),
        away=away,
        width=width,
        height=width * film.height / film.width,
        prop_size=size,
        diameter=diameter(prop),
        box=box,
        camera_box=cameras,
        focal_mm=focal,
    )


def _room_behind(centre: Floats, back: Floats, room: Box) -> float:
    """The share of the way `back` from the centre that stays within the cameras' room, in the ground plane."""
    share = 1.0
    for axis in (0, 1):
        if back[axis]:
            wall = room[1][axis] if back[axis] > 0 else room[0][axis]
            share = min(share, max((wall - centre[axis]) / back[axis], 0.05))
    return share


def draw_lens(asked: CameraRecipe, stream: Stream) -> Lens:
    """Open or sharp throughout, straight or distorted."""
    stop = asked.f_stop.draw(stream)
    k1, k2 = asked.k1.draw(stream), asked.k2.draw(stream)
    open_wide, bent = stream.chance(asked.depth_of_field), stream.chance(asked.distorted)
    return Lens(f_stop=stop if open_wide else None, k1=k1 if bent else 0.0, k2=k2 if bent else 0.0)


def draw_operator(asked: CameraRecipe, move: str, shot: Shot, film: Film, lens: Lens, stream: Stream) -> Operator:
    """Everything about the camera's work that does not depend on where the prop goes."""
    return Operator(
        move=move,
        shot=shot,
        lens=lens,
        frame=1.0 / film.fps,
        seconds=film.frames / film.fps,
        follow=0.0 if move == "locked" else asked.follow.draw(stream),
        shake=asked.shake.draw(stream),
        dolly=asked.dolly.draw(stream),
        orbit=math.radians(asked.orbit.draw(stream)),
        zoom=asked.zoom.draw(stream),
        dice=tuple(stream.random() for _ in range(64)),
    )


def point(operator: Operator, curve: Curve) -> Camera:
    """The camera at work on a prop that moves along `curve`."""
    return MOVES[operator.move](operator, curve)
