"""Which effects a clip has, when and how strong (pure NumPy, no rendering).

Impacts come from the motion itself: sparks, flash, shockwave, dust and chips belong to a bounce or a catch, to a bolt's
strike, or to a burst on the ground that the recipe asks for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Self

import numpy as np
from pydantic import model_validator

from ...document import Document, nearest
from ...motion import position
from ...spec import (
    Arcs,
    Debris,
    Effect,
    Embers,
    Film,
    Flash,
    Glow,
    Lightning,
    Place,
    Shockwave,
    Smoke,
    Sparks,
    Strike,
    Target,
    Trail,
    Vec3,
)
from ...streams import Stream
from ..camera.shot import Floats, Shot, vec
from ..draws import Chance, Number, Pick
from ..motion.impacts import Impact, impacts

BOLTS = ("sky", "through", "ground", "between", "apart")
"""From the sky to a target; through it to the ground; from it to the ground; between two targets; beside them all."""

MOST_IMPACTS = 6
"""So many impacts of a clip have effects; a prop that bounces all the time would otherwise be lost in them."""

ARCS_FROM = 0.5
"""Charge from which arcs strike (see `Arcs`)."""

DUST: tuple[Vec3, ...] = ((0.86, 0.76, 0.62), (0.8, 0.78, 0.75), (0.72, 0.6, 0.48))
SMOKE: tuple[Vec3, ...] = ((0.82, 0.83, 0.85), (0.6, 0.6, 0.62), (0.35, 0.34, 0.33))
STONE: tuple[Vec3, ...] = ((0.32, 0.29, 0.26), (0.22, 0.21, 0.2), (0.4, 0.33, 0.25))


class EffectsRecipe(Document):
    """How often a clip has which effects, and how strong they are (1 is nominal).

    Chances per clip: `lightning` (of the kinds in `bolt`), `trail`, `embers`, `smoke`, `burst` (something goes off on
    the ground near the action). Chances per clip with a charged prop: `glow`, `arcs`. Chances per impact, a bounce or a
    catch, a burst or a strike: `sparks`, `flash`, `shockwave`, `dust`, `debris`. `sky_flash` is the light that the sky
    adds while a bolt burns (the sun at noon is about 3). `smoke_density` is the optical depth of smoke and dust. Smoke
    and dust are volumes, the only effects that cost much.
    """

    lightning: Chance = 0.3
    bolt: Pick = Pick(choice=("any",))
    sky_flash: Number = Number(uniform=(0.0, 1.2))
    glow: Chance = 0.4
    arcs: Chance = 0.5
    trail: Chance = 0.4
    embers: Chance = 0.1
    smoke: Chance = 0.0
    burst: Chance = 0.1
    sparks: Chance = 0.7
    flash: Chance = 0.5
    shockwave: Chance = 0.25
    dust: Chance = 0.0
    debris: Chance = 0.3
    strength: Number = Number(loguniform=(0.6, 1.6))
    smoke_density: Number = Number(loguniform=(0.5, 3.0))

    @model_validator(mode="after")
    def _known(self) -> Self:
        for kind in self.bolt.named:
            if kind not in (*BOLTS, "any"):
                raise ValueError(f"bolt: no bolt '{kind}'{nearest(kind, list(BOLTS))}")
        return self


def draw_effects(
    asked: EffectsRecipe, shot: Shot, targets: Sequence[Target], film: Film, stream: Callable[[str], Stream]
) -> tuple[Effect, ...]:
    """All effects of a clip. Each kind draws from a stream of its own: more of one never reshuffles another."""
    hero, seconds = targets[0], film.frames / film.fps
    effects: list[Effect] = []
    hits: list[tuple[Place, Impact]] = [
        (vec(hit.point - 0.4 * shot.prop_size * hit.normal if hit.hard else hit.point), hit)
        for target in targets
        for hit in impacts(target.curve, seconds)
    ]
    lightning = stream("lightning")
    if lightning.chance(asked.lightning):
        bolts = _lightning(asked, shot, targets, film, lightning)
        effects.append(bolts)
        hits += _struck(bolts, shot, targets, seconds)
    effects += _energy(asked, shot, targets, stream)
    burst = stream("burst")
    if burst.chance(asked.burst):
        spot, time = _beside(shot, burst, 0.6), burst.uniform(0.1, 0.8) * seconds
        hits.append((vec(spot), Impact(time, spot, np.array([0.0, 0.0, 1.0]), 5.0, hard=True)))
    for number, (place, hit) in enumerate(sorted(hits, key=lambda found: found[1].time)[:MOST_IMPACTS]):
        named = partial(_numbered, stream, number)
        effects += _impact(asked, shot, place, hit, hero.charge_colour, named)
    effects += _air(asked, shot, seconds, stream)
    return tuple(effects)


def _numbered(stream: Callable[[str], Stream], number: int, name: str) -> Stream:
    """The stream of impact `number` called `name`."""
    return stream(f"{name}-{number}")


def _energy(
    asked: EffectsRecipe, shot: Shot, targets: Sequence[Target], stream: Callable[[str], Stream]
) -> list[Effect]:
    """What charged props and the wakes of all of them shine with."""
    effects: list[Effect] = []
    for target in targets:
        number, colour = target.object_id, target.charge_colour
        suffix = "" if number == 1 else f"-{number}"
        glow, arcs, trail = (stream(f"{name}{suffix}") for name in ("glow", "arcs", "trail"))
        most = max((key.level for key in target.charge), default=0.0)
        if glow.chance(asked.glow) and target.charge:
            radius, strength = shot.prop_size * glow.uniform(0.9, 1.5), asked.strength.draw(glow)
            effects.append(Glow(object_id=number, colour=colour, radius=radius, strength=strength))
        if arcs.chance(asked.arcs) and most > ARCS_FROM:
            reach, strength = shot.prop_size * arcs.uniform(0.35, 0.65), asked.strength.draw(arcs)
            count, seed = 5 + arcs.integer(8), arcs.integer(2**31)
            effects.append(
                Arcs(object_id=number, colour=colour, count=count, reach=reach, strength=strength, seed=seed)
            )
        if trail.chance(asked.trail):
            width, duration = shot.prop_size * trail.uniform(0.15, 0.4), trail.uniform(0.15, 0.4)
            strength = asked.strength.draw(trail)
            effects.append(Trail(object_id=number, colour=colour, width=width, duration=duration, strength=strength))
    return effects


def _lightning(asked: EffectsRecipe, shot: Shot, targets: Sequence[Target], film: Film, stream: Stream) -> Lightning:
    """A bolt that strikes a few times, for two to five frames each."""
    kind = asked.bolt.draw(stream, [kind for kind in BOLTS if kind != "between" or len(targets) > 1])
    sky = shot.centre + shot.right * stream.uniform(-1.2, 1.2) + shot.away * stream.uniform(0.0, 1.5)
    sky[2] = shot.centre[2] + stream.uniform(2.0, 3.2)
    below = _beside(shot, stream, 0.8)
    if kind == "apart":
        sky, below = sky + 2.0 * shot.away, below + 1.5 * shot.away
    source: Place | None = vec(sky) if kind in ("sky", "through", "apart") else None
    return Lightning(
        object_id=None if kind == "apart" else 1,
        source=targets[1].object_id if kind == "between" else source,
        end=vec(below) if kind in ("through", "ground", "apart") else None,
        colour=targets[0].charge_colour,
        strikes=_strikes(asked, film, stream),
        flash=asked.sky_flash.draw(stream) if source is not None else 0.0,
    )


def _strikes(asked: EffectsRecipe, film: Film, stream: Stream) -> tuple[Strike, ...]:
    strikes: list[Strike] = []
    time = stream.uniform(0.0, 0.25) * film.frames / film.fps
    while time < film.frames / film.fps:
        lit = stream.uniform(2.0, 5.0) / film.fps
        seed = stream.integer(2**31)
        strikes.append(Strike(time=time, duration=lit, seed=seed, strength=asked.strength.draw(stream)))
        time += lit + stream.uniform(0.08, 0.6)
    return tuple(strikes)


def _struck(bolts: Lightning, shot: Shot, targets: Sequence[Target], seconds: float) -> list[tuple[Place, Impact]]:
    """The ends of a bolt's first two strikes: ground that is hit throws up sparks, and so does a target."""
    hits: list[tuple[Place, Impact]] = []
    last = bolts.through[-1]
    up = np.array([0.0, 0.0, 1.0])
    for strike in bolts.strikes[:2]:
        if strike.time < seconds:
            curve = next((target.curve for target in targets if target.object_id == last), None)
            point = position(curve, strike.time)[0] if curve is not None else np.asarray(last, np.float64)
            hits.append((last, Impact(strike.time, point, up, 4.0, hard=curve is None)))
    return hits


