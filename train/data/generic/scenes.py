"""Generic moving things, made in NumPy as fast as they are trained on: the data of the nano base.

A clip is a panning textured backdrop, one target, distractors (some nearly its twins), sometimes a passing occluder,
seen through an open shutter and disturbed by flashes, glows, trails and bolts. Nothing in it is a prop that heroprop
renders. The target's coverage is the mean over the shutter of what is visible of it, as in a render.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render.mask import binary_mask, is_present

from ..window import Window
from .sprites import SKIN, TILE, Array, Sprite, box, ellipse, texture

FASTEST = 0.3
"""The highest speed of a target, in frame widths a frame (in the easiest clips a tenth of it); log-uniform below."""


@dataclass(frozen=True)
class Mover:
    """A sprite on its way. Positions and radii are in frame widths, times in frames, angles in radians."""

    sprite: Sprite
    start: Array
    velocity: Array
    swing: Array  # amplitude (x, y) of a sine about the line
    pace: float  # radians a frame of that sine
    phase: float
    radius: float
    growth: float  # a frame, exponential
    turn: float
    spin: float
    tilt: float  # out-of-plane angle at frame 0, seen as foreshortening along one axis
    tumble: float

    def place(self, time: float) -> tuple[float, float, float, float, float]:
        """Centre x, y, radius, in-plane angle and foreshortening at `time`."""
        wave = np.sin(self.phase + self.pace * time) - np.sin(self.phase)
        x, y = self.start + self.velocity * time + self.swing * wave
        squash = max(abs(np.cos(self.tilt + self.tumble * time)), 0.2)
        radius = self.radius * np.exp(np.clip(self.growth * time, -1.2, 1.2))
        return float(x), float(y), float(radius), self.turn + self.spin * time, float(squash)


def _mover(rng: np.random.Generator, sprite: Sprite, radius: float, speed: float, hardness: float) -> Mover:
    heading = rng.uniform(0, 2 * np.pi)
    velocity = speed * np.array([np.cos(heading), np.sin(heading)], np.float32)
    sways = rng.random() < 0.4  # circles and returns: a share of the speed goes into a sine
    pace = rng.uniform(0.1, 0.9)
    swing = rng.uniform(-1, 1, 2).astype(np.float32) * np.float32(speed / pace if sways else 0)
    lively = rng.random() < 0.6
    return Mover(
        sprite=sprite,
        start=rng.uniform(0.12, 0.88, 2).astype(np.float32),
        velocity=velocity * np.float32(0.3 if sways else 1),
        swing=swing,
        pace=pace,
        phase=rng.uniform(0, 2 * np.pi),
        radius=radius,
        growth=rng.normal(0, 0.04) * hardness,
        turn=rng.uniform(0, 2 * np.pi),
        spin=hardness * (rng.normal(0, 0.5) if lively else rng.normal(0, 0.05)),
        tilt=rng.uniform(-1.2, 1.2) * hardness,
        tumble=rng.normal(0, 0.25) * hardness if lively else 0.0,
    )


@dataclass(frozen=True)
class Scene:
    """What a clip shows: `movers` from far to near, the target among them, over a backdrop that pans."""

    backdrop: Array  # (TILE, TILE, 3)
    pan: Array  # frame widths a frame
    shake: float
    movers: tuple[Mover, ...]
    target: int
    aspect: float  # the frame's width over its height before it was squeezed into a square
    shutter: float  # open share of a frame


def _scene(rng: np.random.Generator, hardness: float, slowest: float) -> Scene:
    backdrop = texture(rng, hardness * rng.uniform(0.2, 1))
    if rng.random() < 0.4 * hardness:  # ground under sky
        row = int(rng.integers(TILE // 4, 3 * TILE // 4))
        backdrop = np.concatenate([texture(rng, hardness * rng.uniform(0.05, 0.6))[:row], backdrop[row:]])
    fastest = FASTEST * 0.1 ** (1 - hardness)
    speed = float(np.exp(rng.uniform(np.log(slowest), np.log(fastest))))
    radius = float(np.exp(rng.uniform(np.log(0.05 + 0.07 * (1 - hardness)), np.log(0.32))))
    hero = _mover(rng, Sprite.random(rng, hardness), radius, speed, hardness)
    others = []
    for _ in range(int(rng.integers(1, 5))):
        twin = rng.random() < 0.3 * hardness
        sprite = hero.sprite if twin else Sprite.random(rng, hardness)
        size = radius * rng.uniform(0.8, 1.25) if twin else np.exp(rng.uniform(np.log(0.04), np.log(0.35)))
        others.append(_mover(rng, sprite, float(size), speed * rng.uniform(0, 1.2), hardness))
    movers = [*others, hero]
    target = len(others)
    if others and rng.random() < 0.3:  # one distractor passes in front
        movers[target - 1], movers[target] = movers[target], movers[target - 1]
        target -= 1
    if rng.random() < 0.3 * hardness:
        shape = box(0, 0, 0.25, 3, 0.02) if rng.random() < 0.6 else ellipse(0, 0, 1, 0.8)
        sprite = Sprite((shape,), (texture(rng, rng.uniform(0.1, 0.6), SKIN),), 40.0, (0.2, 0.0))
        movers.append(_mover(rng, sprite, rng.uniform(0.2, 0.5), rng.uniform(0, 0.12), hardness))
    return Scene(
        backdrop=backdrop,
        pan=rng.normal(0, 0.02, 2).astype(np.float32) if rng.random() < 0.6 else np.zeros(2, np.float32),
        shake=float(rng.exponential(0.004)) if rng.random() < 0.3 * hardness else 0.0,
        movers=tuple(movers),
        target=target,
        aspect=float(rng.choice([1.0, 4 / 3, 16 / 9])),
        shutter=float(rng.choice([0.0, 0.5, 0.5, 1.0])),
    )


def _expose(scene: Scene, shift: Array, time: float, size: int) -> tuple[Array, Array]:
    """The scene at one instant: picture (size, size, 3) and the target's visible coverage (size, size)."""
    picture = _crop(scene.backdrop, shift * size, size)
    visible = np.zeros((size, size), np.float32)
    for number, mover in enumerate(scene.movers):
        x, y, radius, turn, squash = mover.place(time)
        centre_x, centre_y = (x - 0.5 * shift[0]) * size, (y - 0.5 * shift[1]) * size
        pixels = radius * size
        reach = pixels * (3.2 if number > scene.target and mover.radius >= 0.2 else 1.5) + 1
        left, right = max(int(centre_x - reach), 0), min(int(centre_x + reach) + 1, size)
        top, bottom = max(int(centre_y - reach), 0), min(int(centre_y + reach) + 1, size)
        if left >= right or top >= bottom:
            continue
        px = (np.arange(left, right, dtype=np.float32) + np.float32(0.5 - centre_x)) * np.float32(scene.aspect / pixels)
        py = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - centre_y)) / np.float32(pixels)
        cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        u = cos * px[None, :] + sin * py[:, None]
        v = (cos * py[:, None] - sin * px[None, :]) / np.float32(squash)
        cover, colour = mover.sprite.draw(u, v, pixels)
        area = (slice(top, bottom), slice(left, right))
        picture[area] += cover[..., None] * (colour - picture[area])
        visible[area] *= 1 - cover
        if number == scene.target:
            visible[area] = cover
    return picture, visible


