"""Camera moves: locked, hand-held, dolly, whip pan, orbit, crash zoom, chase (pure NumPy)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...motion import position
from ...optics import one_to_one
from ...spec import Camera, Circular, Curve, Hermite, Keys, Lens, Linear, Still, Sum, Wave, Waves, ZoomKey
from .shot import Floats, Shot, inside, vec

LARGEST = 0.5
"""The share of the frame's width that a crash zoom may bring the prop to."""
LAG = 0.4
"""Seconds over which an operator evens out what the prop does."""
BEAT = 0.125
"""Seconds between the keys of a gaze."""


@dataclass(frozen=True)
class Operator:
    """Who moves the camera, and how: all that is drawn before the prop's way is known.

    frame, seconds: of one frame and of the clip. follow: share of the prop's way that the gaze follows. shake: m.
    dolly: m/s. orbit: radians. zoom: ratio. dice: further uniform draws.
    """

    move: str
    shot: Shot
    lens: Lens
    frame: float
    seconds: float
    follow: float
    shake: float
    dolly: float
    orbit: float
    zoom: float
    dice: tuple[float, ...]

    def camera(self, place: Curve, gaze: Curve, zoom: tuple[ZoomKey, ...] = ()) -> Camera:
        focal = self.shot.focal_mm
        widest = min((focal, *(key.focal_mm for key in zoom)))
        corner = math.hypot(self.shot.width, self.shot.height) / 2 / self.shot.distance * focal / widest
        lens = one_to_one(self.lens, 1.02 * corner)
        return Camera(position=place, look_at=gaze, focal_mm=focal, zoom=zoom, lens=lens, move=self.move)

    @property
    def stand(self) -> Still:
        return Still(point=vec(self.shot.eye))


def locked(by: Operator, curve: Curve) -> Camera:
    """On a tripod."""
    return by.camera(by.stand, Still(point=vec(by.shot.centre)))


def handheld(by: Operator, curve: Curve) -> Camera:
    """On a shoulder: it breathes, sways and trembles, and follows the prop by its share."""
    return by.camera(Sum(parts=(by.stand, _sway(by, 1.0, 0))), Sum(parts=(_gaze(by, curve), _gaze_sway(by))))


def dolly(by: Operator, curve: Curve) -> Camera:
    """On rails: sideways for the most part, with a push in or a pull out."""
    angle = math.pi * (2 * by.dice[0] - 1) * 0.3 + (math.pi if by.dice[1] < 0.5 else 0.0)
    way = math.cos(angle) * by.shot.right + math.sin(angle) * by.shot.away
    way[2] = 0.0
    length = min(by.dolly * by.seconds, 0.5 * by.shot.distance)
    start, end = (by.shot.eye + way * length * share for share in (-0.5, 0.5))
    start, end = inside(start, by.shot.camera_box), inside(end, by.shot.camera_box)
    place = Linear(start=vec(start), velocity=vec((end - start) / by.seconds))
    return by.camera(place, _gaze(by, curve))


def orbit(by: Operator, curve: Curve) -> Camera:
    """Round the action on a circle, as far as the set has room for it."""
    arm = by.shot.eye - by.shot.centre
    across = np.array([-arm[1], arm[0], 0.0])
    flat = np.array([arm[0], arm[1], 0.0])
    sense = 1.0 if by.dice[0] < 0.5 else -1.0
    sweep = min(by.orbit, math.radians(30) * by.seconds)
    while sweep > 0.02:
        ends = [math.cos(a) * flat + math.sin(a) * across + by.shot.centre for a in (-sweep / 2, sweep / 2)]
        if all(np.allclose(inside(end, by.shot.camera_box)[:2], end[:2]) for end in ends):
            break
        sweep *= 0.8
    middle = by.shot.centre + [0.0, 0.0, arm[2]]
    rate = sense * sweep / by.seconds
    place = Circular(centre=vec(middle), u=vec(flat), v=vec(across), phase=-rate * by.seconds / 2, rate=rate)
    return by.camera(place, _gaze(by, curve))


def crash_zoom(by: Operator, curve: Curve) -> Camera:
    """All at once near, or all at once far; and back after a while."""
    share = by.shot.prop_size / by.shot.width
    ratio = max(min(by.zoom, LARGEST / share), 1.05)
    near = by.shot.focal_mm * ratio
    wide, tight = (by.shot.focal_mm, near) if by.dice[0] < 0.7 else (near, by.shot.focal_mm)
    takes = min(0.2 + 0.25 * by.dice[1], 0.3 * by.seconds)
    begin = (0.15 + 0.35 * by.dice[2]) * by.seconds
    rest = max(0.5 + by.dice[3], 0.2 * by.seconds)
    zoom = [ZoomKey(time=begin, focal_mm=wide), ZoomKey(time=begin + takes, focal_mm=tight)]
    if begin + 2 * takes + rest < by.seconds:
        back = begin + takes + rest
        zoom += [ZoomKey(time=back, focal_mm=tight), ZoomKey(time=back + takes, focal_mm=wide)]
    return by.camera(by.stand, _gaze(by, curve, max(by.follow, 0.85)), tuple(zoom))


