"""Compose one clip: draw from the recipe's distributions and solve the geometry (pure NumPy, no rendering).

Each part draws from its own named stream, so that adding an effect does not reshuffle the camera. Motion and camera are
drawn together until the prop stays in view, over the ground and inside the set's clear room.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from .asset import InstalledAsset, Kind, Library
from .document import UserError
from .motion import position
from .optics import project
from .recipe import MOTIONS, Recipe, Split
from .spec import (
    Camera,
    ChargeKey,
    Circular,
    ClipSpec,
    Curve,
    Effect,
    Film,
    Glow,
    Keys,
    Lightning,
    Linear,
    Occluder,
    Return,
    Spin,
    Stage,
    Still,
    Strike,
    Sun,
    Target,
    Trail,
    Vec3,
)
from .streams import Stream

Floats = NDArray[np.float64]

DECIMALS = 6
"""Specs are rounded to this many decimals (micrometres, microseconds), so that libm's last bits never reach a hash."""

ATTEMPTS = 200
IN_VIEW = 0.8
"""The prop's centre must project inside the frame in this share of the frames while it flies."""

COLOURS: tuple[Vec3, ...] = ((0.16, 0.45, 1.0), (0.45, 0.2, 1.0), (1.0, 0.45, 0.1), (0.2, 1.0, 0.45), (1.0, 0.12, 0.1))
"""Energy colours, linear Rec.709: electric blue, violet, ember, emerald, crimson."""


def compose(recipe: Recipe, library: Library, seed: int, index: int) -> ClipSpec:
    """Clip `index` of the dataset with that seed; UserError if the recipe asks for what cannot be filmed."""
    split = recipe.splits.of(index)
    allowed = _Allowed(recipe, library, split)

    def stream(name: str, attempt: int = 0) -> Stream:
        return Stream(seed, index, name, attempt)

    film = _film(recipe, stream("film"))
    stage = _stage(recipe, allowed, stream("stage"))
    prop, finish = _prop(recipe, allowed, stream("target"))
    for attempt in range(ATTEMPTS):
        shot = _frame_shot(recipe, prop, allowed.get("set", stage.set), film, stream("camera", attempt))
        curve = _motion(recipe, shot, film, stream("motion", attempt))
        camera = _camera(recipe, shot, curve, film, stream("follow", attempt))
        if _filmable(curve, camera, film, shot):
            break
    else:
        raise UserError(
            f"recipe '{recipe.name}', clip {index}: no path in {ATTEMPTS} tries keeps {prop.asset.name} in view inside "
            f"the clear room of {stage.set}; lower camera.prop_share or motion.extent, or raise camera.focal_mm"
        )
    colour = stream("colour").pick(list(COLOURS))
    target = Target(
        object_id=1,
        asset=prop.asset.name,
        asset_digest=prop.digest,
        label=prop.asset.label,
        finish=finish,
        curve=curve,
        spin=_spin(recipe, prop, stream("spin")),
        charge=_charge(recipe, prop, film, stream("charge")),
        charge_colour=colour,
    )
    spec = ClipSpec(
        clip=f"clip-{index:06d}",
        index=index,
        split=split,
        seed=stream("noise").integer(2**31),
        film=film,
        stage=stage,
        camera=camera,
        targets=(target,),
        occluders=_occluders(recipe, allowed, shot, curve, camera, film, stream("occluders")),
        effects=_effects(recipe, shot, target, film, stream),
    )
    return rounded(spec)


class _Allowed:
    """The library as one split may see it: held-out values for the test split alone, all the others for the rest."""

    def __init__(self, recipe: Recipe, library: Library, split: Split) -> None:
        self.library, self.recipe, self.test = library, recipe, split == "test"

    def get(self, kind: Kind, name: str) -> InstalledAsset:
        return self.library.get(name, kind)

    def names(self, kind: Kind) -> list[str]:
        held = {"set": self.recipe.held_out.set, "hdri": self.recipe.held_out.hdri, "prop": self.recipe.held_out.asset}
        return self._permitted(self.library.names(kind), held.get(kind, ()))

    def finishes(self, prop: InstalledAsset) -> list[str]:
        return self._permitted(list(prop.asset.finishes), self.recipe.held_out.finish)

    def _permitted(self, names: list[str], held: tuple[str, ...]) -> list[str]:
        if self.test:
            return [name for name in names if name in held] or names
        return [name for name in names if name not in held]


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


def _film(recipe: Recipe, stream: Stream) -> Film:
    asked = recipe.film
    return Film(
        width=asked.width,
        height=asked.height,
        frames=asked.frames,
        fps=asked.fps,
        samples=asked.samples,
        view_transform=asked.view_transform,
        shutter_degrees=asked.shutter_degrees.draw(stream),
        exposure=asked.exposure.draw(stream),
    )


