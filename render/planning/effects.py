"""Which effects a clip has, when and how strong."""

from __future__ import annotations

from collections.abc import Callable

from ..document import Document
from ..spec import Effect, Film, Glow, Lightning, Strike, Target, Trail
from .draws import Chance, Number
from .shot import Shot, vec
from .streams import Stream


class EffectsRecipe(Document):
    """Chances that a clip has each effect (`glow`: that a charged prop has a halo); their strength, 1 being nominal."""

    lightning: Chance = 0.3
    glow: Chance = 0.4
    trail: Chance = 0.4
    strength: Number = Number(loguniform=(0.6, 1.6))


def draw_effects(
    asked: EffectsRecipe, shot: Shot, target: Target, film: Film, stream: Callable[[str], Stream]
) -> tuple[Effect, ...]:
    effects: list[Effect] = []
    lightning, glow, trail = stream("lightning"), stream("glow"), stream("trail")
    if lightning.chance(asked.lightning):
        effects.append(_lightning(asked, shot, target, film, lightning))
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


def _lightning(asked: EffectsRecipe, shot: Shot, target: Target, film: Film, stream: Stream) -> Lightning:
    """A bolt from above and behind the action that strikes a few times, for two to five frames each."""
    source = shot.centre + shot.right * stream.uniform(-1.2, 1.2) + shot.away * stream.uniform(0.0, 1.5)
    source[2] = shot.centre[2] + stream.uniform(2.0, 3.2)
    strikes: list[Strike] = []
    time = stream.uniform(0.0, 0.25) * film.frames / film.fps
    while time < film.frames / film.fps:
        lit = stream.uniform(2.0, 5.0) / film.fps
        seed = stream.integer(2**31)
        strikes.append(Strike(time=time, duration=lit, seed=seed, strength=asked.strength.draw(stream)))
        time += lit + stream.uniform(0.08, 0.6)
    return Lightning(object_id=1, source=vec(source), colour=target.charge_colour, strikes=tuple(strikes))