def _crop(backdrop: Array, offset: Array, size: int) -> Array:
    """A (size, size, 3) view of the endless backdrop from a fractional pixel offset, bilinear."""
    left, top = np.floor(offset).astype(int)
    fx, fy = (offset - np.floor(offset)).astype(np.float32)
    rows, columns = (np.arange(size + 1) + top) % TILE, (np.arange(size + 1) + left) % TILE
    wide = backdrop[rows][:, columns]
    tall = wide[:-1] + fy * (wide[1:] - wide[:-1])
    return np.asarray(tall[:, :-1] + fx * (tall[:, 1:] - tall[:, :-1]), np.float32)


@dataclass(frozen=True)
class Lights:
    """Light that hides things: a glow and a trail on the target, a bolt, a flash of everything; strengths a frame."""

    colour: Array
    glow: Array
    trail: float
    spread: float
    bolt: Array
    gain: Array

    @classmethod
    def random(cls, rng: np.random.Generator, frames: int, hardness: float) -> Lights:
        on = rng.random(4) < np.array([0.3, 0.15, 0.15, 0.2]) * hardness
        flicker = rng.uniform(0.4, 1, frames)
        return cls(
            colour=rng.uniform(0.2, 1, 3).astype(np.float32),
            glow=np.asarray(on[0] * rng.uniform(0.2, 0.9) * flicker, np.float32),
            trail=float(on[1] * rng.uniform(0.3, 0.9)),
            spread=rng.uniform(0.6, 2.0),
            bolt=np.asarray(on[2] * (rng.random(frames) < 0.5) * rng.uniform(0.5, 1.2), np.float32),
            gain=np.asarray(np.exp(on[3] * rng.normal(0, 0.35, frames)), np.float32),
        )

    def shine(self, rng: np.random.Generator, picture: Array, hero: Mover, frame: int) -> Array:
        """The picture with this frame's lights added."""
        size = len(picture)
        grid = (np.arange(size, dtype=np.float32) + 0.5) / size
        x, y, radius, _, _ = hero.place(frame)
        light = np.zeros((size, size), np.float32)
        if self.glow[frame]:
            light += self.glow[frame] * _blob(grid, x, y, radius * self.spread)
        if self.trail:
            for age in (0.5, 1.0, 1.5, 2.0):
                tail = hero.place(frame - age)
                light += np.float32(self.trail / (1 + age)) * _blob(grid, tail[0], tail[1], radius * 0.4)
        if self.bolt[frame]:
            foot = rng.uniform(0, 1, 2) * [1, 0]
            steps = np.linspace(0, 1, 25)[:, None]
            path = (
                foot + steps * (np.array([x, y]) - foot) + rng.normal(0, 0.015, (25, 2)).cumsum(0) * np.sqrt(1 - steps)
            )
            cells = np.floor(np.linspace(path[:-1], path[1:], 6).reshape(-1, 2) * size).astype(int)
            cells = cells[((cells >= 0) & (cells < size)).all(1)]
            light[cells[:, 1], cells[:, 0]] += self.bolt[frame]
            light[np.minimum(cells[:, 1] + 1, size - 1), cells[:, 0]] += 0.5 * self.bolt[frame]
        return np.asarray(picture * self.gain[frame] + light[..., None] * self.colour, np.float32)