def chase(by: Operator, curve: Curve) -> Camera:
    """Runs along with the prop and looks at it, shaking."""
    times, way = _evened(by, curve)
    share = max(by.follow, 0.5)
    places = np.array([inside(by.shot.eye + share * offset, by.shot.camera_box) for offset in way])
    place = Sum(parts=(_keys(times, places), _sway(by, 1.5, 0)))
    return by.camera(place, Sum(parts=(_keys(times, by.shot.centre + 0.9 * way), _gaze_sway(by))))


def whip(by: Operator, curve: Curve) -> Camera:
    """Holds still, and whips round after the prop when it goes out of the middle of the picture."""
    frames = round(by.seconds / by.frame) + 1
    points = position(curve, np.arange(frames) * by.frame)
    away = points - by.shot.centre
    points = by.shot.centre + _limited(away, 1.2 * by.shot.width)
    gaze = by.shot.centre + 0.8 * (points[0] - by.shot.centre)
    times, keys, number, frame = [-by.frame], [gaze], 0, 0
    while frame < frames:
        if abs(float((points[frame] - gaze) @ by.shot.right)) > 0.3 * by.shot.width:
            late, takes = 1 + round(2 * by.dice[number % 64]), 3 + round(3 * by.dice[(number + 1) % 64])
            begin, arrive = frame + late, min(frame + late + takes, frames - 1)
            if arrive <= begin:
                break
            aim = points[min(arrive + 3, frames - 1)]
            times += [begin * by.frame, arrive * by.frame]
            keys += [gaze, aim]
            gaze, frame, number = aim, arrive + 4, number + 2
        frame += 1
    still = ((0.0, 0.0, 0.0),) * len(keys)
    look = Hermite(times=tuple(times), points=tuple(vec(key) for key in keys), velocities=still)
    return by.camera(Sum(parts=(by.stand, _sway(by, 0.5, 0))), look)


MOVES: dict[str, Callable[[Operator, Curve], Camera]] = {
    "locked": locked,
    "handheld": handheld,
    "dolly": dolly,
    "whip": whip,
    "orbit": orbit,
    "crash-zoom": crash_zoom,
    "chase": chase,
}


def _gaze(by: Operator, curve: Curve, follow: float | None = None) -> Curve:
    """Where the camera looks: the centre, drawn after the prop by the share `follow`."""
    share = by.follow if follow is None else follow
    if share == 0:
        return Still(point=vec(by.shot.centre))
    times, way = _evened(by, curve)
    return _keys(times, by.shot.centre + share * way)


def _evened(by: Operator, curve: Curve) -> tuple[Floats, Floats]:
    """Key times (K,) and the prop's way from the centre (K, 3), evened out over `LAG`: no operator follows a tremor."""
    count = math.ceil(by.seconds / BEAT) + 3
    times = (np.arange(count) - 1) * BEAT
    finer = 16
    step = LAG / finer
    around = (np.arange(finer) - (finer - 1) / 2) * step
    points = position(curve, (times[:, None] + around).ravel()).reshape(count, finer, 3)
    way = _limited(points - by.shot.centre, 1.5 * by.shot.width)
    return times, np.asarray(way.mean(axis=1))


def _limited(offset: Floats, most: float) -> Floats:
    """Offsets shortened smoothly to stay below `most` metres: a camera does not chase a prop out of the room."""
    length = np.linalg.norm(offset, axis=-1, keepdims=True)
    return np.asarray(offset * most / np.maximum(np.hypot(length, most), 1e-9))


def _keys(times: Floats, points: Floats) -> Keys:
    return Keys(times=tuple(float(t) for t in times), points=tuple(vec(point) for point in points))


def _sway(by: Operator, strength: float, skip: int) -> Waves:
    """Breath, sway and tremor along three axes, `shake` metres in size."""
    waves = []
    for i, axis in enumerate((by.shot.right, by.shot.up, by.shot.away)):
        for j, (low, high, size) in enumerate(((0.3, 0.8, 1.0), (1.1, 2.4, 0.3), (4.0, 7.0, 0.04))):
            place = skip + 16 + 2 * (3 * i + j)
            rate = 2 * math.pi * (low + (high - low) * by.dice[place % 64])
            phase = 2 * math.pi * by.dice[(place + 1) % 64]
            waves.append(Wave(amplitude=vec(axis * strength * by.shake * size), rate=rate, phase=phase))
    return Waves(waves=tuple(waves))


def _gaze_sway(by: Operator) -> Waves:
    """The same for where it looks, in proportion to the picture: a long lens is not harder to hold by that alone."""
    return _sway(by, 0.3 * by.shot.width, 20)