def _stage(recipe: Recipe, allowed: _Allowed, stream: Stream) -> Stage:
    asked = recipe.stage
    chosen_set = allowed.get("set", asked.set.draw(stream, allowed.names("set")))
    chosen_hdri = allowed.get("hdri", asked.hdri.draw(stream, allowed.names("hdri")))
    warmth = stream.random()
    return Stage(
        set=chosen_set.asset.name,
        set_digest=chosen_set.digest,
        hdri=chosen_hdri.asset.name,
        hdri_digest=chosen_hdri.digest,
        hdri_strength=asked.hdri_strength.draw(stream),
        hdri_yaw=stream.uniform(0, 2 * math.pi),
        sun=Sun(
            azimuth=math.radians(stream.uniform(200, 340)),  # from the camera's side, so that faces are lit
            elevation=math.radians(asked.sun_elevation.draw(stream)),
            angle=math.radians(stream.uniform(0.5, 3.0)),
            strength=asked.sun_strength.draw(stream),
            colour=(1.0, 0.96 - 0.2 * warmth, 0.9 - 0.4 * warmth),
        ),
    )


def _prop(recipe: Recipe, allowed: _Allowed, stream: Stream) -> tuple[InstalledAsset, str]:
    prop = allowed.get("prop", recipe.target.asset.draw(stream, allowed.names("prop")))
    return prop, recipe.target.finish.draw(stream, allowed.finishes(prop))


def _frame_shot(recipe: Recipe, prop: InstalledAsset, room: InstalledAsset, film: Film, stream: Stream) -> Shot:
    """Place the camera so that the prop takes `prop_share` of the frame's width at the action's centre."""
    asked = recipe.camera
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


def _motion(recipe: Recipe, shot: Shot, film: Film, stream: Stream) -> Curve:
    asked = recipe.motion
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
        velocity = across * length / seconds
        slack = clip_seconds - seconds  # a clip longer than the flight: the prop enters or leaves the frame
        begin = stream.random() * max(slack, 0.0) if slack > 0 else slack / 2
        return Linear(start=_vec(shot.centre - velocity * (seconds / 2 + begin)), velocity=_vec(velocity))
    if kind == "circular":
        flat = stream.uniform(0.35, 0.9)
        u = across * length / 2
        v = (shot.up * math.cos(lean * 2) + shot.away * math.sin(lean * 2)) * flat * min(shot.height * 0.36, length / 2)
        phase = stream.uniform(0, 2 * math.pi)
        return Circular(centre=_vec(shot.centre), u=_vec(u), v=_vec(v), phase=phase, rate=side * 2 * math.pi / seconds)
    reach = across * length
    bow = shot.up * shot.height * stream.uniform(-0.16, 0.16)
    return Return(start=_vec(shot.centre - reach / 2), reach=_vec(reach), bow=_vec(bow), period=seconds)


def _camera(recipe: Recipe, shot: Shot, curve: Curve, film: Film, stream: Stream) -> Camera:
    """A camera that pans after the prop by the share `follow`, sways by `shake` metres, and drifts by `dolly` m/s."""
    asked = recipe.camera
    follow, shake, dolly = asked.follow.draw(stream), asked.shake.draw(stream), asked.dolly.draw(stream)
    step = max(1, round(film.fps / 8))
    times = np.arange(-step, film.frames + step + 1, step) / film.fps
    waves = [
        (stream.uniform(0.5, 2.2), stream.uniform(0, 2 * math.pi), shake * stream.uniform(0.4, 1.0)) for _ in "xyz"
    ]
    sway = np.stack([size * np.sin(2 * math.pi * rate * times + phase) for rate, phase, size in waves], axis=1)
    drift = np.outer(times - times.mean(), shot.right * dolly)
    chase = shot.centre + follow * (_limited(position(curve, times) - shot.centre, 1.5 * shot.width))
    return Camera(
        position=_keys(times, shot.eye + drift + sway),
        look_at=_keys(times, chase + drift + 0.5 * sway),
        focal_mm=shot.focal_mm,
    )


def _filmable(curve: Curve, camera: Camera, film: Film, shot: Shot) -> bool:
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
    return bool(
        seen[0] and clear[flying].all() and depth.min() > shot.prop_size and seen.mean() >= _wanted(curve, film)
    )


def _wanted(curve: Curve, film: Film) -> float:
    """A straight flight may leave the frame in a clip much longer than it; every other must stay in view."""
    return IN_VIEW if not isinstance(curve, Linear) else min(IN_VIEW, 24 / film.frames)


def _spin(recipe: Recipe, prop: InstalledAsset, stream: Stream) -> Spin:
    """A random attitude, turning about the asset's own spin axis."""
    words = [stream.random() for _ in range(3)]  # Shoemake's uniform rotation (Graphics Gems III, 1992)
    a, b = math.sqrt(1 - words[0]), math.sqrt(words[0])
    x, y = 2 * math.pi * words[1], 2 * math.pi * words[2]
    turns = recipe.target.spin.draw(stream) * (1 if stream.chance(0.5) else -1)
    return Spin(
        base=(b * math.cos(y), a * math.sin(x), a * math.cos(x), b * math.sin(y)),
        axis=prop.asset.spin_axis,
        rate=2 * math.pi * turns,
    )