def _blob(grid: Array, x: float, y: float, width: float) -> Array:
    """A Gaussian of the given width (frame widths) about (x, y)."""
    scale = np.float32(-0.5 / max(width, 0.01) ** 2)
    return np.asarray(
        np.exp(scale * (grid - np.float32(y)) ** 2)[:, None] * np.exp(scale * (grid - np.float32(x)) ** 2)
    )


@dataclass(frozen=True)
class Generic:
    """An endless stream of generic clips, each drawn from (`seed`, `part`, its index) alone.

    `part` 0 is for training, 1 for validation, 2 for testing: they share no clip. The first `easy` clips grow from
    plain, slow and undisturbed to `hardest` (0..1): a model from nothing learns to look at its memory there.
    """

    seed: int
    part: int
    frames: int
    size: int
    easy: int = 0
    hardest: float = 1.0
    slowest: float = 0.003

    def window(self, index: int) -> Window:
        """Clip `index`: the target is present in frame 0; later it may leave, hide or come back."""
        rng = np.random.default_rng([self.seed, self.part, index])
        hardness = self.hardest * min((index + 1) / (self.easy + 1), 1.0)
        while True:
            window = _attempt(rng, self, hardness, f"generic-{self.part}-{index}")
            if window is not None:
                return window


def _attempt(rng: np.random.Generator, stream: Generic, hardness: float, name: str) -> Window | None:
    frames, size = stream.frames, stream.size
    scene, lights = _scene(rng, hardness, stream.slowest), Lights.random(rng, frames, hardness)
    shakes = rng.normal(0, scene.shake, (frames, 2)).astype(np.float32)
    contrast, lift, noise = rng.uniform(0.6, 1.2), rng.uniform(-0.1, 0.15), rng.exponential(0.015) * hardness
    hero = scene.movers[scene.target]
    pictures = np.empty((frames, size, size, 3), np.uint8)
    coverage = np.empty((frames, size, size), np.uint8)
    for frame in range(frames):
        ends = [hero.place(frame + side * scene.shutter / 2) for side in (-1, 1)]
        blur = size * np.hypot(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1])
        blur += 0.7 * size * hero.radius * abs(hero.spin) * scene.shutter
        instants = 1 + min(int(blur / 2.5), 7)
        picture, visible = np.zeros((size, size, 3), np.float32), np.zeros((size, size), np.float32)
        for number in range(instants):
            time = frame + scene.shutter * ((number + 0.5) / instants - 0.5)
            shot, seen = _expose(scene, scene.pan * np.float32(time) + shakes[frame], time, size)
            picture += shot
            visible += seen
        coverage[frame] = np.rint(visible * np.float32(255 / instants))
        if frame == 0 and not (is_present(coverage[0]) and binary_mask(coverage[0]).sum() >= 12):
            return None
        picture = lights.shine(rng, picture / np.float32(instants), hero, frame)
        picture = (picture - 0.5) * np.float32(contrast) + np.float32(0.5 + lift)
        picture += rng.standard_normal(picture.shape, np.float32) * np.float32(noise)
        pictures[frame] = np.clip(picture * 255, 0, 255)
    return Window(pictures, coverage[None], name)
