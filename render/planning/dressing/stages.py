"""Stages: which set in which of its variations, at what time of day, under which sky, and how the light falls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import get_args

from pydantic import model_validator

from ...asset import InstalledAsset, Time
from ...document import Document, UserError, nearest
from ...spec import Flicker, Stage, Sun, Vec3
from ...streams import Stream
from ..allowed import Allowed
from ..draws import Chance, Number, Pick

TIMES: tuple[Time, ...] = get_args(Time)
OUTDOORS: tuple[Time, ...] = ("day", "dusk", "night")


class ByTime(Document):
    """A number for each time of day."""

    day: Number
    dusk: Number
    night: Number
    indoor: Number

    def at(self, time: Time) -> Number:
        return {"day": self.day, "dusk": self.dusk, "night": self.night, "indoor": self.indoor}[time]


class Levels(ByTime):
    """How bright the picture is as a whole: scene-linear luminance, log-average of the set alone."""

    day: Number = Number(uniform=(0.10, 0.17))
    dusk: Number = Number(uniform=(0.055, 0.10))
    night: Number = Number(uniform=(0.030, 0.065))
    indoor: Number = Number(uniform=(0.06, 0.13))


class Lamps(ByTime):
    """How bright the set's own lamps are, against what its artist gave them for the night."""

    day: Number = Number(uniform=(0.0, 0.08))
    dusk: Number = Number(uniform=(0.25, 0.7))
    night: Number = Number(uniform=(0.7, 1.3))
    indoor: Number = Number(uniform=(0.6, 1.3))


class StageRecipe(Document):
    """Which sets and HDRIs at which times of day, and how bright; sun angles in degrees.

    A set is filmed only at times that suit it, an HDRI taken only if it suits the time. `sun_azimuth` 270 is behind the
    camera, 90 against it. `sun_strength` and `sun_elevation` are the day's: at dusk the sun stands low, at night it is
    a dim moon. `flicker` is the chance that lit lamps waver, by a share `flicker_depth`, `flicker_rate` times a second.
    """

    set: Pick = Pick(choice=("any",))
    hdri: Pick = Pick(choice=("any",))
    time: Pick = Pick(choice=TIMES, weights=(5.0, 2.0, 3.0, 5.0))
    level: Levels = Levels()
    lamps: Lamps = Lamps()
    hdri_strength: Number = Number(uniform=(0.5, 1.1))
    sun_strength: Number = Number(uniform=(0.5, 3.5))
    sun_elevation: Number = Number(uniform=(18.0, 65.0))
    sun_azimuth: Number = Number(uniform=(165.0, 375.0))
    flicker: Chance = 0.2
    flicker_depth: Number = Number(uniform=(0.2, 0.9))
    flicker_rate: Number = Number(loguniform=(3.0, 16.0))

    @model_validator(mode="after")
    def _known_times(self) -> StageRecipe:
        for name in self.time.named:
            if name not in (*TIMES, "any"):
                raise ValueError(f"time: no time of day '{name}'{nearest(name, list(TIMES))}")
        return self


def draw_stage(asked: StageRecipe, allowed: Allowed, stream: Stream) -> Stage:
    """A set that suits the times asked for, then one of these that suits it and has a sky, then that sky.

    Where held-out or named assets leave nothing that suits, they come before what suits: a test split whose one HDRI
    shows the night is filmed under it at any time.
    """
    skies = [allowed.get("hdri", name) for name in _may_be(asked.hdri, allowed.names("hdri"))]
    wanted = _may_be(asked.time, list(TIMES))
    rooms = [name for name in allowed.names("set") if set(wanted) & set(set_times(allowed.get("set", name)))]
    chosen_set = allowed.get("set", _drawn(asked.set, stream, rooms, allowed.names("set")))
    suited = [time for time in wanted if time in set_times(chosen_set)]
    lit = [time for time in suited if any(time in sky_times(sky) for sky in skies)]
    time = _time(_drawn(asked.time, stream, lit, suited, wanted))
    under = [sky.asset.name for sky in skies if time in sky_times(sky)]
    chosen_hdri = allowed.get("hdri", _drawn(asked.hdri, stream, under, allowed.names("hdri")))
    lamps = asked.lamps.at(time).draw(stream)
    return Stage(
        set=chosen_set.asset.name,
        set_digest=chosen_set.digest,
        variation=stream.integer(2**31),
        hdri=chosen_hdri.asset.name,
        hdri_digest=chosen_hdri.digest,
        hdri_strength=asked.hdri_strength.draw(stream),
        hdri_yaw=stream.uniform(0, 2 * math.pi),
        sun=_sun(asked, time, stream),
        time_of_day=time,
        level=asked.level.at(time).draw(stream) * chosen_set.asset.brightness,
        lamps=lamps,
        flicker=_flicker(asked, stream) if time != "day" and lamps > 0 else None,
    )


def set_times(room: InstalledAsset) -> tuple[Time, ...]:
    """The times of day that a set can be filmed at; one that names none stands outdoors."""
    return room.asset.times or OUTDOORS


def sky_times(sky: InstalledAsset) -> tuple[Time, ...]:
    """The times of day that an HDRI suits; one that names none suits all."""
    return sky.asset.times or TIMES


def _may_be(pick: Pick, names: list[str]) -> list[str]:
    """Those of `names` that a recipe's choice may come to."""
    return names if "any" in pick.named else [name for name in names if name in pick.named]


def _drawn(pick: Pick, stream: Stream, *preferred: Sequence[str]) -> str:
    """A name from the first of the lists that the choice can be made among."""
    for names in preferred[:-1]:
        with suppress(UserError):
            return pick.draw(stream, list(names))
    return pick.draw(stream, list(preferred[-1]))


def _time(name: str) -> Time:
    return next(time for time in TIMES if time == name)


def _sun(asked: StageRecipe, time: Time, stream: Stream) -> Sun:
    """The sun, lower and redder towards dusk; at night a moon."""
    azimuth, elevation = asked.sun_azimuth.draw(stream), asked.sun_elevation.draw(stream)
    strength, angle, warmth = asked.sun_strength.draw(stream), stream.uniform(0.5, 3.0), stream.random()
    colour: Vec3 = (1.0, 0.96 - 0.2 * warmth, 0.9 - 0.4 * warmth)
    if time == "dusk":
        elevation, strength = 2.0 + elevation / 8, 0.5 * strength
        colour = (1.0, 0.62 - 0.22 * warmth, 0.34 - 0.22 * warmth)
    elif time == "night":
        strength, colour = 0.25 * strength, (0.58 + 0.2 * warmth, 0.74 + 0.1 * warmth, 1.0)
    return Sun(
        azimuth=math.radians(azimuth),
        elevation=math.radians(elevation),
        angle=math.radians(angle),
        strength=strength,
        colour=colour,
    )


def _flicker(asked: StageRecipe, stream: Stream) -> Flicker | None:
    wavers = stream.chance(asked.flicker)
    depth, rate = asked.flicker_depth.draw(stream), asked.flicker_rate.draw(stream)
    return Flicker(depth=depth, rate=rate, seed=stream.integer(2**31)) if wavers else None