def _charge(recipe: Recipe, prop: InstalledAsset, film: Film, stream: Stream) -> tuple[ChargeKey, ...]:
    """Dull, lit over a third of the clip or so, and in one clip of three dull again."""
    if not stream.chance(recipe.target.charged) or prop.asset.charge is None:
        return ()
    seconds = film.frames / film.fps
    begin = stream.uniform(0.0, 0.4) * seconds
    end = begin + stream.uniform(0.15, 0.4) * seconds
    level = stream.uniform(0.6, 1.0)
    keys = [ChargeKey(time=begin, level=0.0), ChargeKey(time=end, level=level)]
    if stream.chance(1 / 3):
        keys.append(ChargeKey(time=end + stream.uniform(0.15, 0.4) * seconds, level=0.0))
    return tuple(keys)


def _occluders(
    recipe: Recipe, allowed: _Allowed, shot: Shot, curve: Curve, camera: Camera, film: Film, stream: Stream
) -> tuple[Occluder, ...]:
    """Something on the ground between camera and prop, in the line of sight at a moment of the clip's middle."""
    if not stream.chance(recipe.occluders.chance):
        return ()
    chosen = allowed.get("occluder", recipe.occluders.asset.draw(stream, allowed.names("occluder")))
    height = cast(float, chosen.asset.size)
    moment = stream.uniform(0.3, 0.7) * film.frames / film.fps
    eye, prop = position(camera.position, moment)[0], position(curve, moment)[0]
    spot = eye + (prop - eye) * stream.uniform(0.45, 0.62)
    spot[2] = shot.box[0][2] + height / 2
    resting: Curve = Still(point=_vec(spot))
    if stream.chance(recipe.occluders.moving):
        speed = stream.uniform(0.3, 0.9) * (1 if stream.chance(0.5) else -1)
        velocity = shot.right * speed
        resting = Linear(start=_vec(spot - velocity * moment), velocity=_vec(velocity))
    finish = stream.pick(list(chosen.asset.finishes))
    return (
        Occluder(
            asset=chosen.asset.name,
            asset_digest=chosen.digest,
            finish=finish,
            yaw=stream.uniform(0, 2 * math.pi),
            curve=resting,
        ),
    )


def _effects(
    recipe: Recipe, shot: Shot, target: Target, film: Film, stream: Callable[[str], Stream]
) -> tuple[Effect, ...]:
    asked = recipe.effects
    effects: list[Effect] = []
    lightning, glow, trail = stream("lightning"), stream("glow"), stream("trail")
    if lightning.chance(asked.lightning):
        effects.append(_lightning(recipe, shot, target, film, lightning))
    if glow.chance(asked.glow) and target.charge:
        radius = shot.prop_size * glow.uniform(0.9, 1.5)
        strength = asked.strength.draw(glow)
        effects.append(Glow(object_id=1, colour=target.charge_colour, radius=radius, strength=strength))
    if trail.chance(asked.trail):
        effects.append(
            Trail(
                object_id=1,
                colour=target.charge_colour,
                width=shot.prop_size * trail.uniform(0.15, 0.4),
                duration=trail.uniform(0.15, 0.4),
                strength=asked.strength.draw(trail),
            )
        )
    return tuple(effects)


def _lightning(recipe: Recipe, shot: Shot, target: Target, film: Film, stream: Stream) -> Lightning:
    """A bolt from above and behind the action that strikes a few times, for two to five frames each."""
    source = shot.centre + shot.right * stream.uniform(-1.2, 1.2) + shot.away * stream.uniform(0.0, 1.5)
    source[2] = shot.centre[2] + stream.uniform(2.0, 3.2)
    strikes: list[Strike] = []
    time = stream.uniform(0.0, 0.25) * film.frames / film.fps
    while time < film.frames / film.fps:
        lit = stream.uniform(2.0, 5.0) / film.fps
        seed = stream.integer(2**31)
        strikes.append(Strike(time=time, duration=lit, seed=seed, strength=recipe.effects.strength.draw(stream)))
        time += lit + stream.uniform(0.08, 0.6)
    return Lightning(object_id=1, source=_vec(source), colour=target.charge_colour, strikes=tuple(strikes))


def rounded(spec: ClipSpec) -> ClipSpec:
    """The spec with every float rounded to `DECIMALS`."""
    return ClipSpec.model_validate(_round(spec.model_dump()))


def _round(value: object) -> object:
    if isinstance(value, float):
        return round(value, DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0
    if isinstance(value, dict):
        return {key: _round(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(_round(part) for part in value)
    return value


def _vec(point: Floats) -> Vec3:
    return float(point[0]), float(point[1]), float(point[2])


def _keys(times: Floats, points: Floats) -> Keys:
    return Keys(times=tuple(float(t) for t in times), points=tuple(_vec(point) for point in points))


def _limited(offset_N3: Floats, most: float) -> Floats:
    """Offsets shortened smoothly to stay below `most` metres: a camera does not chase a prop out of the room."""
    length_N1 = np.linalg.norm(offset_N3, axis=1, keepdims=True)
    return offset_N3 * most / np.maximum(np.hypot(length_N1, most), 1e-9)
