"""A drawn benchmark in memory: disks that differ in one factor at a time, with everything known of them."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from evaluate.axes import Shot
from evaluate.benchmarks.flawed import Scene
from evaluate.running.clips import Clip, Truth

HEIGHT, WIDTH, FRAMES, RADIUS = 72, 128, 20, 8.0
Floats = NDArray[np.float64]


@cache
def scenes(seed: int) -> list[Scene]:
    """A round: three speeds; with effects and without; hidden for a while, beside another object, and not; charged and
    not. The clips of a group share their path."""
    gap = 2 + seed % 4
    moves = [(f"motion.speed={speed}, film.shutter_degrees=180", speed) for speed in (0.05, 0.4, 1.0)]
    found = [_scene(seed, 0, title, speed) for title, speed in moves]
    found += [_scene(seed, 1, title, glows=title != "effects") for title in ("effects.strength=2", "effects")]
    shades = (("occlusion.seconds=0.2", gap), ("occluders", 0))
    found += [_scene(seed, 2, title, gap=frames, company=True) for title, frames in shades]
    return found + [_scene(seed, 3, title, charges=title != "charge") for title in ("target.charge=1", "charge")]


def _scene(
    seed: int,
    group: int,
    title: str,
    speed: float = 0.15,
    glows: bool = False,
    gap: int = 0,
    charges: bool = False,
    company: bool = False,
) -> Scene:
    rng = np.random.default_rng([6, seed, group])
    times = np.arange(FRAMES, dtype=float)
    centre = _path(rng, speed, times)
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    distance = np.hypot(y - centre[:, 1, None, None], x - centre[:, 0, None, None])
    masks = distance < RADIUS
    hidden = (times >= 8) & (times < 8 + gap)
    charge = np.clip((times - 6) / 4, 0, 1) if charges else np.zeros(FRAMES)
    veil = np.exp(-((distance / (2.5 * RADIUS)) ** 2)) if glows else np.zeros(distance.shape)
    name = f"clip-{seed:03d}{group}{title}"
    cluster = f"clip-{seed:03d}{group}"
    tracks = {1: (masks & ~hidden[:, None, None], centre)}
    if company:
        other = centre + (0, 34 if centre[0, 1] < HEIGHT / 2 else -34)
        tracks[2] = np.hypot(y - other[:, 1, None, None], x - other[:, 0, None, None]) < RADIUS, other
    objects = {}
    for number, (seen, middle) in tracks.items():
        gone = hidden if number == 1 else np.zeros(FRAMES, np.bool_)
        area = masks.sum(axis=(1, 2)) if number == 1 else seen.sum(axis=(1, 2))
        step = np.gradient(middle, axis=0)
        pace = np.linalg.norm(step, axis=1) / (2 * RADIUS)
        shot = Shot(
            clip=name,
            object_id=number,
            label="disk",
            cluster=cluster,
            title=title,
            prompted=0,
            present_T=seen.any(axis=(1, 2)),
            occlusion_T=gone.astype(float),
            veil_T=np.array([one[mask].mean() if mask.any() else np.nan for one, mask in zip(veil, seen, strict=True)]),
            speed_T=pace,
            blur_T=pace / 2,
            charge_T=charge,
            centre_T2=middle,
            diameter_T=2 * np.sqrt(area / np.pi),
        )
        objects[number] = Truth("disk", seen, 0, 1.0, shot)
    frames = [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * FRAMES
    return Scene(Clip(name, cluster, frames, objects), veil)


def _path(rng: np.random.Generator, speed: float, times: Floats) -> Floats:
    """Straight on at `speed` diameters a frame, turned back at the picture's edges; (T, 2) px."""
    room = np.array([WIDTH, HEIGHT]) - 2 * RADIUS - 4
    angle = rng.uniform(-0.4, 0.4)
    way = rng.uniform(0.1, 0.3, 2) * room + np.outer(times, (np.cos(angle), np.sin(angle))) * speed * 2 * RADIUS
    turned = np.abs((way + room) % (2 * room) - room)
    return np.asarray(turned + RADIUS + 2)
