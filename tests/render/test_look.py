"""The look: nothing by default, the same bytes again, no light made or lost, and never a label out of its place."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from render.asset import Library
from render.document import UserError
from render.frames.look import apply, drift_stops, expose
from render.planning.dressing.looks import LookChances, LookRecipe, draw_look
from render.planning.plan import make_plan
from render.planning.recipe import Recipe, find_recipe
from render.spec import Look
from render.streams import Stream

Picture = NDArray[np.uint8]
EVERYTHING = Look(grain=4.0, vignette=0.4, fringe=1.5, drift=0.5, quality=60)
HEIGHT, WIDTH = 144, 256


def flat(level: int) -> Picture:
    return np.full((HEIGHT, WIDTH, 3), level, np.uint8)


def disc(x: float, y: float, radius: float = 24.0) -> Picture:
    """A bright disc with a soft rim on a dark ground; (x, y) in px."""
    ys, xs = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    soft = np.clip(0.5 + (radius - np.hypot(xs - x, ys - y)) / 3, 0, 1)
    return np.repeat(np.rint(40 + 180 * soft).astype(np.uint8)[..., None], 3, axis=2)


def centroid(channel: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Centre of what is brighter than the ground, (x, y)."""
    weight = channel.astype(np.float64) - 40
    ys, xs = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return np.array([(weight * xs).sum(), (weight * ys).sum()]) / weight.sum()


def correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_no_look_gives_the_same_bytes() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    assert apply(picture, Look(), seed=5, frame=0, frames=3).tobytes() == picture.tobytes()
    light = picture.astype(np.float32)
    assert expose(light, Look(), seed=5, frame=0, frames=3).tobytes() == light.tobytes()


@pytest.mark.parametrize(
    "look", [EVERYTHING, Look(grain=3.0), Look(fringe=2.0), Look(quality=30)], ids=["all", "grain", "fringe", "codec"]
)
def test_seed_and_frame_decide_and_the_input_is_left_alone(look: Look) -> None:
    picture = disc(100.0, 60.0)
    before = picture.copy()
    first = apply(picture, look, seed=5, frame=1, frames=4)
    assert first.dtype == np.uint8
    assert first.shape == picture.shape
    assert first.tobytes() == apply(picture, look, seed=5, frame=1, frames=4).tobytes()
    assert (picture == before).all()
    assert (first != picture).any()
    assert (apply(picture, look, 5, 2, 4) != first).any() == bool(look.grain)
    assert (apply(picture, look, 6, 1, 4) != first).any() == bool(look.grain)


def test_a_frame_beyond_the_clip_is_refused() -> None:
    with pytest.raises(ValueError, match="frame 4 of 4"):
        apply(flat(0), EVERYTHING, seed=1, frame=4, frames=4)


@pytest.mark.parametrize("level", [0, 12, 64, 128, 200, 255])
def test_grain_has_the_asked_deviation_in_mid_grey_and_keeps_the_mean(level: int) -> None:
    asked = 6.0
    shape = 2 * math.sqrt(level / 255 * (1 - level / 255))
    noise = np.stack([apply(flat(level), Look(grain=asked), 3, frame, 8) for frame in range(8)]) - float(level)
    expected = math.hypot(asked * shape, math.sqrt(1 / 12) if level not in (0, 255) else 0.0)  # and rounding to levels
    np.testing.assert_allclose(noise.std(axis=(0, 1, 2)), expected, rtol=0.04)
    assert abs(noise.mean()) < 0.06


def test_grain_clumps_is_fresh_in_each_frame_and_half_shared_by_the_colours() -> None:
    noise = [apply(flat(128), Look(grain=8.0), 3, frame, 4).astype(np.float64) - 128 for frame in (0, 1)]
    tap = np.array([3.0, 5.0, 3.0])
    by_one, by_two = (float(np.convolve(tap, tap)[2 + k]) / float(tap @ tap) for k in (1, 2))
    for shifted, expected in (((0, 1), by_one), ((1, 0), by_one), ((0, 2), by_two), ((0, 3), 0.0), ((4, 4), 0.0)):
        there = np.roll(noise[0], shifted, axis=(0, 1))
        assert correlation(noise[0], there) == pytest.approx(expected, abs=0.03), shifted
    assert abs(correlation(noise[0], noise[1])) < 0.02
    assert correlation(noise[0][..., 0], noise[0][..., 1]) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("fringe", [0.5, 2.0, 6.0])
def test_fringes_leave_green_and_put_red_and_blue_as_far_apart_as_asked(fringe: float) -> None:
    """Everywhere in the frame: red and blue stand `fringe` / 2 px on either side of green at the corners' distance."""
    corner = np.array([WIDTH, HEIGHT]) / 2
    for x, y in ((200.0, 100.0), (128.0, 72.0), (40.0, 72.0), (128.0, 30.0)):
        picture = disc(x, y)
        done = apply(picture, Look(fringe=fringe), 1, 0, 1)
        assert (done[..., 1] == picture[..., 1]).all()
        out = (centroid(picture[..., 1]) - corner) / np.linalg.norm(corner)  # from the centre; 1 long at the corners
        swell = fringe / 2 / np.linalg.norm(corner)
        np.testing.assert_allclose(centroid(done[..., 0]) - centroid(picture[..., 1]), fringe / 2 * out, atol=0.05)
        # Blue is drawn 1 - swell as large.
        np.testing.assert_allclose(centroid(done[..., 2]) - centroid(picture[..., 1]), -fringe / 2 * out, atol=0.05)
        area = [float((done[..., c].astype(float) - 40).sum()) for c in range(3)]
        np.testing.assert_allclose(np.array(area) / area[1], np.array([1 + swell, 1, 1 - swell]) ** 2, rtol=4e-3)


