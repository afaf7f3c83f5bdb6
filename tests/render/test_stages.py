"""Stages: times of day that suit set and sky, light that suits the time, held-out assets before everything."""

from collections import Counter

import pytest

from render.asset import Library
from render.document import UserError
from render.planning.allowed import Allowed, HeldOut
from render.planning.dressing.stages import StageRecipe, draw_stage, set_times, sky_times
from render.spec import Stage
from render.streams import Stream

LIBRARY = Library.open()


def stages(count: int = 300, held: HeldOut | None = None, test: bool = False, **asked: object) -> list[Stage]:
    recipe, allowed = StageRecipe.parse(asked, "recipe"), Allowed(held or HeldOut(), LIBRARY, test)
    return [draw_stage(recipe, allowed, Stream(5, clip, "stage")) for clip in range(count)]


def test_set_and_sky_suit_the_time_of_day() -> None:
    drawn = stages()
    for stage in drawn:
        assert stage.time_of_day in set_times(LIBRARY.get(stage.set))
        assert stage.time_of_day in sky_times(LIBRARY.get(stage.hdri))
    assert {stage.set for stage in drawn} == set(LIBRARY.names("set"))
    assert len(LIBRARY.names("set")) >= 8
    assert set(Counter(stage.time_of_day for stage in drawn)) == {"day", "dusk", "night", "indoor"}
    assert len({stage.variation for stage in drawn}) > 290


def test_every_set_has_a_sky_for_each_of_its_times() -> None:
    skies = [LIBRARY.get(name) for name in LIBRARY.names("hdri")]
    for name in LIBRARY.names("set"):
        for time in set_times(LIBRARY.get(name)):
            assert any(time in sky_times(sky) for sky in skies), (name, time)


def test_light_goes_with_the_time() -> None:
    drawn = stages(600, set="courtyard")
    by_time = {time: [s for s in drawn if s.time_of_day == time] for time in ("day", "dusk", "night")}
    assert max(s.sun.elevation for s in by_time["dusk"]) < min(s.sun.elevation for s in by_time["day"]) + 0.05
    assert max(s.sun.strength for s in by_time["night"]) < 1.0 < max(s.sun.strength for s in by_time["day"])
    assert all(s.sun.colour[2] > s.sun.colour[0] for s in by_time["night"]), "moonlight is blue"
    assert max(s.level for s in by_time["night"]) < min(s.level for s in by_time["day"])
    assert max(s.lamps for s in by_time["day"]) < 0.1 < min(s.lamps for s in by_time["dusk"])
    assert not any(s.flicker for s in by_time["day"])
    share = sum(s.flicker is not None for s in by_time["night"]) / len(by_time["night"])
    assert 0.08 < share < 0.36


def test_a_recipe_chooses_the_time() -> None:
    drawn = stages(200, time={"choice": ["day", "night"], "weights": [1, 3]}, set=["alley", "courtyard"])
    times = Counter(stage.time_of_day for stage in drawn)
    assert set(times) == {"day", "night"}
    assert 0.65 < times["night"] / 200 < 0.85
    outdoors = {stage.set for stage in stages(100, time="day")}
    assert outdoors == {name for name in LIBRARY.names("set") if "day" in set_times(LIBRARY.get(name))}
    assert {stage.set for stage in stages(5, time="day", set="temple")} == {"temple"}
    assert {stage.time_of_day for stage in stages(50, time="night", level={"night": 0.02})} == {"night"}
    with pytest.raises(UserError, match="time: no time of day 'nigth'; did you mean 'night'"):
        StageRecipe.parse({"time": "nigth"}, "recipe")


def test_what_is_held_out_or_named_comes_before_what_suits() -> None:
    held = HeldOut(set=("desert-ruin",), hdri=("hdri-night",))
    for stage in stages(40, held, test=True, time="day"):
        assert (stage.set, stage.hdri, stage.time_of_day) == ("desert-ruin", "hdri-night", "day")
    for stage in stages(100, held):
        assert stage.set != "desert-ruin"
        assert stage.hdri != "hdri-night"
    assert {stage.time_of_day for stage in stages(30, held, test=True)} == {"night"}, "the sky decides"
    assert {stage.hdri for stage in stages(10, hdri="hdri-studio", set="alley")} == {"hdri-studio"}


def test_a_bright_set_is_metered_brighter() -> None:
    plain, snowy = stages(60, set="forest", time="day"), stages(60, set="snow-pass", time="day")
    brightness = LIBRARY.get("snow-pass").asset.brightness
    assert brightness > 1.5
    for one, other in zip(plain, snowy, strict=True):
        assert other.level == pytest.approx(one.level * brightness)