def _impact(
    asked: EffectsRecipe, shot: Shot, place: Place, hit: Impact, energy: Vec3, stream: Callable[[str], Stream]
) -> list[Effect]:
    """What one impact sets off; a catch in a hand throws no chips."""
    effects: list[Effect] = []
    size, ground = shot.prop_size, shot.ground
    away = hit.normal + np.array([0.0, 0.0, 0.35])
    sparks, flash, wave, dust, chips = (stream(name) for name in ("sparks", "flash", "shockwave", "dust", "debris"))
    if sparks.chance(asked.sparks):
        effects.append(
            Sparks(
                time=hit.time,
                duration=sparks.uniform(0.02, 0.09),
                place=place,
                direction=vec(away),
                spread=sparks.uniform(0.2, 0.5) if hit.hard else 1.0,
                speed=min(max(1.1 * hit.speed, 4.0), 11.0) * sparks.uniform(0.8, 1.3),
                count=60 + sparks.integer(120),
                life=sparks.uniform(0.5, 1.1),
                ground=ground,
                strength=asked.strength.draw(sparks),
                seed=sparks.integer(2**31),
            )
        )
    if flash.chance(asked.flash):
        radius, lasts = size * flash.uniform(0.7, 1.5), flash.uniform(0.06, 0.2)
        colour = flash.pick([energy, (1.0, 0.72, 0.42)])
        strength = asked.strength.draw(flash)
        effects.append(
            Flash(time=hit.time, duration=lasts, place=place, radius=radius, colour=colour, strength=strength)
        )
    if wave.chance(asked.shockwave):
        effects.append(
            Shockwave(
                time=hit.time,
                duration=wave.uniform(0.2, 0.45),
                place=place,
                normal=vec(hit.normal),
                radius=size * wave.uniform(1.5, 3.5),
                colour=energy,
                strength=asked.strength.draw(wave),
            )
        )
    if dust.chance(asked.dust) and hit.hard:
        swell = dust.uniform(0.1, 0.25)
        effects.append(
            Smoke(
                time=hit.time,
                life=dust.uniform(0.8, 1.8),
                place=place,
                radius=size * dust.uniform(0.7, 1.6),
                swell=swell,
                density=asked.smoke_density.draw(dust),
                colour=dust.pick(list(DUST)),
                drift=vec(0.25 * hit.normal + np.array([dust.uniform(-0.2, 0.2), dust.uniform(-0.2, 0.2), 0.15])),
                seed=dust.integer(2**31),
            )
        )
    if chips.chance(asked.debris) and hit.hard:
        effects.append(
            Debris(
                time=hit.time,
                place=place,
                direction=vec(away),
                spread=chips.uniform(0.2, 0.45),
                speed=min(max(0.7 * hit.speed, 2.5), 7.0) * chips.uniform(0.8, 1.2),
                count=15 + chips.integer(35),
                size=size * chips.uniform(0.08, 0.2),
                ground=ground,
                colour=chips.pick(list(STONE)),
                seed=chips.integer(2**31),
            )
        )
    return effects