@pytest.mark.parametrize("look", [EVERYTHING, Look(grain=12.0), Look(quality=15)], ids=["all", "grain", "codec"])
def test_no_part_of_a_look_moves_the_picture(look: Look) -> None:
    """Phase correlation of luminance before and after peaks at no shift, and so do its neighbours' moments."""
    picture = disc(170.0, 90.0)
    before, after = (
        np.fft.rfft2(p @ np.array([0.2126, 0.7152, 0.0722])) for p in (picture, apply(picture, look, 2, 0, 2))
    )
    peak = np.fft.irfft2(after * np.conj(before), s=(HEIGHT, WIDTH))
    assert peak.argmax() == 0
    for axis in (0, 1):
        left, right = (float(np.roll(peak, side, axis)[0, 0]) for side in (1, -1))
        shift = (left - right) / (2 * (left + right - 2 * peak[0, 0]))  # the parabola's vertex
        assert abs(shift) < 0.1


def test_the_vignette_loses_what_was_asked_in_the_corners_by_the_cosine_law() -> None:
    light = np.ones((HEIGHT, WIDTH, 3), np.float32) * [4.0, 1.0, 0.25]
    done = expose(light.astype(np.float32), Look(vignette=0.4), 1, 0, 1)
    gain = done / light
    np.testing.assert_allclose(gain[0, 0], 0.6, atol=0.01)
    np.testing.assert_allclose(gain[HEIGHT // 2, WIDTH // 2], 1.0, atol=1e-4)
    assert np.ptp(gain, axis=2).max() < 1e-6
    np.testing.assert_allclose(gain, gain[::-1, ::-1], rtol=1e-6)
    tan_corner = math.sqrt(0.6**-0.5 - 1)  # cos^4 = (1 + tan^2)^-2
    half_way = math.cos(math.atan(tan_corner / 2)) ** 4
    np.testing.assert_allclose(gain[HEIGHT // 4, WIDTH // 4], half_way, atol=0.01)


def test_exposure_drifts_slowly_within_its_amplitude() -> None:
    look = Look(drift=0.5)
    for seed in range(20):
        for frames in (12, 150):
            stops = np.array([drift_stops(look, seed, frame, frames) for frame in range(frames)])
            assert np.abs(stops).max() <= 0.5
            assert np.abs(np.diff(stops)).max() <= 0.5 * 2 * math.pi / 24
        assert np.ptp(stops) > 0.4  # a long clip sees a good part of the wave
    light = np.full((2, 2, 3), 0.18, np.float32)
    np.testing.assert_allclose(expose(light, look, 7, 3, 150) / light, 2 ** drift_stops(look, 7, 3, 150), rtol=1e-5)
    assert drift_stops(look, 7, 0, 150) != drift_stops(look, 8, 0, 150)


def test_a_lower_quality_departs_further() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    wrong = [
        float(np.abs(apply(picture, Look(quality=q), 1, 0, 1).astype(float) - picture).mean()) for q in (90, 50, 10)
    ]
    assert 0 < wrong[0] < wrong[1] < wrong[2]


def test_a_recipe_without_chances_has_no_look() -> None:
    assert all(draw_look(LookRecipe(), Stream(1, clip, "look")) == Look() for clip in range(20))


def test_a_recipe_draws_each_part_as_often_as_asked_and_none_reshuffles_another() -> None:
    chances = LookChances(grain=0.5, vignette=1.0, fringe=0.3, quality=0.8)
    asked = LookRecipe(chances=chances, quality=50)
    looks = [draw_look(asked, Stream(1, clip, "look")) for clip in range(400)]
    assert 0.4 < np.mean([look.grain > 0 for look in looks]) < 0.6
    assert all(0.1 <= look.vignette <= 0.5 for look in looks)
    assert all(look.drift == 0 for look in looks)
    assert {look.quality for look in looks} == {None, 50}
    grainless = asked.model_copy(update={"chances": chances.model_copy(update={"grain": 0.0})})
    for clip, look in enumerate(looks):
        assert draw_look(grainless, Stream(1, clip, "look")) == look.model_copy(update={"grain": 0.0})


def test_a_look_reaches_the_plan_and_reshuffles_nothing_else() -> None:
    recipe, library = Recipe.read_toml(find_recipe("demo")), Library.open()
    plain = make_plan(recipe, library, 3, 1)
    chances = LookChances(grain=1, vignette=1, fringe=1, drift=1, quality=1)
    looks = recipe.model_copy(update={"look": LookRecipe(chances=chances)})
    for before, after in zip(plain, make_plan(looks, library, 3, 1), strict=True):
        assert before.look == Look()
        assert after.look.grain > 0
        assert after.look.quality is not None
        assert after.model_copy(update={"look": Look()}) == before


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"grain": 80}, "look: grain: 80 to 80 can be drawn; it must lie within 0 and 64"),
        ({"quality": {"uniform": [0, 50]}}, "look: quality: 0 to 50"),
        ({"chances": {"grian": 0.5}}, "did you mean 'grain'"),
        ({"chances": {"grain": 2}}, "look.chances.grain"),
    ],
)
def test_mistakes_in_a_look_are_named(data: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        Recipe.parse({"name": "mine", "look": data}, "mine.toml")
