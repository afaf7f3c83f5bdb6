"""Compose one clip: draw from the recipe's distributions and solve the geometry (pure NumPy, no rendering).

Each part draws from its own named stream, so that adding an effect does not reshuffle the camera. Motion and camera are
drawn together until the prop stays in view, over the ground and inside the set's clear room.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

from .asset import InstalledAsset, Kind, Library
from .document import UserError
from .framing import Shot, chase, filmable, frame_shot, lay_path, vec
from .motion import position
from .recipe import Recipe, Split
from .spec import (
    Camera,
    ChargeKey,
    ClipSpec,
    Curve,
    Effect,
    Film,
    Glow,
    Lightning,
    Linear,
    Occluder,
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

DECIMALS = 6
"""Specs are rounded to this many decimals (micrometres, microseconds), so that libm's last bits never reach a hash."""

ATTEMPTS = 200

GIRTH = 0.8
"""Occluders are taken to be as wide as they are tall, but at most this many metres (a pillar)."""

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
        shot = frame_shot(recipe.camera, prop, allowed.get("set", stage.set), film, stream("camera", attempt))
        curve = lay_path(recipe.motion, shot, film, stream("motion", attempt))
        camera = chase(recipe.camera, shot, curve, film, stream("follow", attempt))
        if filmable(curve, camera, film, shot):
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
    """Something on the ground between camera and prop, in the line of sight at a moment of the clip's middle.

    It stands still where that leaves the prop in sight on the first frame, and passes through where it does not.
    """
    if not stream.chance(recipe.occluders.chance):
        return ()
    chosen = allowed.get("occluder", recipe.occluders.asset.draw(stream, allowed.names("occluder")))
    height = cast(float, chosen.asset.size)
    moment = stream.uniform(0.3, 0.7) * film.frames / film.fps
    eye, prop = position(camera.position, moment)[0], position(curve, moment)[0]
    nearness = stream.uniform(0.55, 0.75)
    spot = eye + (prop - eye) * nearness
    # Where the same point of the line of sight lies on the first frame, sideways: the prop must be seen there.
    first_eye, first_prop = position(camera.position, 0.0)[0], position(curve, 0.0)[0]
    aside = float((first_eye + (first_prop - first_eye) * nearness - spot) @ shot.right)
    clearance = (shot.prop_size * nearness + min(height, GIRTH)) / 2
    spot[2] = shot.box[0][2] + height / 2
    resting: Curve = Still(point=vec(spot))
    hurry = stream.uniform(1.0, 1.5)
    if stream.chance(recipe.occluders.moving) or abs(aside) < clearance:
        velocity = shot.right * math.copysign(hurry * clearance / moment, aside)
        resting = Linear(start=vec(spot - velocity * moment), velocity=vec(velocity))
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
    return Lightning(object_id=1, source=vec(source), colour=target.charge_colour, strikes=tuple(strikes))


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