def _air(asked: EffectsRecipe, shot: Shot, seconds: float, stream: Callable[[str], Stream]) -> list[Effect]:
    """Embers and smoke that hang about, there before the clip begins."""
    effects: list[Effect] = []
    embers, smoke = stream("embers"), stream("smoke")
    if embers.chance(asked.embers):
        life = embers.uniform(1.2, 2.4)
        effects.append(
            Embers(
                time=-life,
                duration=seconds + life,
                place=vec(_beside(shot, embers, 0.5) + np.array([0.0, 0.0, 0.3])),
                radius=shot.width * embers.uniform(0.12, 0.35),
                count=int(embers.uniform(30, 80) * (seconds + life)) + 1,
                rise=embers.uniform(0.3, 1.0),
                drift=vec(shot.right * embers.uniform(-0.6, 0.6)),
                life=life,
                strength=asked.strength.draw(embers),
                seed=embers.integer(2**31),
            )
        )
    if smoke.chance(asked.smoke):
        # It comes between camera and prop for a while: nearer than the action, drifting across the picture.
        time, life = smoke.uniform(-0.4, 0.4) * seconds, smoke.uniform(0.8, 1.6) * seconds + 0.5
        drift = shot.right * smoke.sign() * smoke.uniform(0.1, 0.5) * shot.width / life
        middle = shot.centre - shot.away * smoke.uniform(0.1, 0.35) * shot.distance - drift * life / 2
        effects.append(
            Smoke(
                time=time,
                life=life,
                place=vec(middle),
                radius=shot.width * smoke.uniform(0.16, 0.3),
                swell=smoke.uniform(0.15, 0.35) * life,
                density=asked.smoke_density.draw(smoke),
                colour=smoke.pick(list(SMOKE)),
                drift=vec(drift + np.array([0.0, 0.0, 0.1])),
                seed=smoke.integer(2**31),
            )
        )
    return effects


def _beside(shot: Shot, stream: Stream, share: float) -> Floats:
    """A point of the ground in the picture, about the action's centre."""
    angle, far = stream.uniform(0, 2 * math.pi), stream.uniform(0.15, 1.0) * share * shot.width / 2
    place = shot.centre + far * (math.cos(angle) * shot.right + math.sin(angle) * shot.away)
    place[2] = shot.ground + 0.02
    return np.asarray(place)
