"""Which effects a plan has: drawn from their own streams, and set off by what the motion does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pydantic import ValidationError

from render.planning.camera.shot import Shot
from render.planning.dressing.effects import BOLTS, MOST_IMPACTS, EffectsRecipe, draw_effects
from render.planning.motion.impacts import impacts
from render.spec import (
    ClipSpec,
    Debris,
    Effect,
    Hermite,
    Lightning,
    Linear,
    Smoke,
    Sparks,
    Still,
    Strike,
    Target,
    targets_of,
    twin,
)
from render.streams import Stream
from tests.specs import make_film, make_spec

FILM = make_film(frames=48)
BOUNCE = Hermite(
    times=(0.0, 0.5, 0.52, 1.2, 1.3),
    points=((-2.0, 0.0, 1.0), (0.0, 0.0, 0.3), (0.01, 0.0, 0.3), (2.0, 0.0, 1.0), (2.05, 0.0, 1.0)),
    velocities=((4.0, 0.0, -1.4), (4.0, 0.0, -1.4), (3.0, 0.0, 1.1), (3.0, 0.0, 1.1), (0.0, 0.0, 0.0)),
)
SHOT = Shot(
    centre=np.array([0.0, 0.0, 1.2]),
    eye=np.array([0.0, -5.0, 1.5]),
    right=np.array([1.0, 0.0, 0.0]),
    up=np.array([0.0, 0.0, 1.0]),
    away=np.array([0.0, 1.0, 0.0]),
    width=4.0,
    height=2.25,
    prop_size=0.5,
    diameter=0.3,
    box=((-3.0, -3.0, 0.0), (3.0, 3.0, 4.0)),
    camera_box=((-6.0, -8.0, 0.0), (6.0, 3.0, 4.0)),
    focal_mm=42.0,
)
NEVER = dict.fromkeys(("lightning", "glow", "arcs", "trail", "embers", "smoke", "burst"), 0.0)


def streams(seed: int) -> Callable[[str], Stream]:
    return lambda name: Stream(seed, 0, name)


def hero(**changes: object) -> Target:
    return make_spec().targets[0].model_copy(update=changes)


def drawn(seed: int, *targets: Target, **chances: object) -> tuple[Effect, ...]:
    asked = EffectsRecipe.model_validate(NEVER | chances)
    return draw_effects(asked, SHOT, targets or (hero(),), FILM, streams(seed))


def test_bounces_and_catches_are_found_where_they_are() -> None:
    bounce, catch = impacts(BOUNCE, 2.0)
    assert bounce.hard
    assert bounce.time == pytest.approx(0.51)
    assert np.allclose(bounce.point, (0.005, 0.0, 0.3))
    assert np.allclose(bounce.normal, np.array([-1.0, 0.0, 2.5]) / np.hypot(1.0, 2.5))
    assert bounce.speed == pytest.approx(np.hypot(4.0, 1.4))
    assert not catch.hard
    assert catch.time == pytest.approx(1.2)
    assert impacts(BOUNCE, 0.4) == []
    assert impacts(Linear(start=(0, 0, 0), velocity=(9, 0, 0)), 2.0) == []


def test_a_bounce_sets_off_sparks_when_and_where_it_is() -> None:
    chances = {"sparks": 1.0, "flash": 1.0, "shockwave": 1.0, "dust": 1.0, "debris": 1.0}
    found = drawn(1, hero(curve=BOUNCE), **chances)
    assert [effect.kind for effect in found] == ["sparks", "flash", "shockwave", "smoke", "debris"] + [
        "sparks",
        "flash",
        "shockwave",
    ], "a catch throws no dust and no chips"
    first = found[0]
    assert isinstance(first, Sparks)
    assert first.time == pytest.approx(0.51)
    assert isinstance(first.place, tuple)
    assert np.linalg.norm(np.asarray(first.place) - (0.0, 0.0, 0.3)) < 0.5
    assert first.place[2] < 0.3, "on the side that it bounced off"
    assert first.direction[2] > 0
    assert first.ground == 0


def test_without_impacts_nothing_goes_off() -> None:
    chances = {"sparks": 1.0, "flash": 1.0, "shockwave": 1.0, "dust": 1.0, "debris": 1.0}
    assert drawn(1, hero(curve=Still(point=(0, 0, 1))), **chances) == ()


def test_only_so_many_impacts_go_off() -> None:
    times = tuple(t for k in range(12) for t in (0.1 * k + 0.05, 0.1 * k + 0.07))
    points = tuple((0.1 * k, 0.0, 1.0) for k in range(24))
    velocities = tuple((3.0 * (-1) ** ((k + 1) // 2), 0.0, 0.0) for k in range(24))
    curve = Hermite(times=times, points=points, velocities=velocities)
    found = drawn(1, hero(curve=curve), sparks=1.0, flash=0.0, shockwave=0.0, dust=0.0, debris=0.0)
    assert len(found) == MOST_IMPACTS


def test_more_of_one_effect_never_reshuffles_another() -> None:
    alone = drawn(5, trail=1.0)
    both = drawn(5, trail=1.0, embers=1.0, smoke=1.0, burst=1.0, lightning=1.0)
    assert [effect for effect in both if effect.kind == "trail"] == list(alone)
    assert drawn(5, trail=1.0) == alone
    assert drawn(6, trail=1.0) != alone


@pytest.mark.parametrize("kind", BOLTS)
def test_every_kind_of_bolt(kind: str) -> None:
    second = hero(object_id=2, curve=Still(point=(1, 0, 1)))
    found = drawn(3, hero(), second, lightning=1.0, bolt=kind, sparks=0.0, flash=0.0, shockwave=0.0, debris=0.0)
    (bolt,) = (effect for effect in found if isinstance(effect, Lightning))
    expected = {"sky": (1,), "through": (1,), "ground": (1,), "between": (2, 1), "apart": ()}[kind]
    assert targets_of(bolt) == expected
    assert len(bolt.through) == (3 if kind == "through" else 2)
    if kind in ("through", "ground", "apart"):
        assert isinstance(bolt.end, tuple)
        assert bolt.end[2] == pytest.approx(0.02), "on the ground"
    spec = make_spec(film=FILM, targets=(hero(), second), effects=found)
    assert ClipSpec.model_validate_json(spec.canonical()) == spec


def test_bolts_between_two_targets_need_two() -> None:
    for seed in range(30):
        (bolt,) = (e for e in drawn(seed, lightning=1.0) if isinstance(e, Lightning))
        assert not isinstance(bolt.source, int)


def test_chances_are_kept() -> None:
    charged = hero(curve=Still(point=(0, 0, 1)))
    found = [drawn(seed, charged, glow=0.3, smoke=0.6, embers=0.1, arcs=0.5) for seed in range(400)]
    shares = {kind: np.mean([any(e.kind == kind for e in clip) for clip in found]) for kind in ("glow", "smoke")}
    assert shares["glow"] == pytest.approx(0.3, abs=0.07)
    assert shares["smoke"] == pytest.approx(0.6, abs=0.07)
    depths = [e.density for clip in found for e in clip if isinstance(e, Smoke)]
    assert 0.5 <= min(depths) < 0.6 < 2.5 < max(depths) <= 3.0


def test_arcs_come_with_a_charge_above_half() -> None:
    weak = hero(charge=tuple(key.model_copy(update={"level": 0.45 * key.level}) for key in hero().charge))
    assert [e.kind for e in drawn(1, hero(), arcs=1.0)] == ["arcs"]
    assert drawn(1, weak, arcs=1.0) == ()


def test_a_recipe_says_which_bolts_it_knows() -> None:
    with pytest.raises(ValidationError, match="did you mean 'ground'"):
        EffectsRecipe.model_validate({"bolt": "grund"})


def test_effects_hold_on_to_targets_that_are_there() -> None:
    sparks = drawn(2, burst=1.0, sparks=1.0)[0]
    assert isinstance(sparks, Sparks)
    with pytest.raises(ValidationError, match="no target with object_id 7"):
        ClipSpec.model_validate(make_spec(film=FILM, effects=(sparks.model_copy(update={"place": 7}),)).model_dump())
    with pytest.raises(ValidationError, match="two of source, object_id and end"):
        Lightning(object_id=1, colour=(1, 1, 1), strikes=(Strike(time=0, duration=1, seed=1, strength=1),))


def test_debris_goes_with_occluders_and_with_effects() -> None:
    effects = drawn(2, burst=1.0, sparks=1.0, debris=1.0)
    assert any(isinstance(effect, Debris) for effect in effects)
    spec = make_spec(film=FILM, effects=effects)
    assert twin(spec, "effects").effects == ()
    assert twin(spec, "occluders").effects == tuple(e for e in effects if not isinstance(e, Debris))
    assert twin(spec, "charge").effects == effects
