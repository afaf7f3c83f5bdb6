"""Silhouettes against brute force and closed forms; episodes; proxies fitted to meshes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from render.asset import Solid
from render.motion import orientation, rotate
from render.optics import distort, project, undistort
from render.planning.occlusion.bodies import Body, enter
from render.planning.occlusion.episode import Episode
from render.planning.occlusion.fit import agreement, fit
from render.planning.occlusion.silhouette import Seen, Sight
from render.spec import Camera, Circular, Film, Lens, Linear, Spin, Still, Turn, ZoomKey
from tests.specs import make_film

Floats = NDArray[np.float64]
CUBE = Solid(low=(-0.5, -0.5, -0.5), high=(0.5, 0.5, 0.5))
BALL = CUBE.model_copy(update={"round": "all"})
PLATE = Solid(low=(-1.0, -0.01, -1.0), high=(1.0, 0.01, 1.0))


def camera(distance: float = 10.0, focal: float = 50.0, **changes: object) -> Camera:
    """Looks along +Y from `distance` metres away."""
    at = Still(point=(0.0, -distance, 0.0))
    return Camera(position=at, look_at=Still(point=(0.0, 0.0, 0.0)), focal_mm=focal, **changes)


def sight(film: Film | None = None, **changes: object) -> Sight:
    return Sight.of_clip(camera(**changes), film or make_film(width=400, height=300, frames=1))


def still(solid: Solid, x: float = 0.0, y: float = 0.0, z: float = 0.0, scale: float = 1.0) -> Body:
    return Body((solid,), Still(point=(x, y, z)), Spin(), scale)


def inside(solid: Solid, points: Floats) -> NDArray[np.bool_]:
    """Whether points (..., 3) lie in a solid, by its definition."""
    low, high = np.asarray(solid.low), np.asarray(solid.high)
    unit = (points - (low + high) / 2) / ((high - low) / 2)
    flat = {"no": [0, 1, 2], "x": [0], "y": [1], "z": [2], "all": []}[solid.round]
    around = [axis for axis in range(3) if axis not in flat]
    box = (np.abs(unit[..., flat]) <= 1).all(axis=-1) if flat else np.ones(points.shape[:-1], bool)
    return box & ((unit[..., around] ** 2).sum(axis=-1) <= 1) if around else box


corner = st.tuples(*[st.floats(-1, 0.9) for _ in "xyz"])
size = st.tuples(*[st.floats(0.15, 1.5) for _ in "xyz"])
kind = st.sampled_from(["no", "x", "y", "z", "all"])


@settings(max_examples=60, deadline=None)
@given(corner, size, kind, st.tuples(*[st.floats(-1, 1) for _ in range(6)]))
def test_where_a_line_enters_a_solid_is_what_marching_along_it_finds(
    low: tuple[float, ...], wide: tuple[float, ...], round_: str, aim: tuple[float, ...]
) -> None:
    high = tuple(a + b for a, b in zip(low, wide, strict=True))
    solid = Solid(low=low, high=high, round=round_)
    start, end = np.array([*aim[:2], -1.0]) * 4, np.array([*aim[3:5], 1.0]) * 3
    found = float(enter(solid, start[None], (end - start)[None])[0])
    steps = np.linspace(0, 1.5, 30_001)
    marched = inside(solid, start + steps[:, None] * (end - start))
    if marched.any():
        assert found == pytest.approx(steps[int(np.argmax(marched))], abs=2e-4)
    else:  # finer than the steps: it may still touch a corner
        assert not math.isfinite(found) or inside(
            Solid(low=tuple(a - 2e-3 for a in low), high=tuple(b + 2e-3 for b in high)), start + found * (end - start)
        )


def test_a_line_that_begins_inside_enters_at_once_and_one_along_an_axis_is_no_exception() -> None:
    column = CUBE.model_copy(update={"round": "z"})
    origin, down = np.array([[0.2, 0.1, 0.0], [0.0, 0.0, 4.0], [0.6, 0.0, 4.0]]), np.array([[0.0, 0.0, -1.0]] * 3)
    assert enter(column, origin, down).tolist() == [0.0, 3.5, math.inf]
    assert enter(CUBE, origin, down).tolist() == [0.0, 3.5, math.inf]


@settings(max_examples=25, deadline=None)
@given(st.floats(-1.5, 1.5), st.floats(-1.0, 1.0), st.floats(0.3, 2.0), st.floats(-3, 3), kind)
def test_area_is_that_of_a_picture_of_points(x: float, z: float, scale: float, turn: float, round_: str) -> None:
    """Brute force: the solid is filled with points, the points are projected, and the pixels they hit are counted."""
    film = make_film(width=160, height=120, frames=1)
    solid = Solid(low=(-0.4, -0.2, -0.6), high=(0.4, 0.5, 0.6), round=round_)
    spin = Spin(base=(math.cos(turn), 0.3, 0.2, math.sin(turn)))
    body = Body((solid,), Still(point=(x, 0.0, z)), spin, scale)
    view = Sight.of_clip(camera(), film)
    step = np.linspace(0, 1, 61)
    grid = np.stack(np.meshgrid(step, step, step, indexing="ij"), -1).reshape(-1, 3)
    points = np.asarray(solid.low) + grid * (np.asarray(solid.high) - np.asarray(solid.low))
    points = points[inside(solid, points)] * scale
    world = rotate(orientation(spin, 0.0), points) + [x, 0.0, z]
    pixels, _ = project(view.camera, film, np.zeros(len(world)), world)
    shown = pixels[((pixels >= 0) & (pixels < [160, 120])).all(axis=1)].astype(int)
    brute = len(np.unique(shown, axis=0))
    edge = 4 * math.sqrt(max(brute, 1))  # every pixel that is touched at the edge counts there, half of each here
    assert Seen.look(body, view, 48).area[0] == pytest.approx(brute, abs=0.7 * edge + 2)


def test_area_of_a_ball_is_its_closed_form() -> None:
    """A ball of radius r at distance d shows as a disc of radius f r / sqrt(d^2 - r^2)."""
    view = sight()
    focal = 50 / 36 * 400
    exact = math.pi * (focal * 0.5 / math.sqrt(100 - 0.25)) ** 2
    assert Seen.look(still(BALL), view, 200).area[0] == pytest.approx(exact, rel=2e-3)


@pytest.mark.parametrize(("edge", "share"), [(-0.5, 1.0), (-0.25, 0.75), (0.0, 0.5), (0.4, 0.1), (0.5, 0.0)])
def test_a_wall_before_half_of_it_hides_half(edge: float, share: float) -> None:
    """A wall halfway to a plate one metre wide, its edge in line with a part of that."""
    plate = Solid(low=(-0.5, -0.001, -0.5), high=(0.5, 0.001, 0.5))
    wall = Solid(low=(edge / 2, -0.001, -3.0), high=(6.0, 0.001, 3.0))
    seen = Seen.look(still(plate), sight(), 100)
    assert seen.hidden_by([still(wall, y=-5.0)])[0] == pytest.approx(1 - (edge + 0.5), abs=0.011)
    assert seen.hidden_by([still(wall, y=5.0)])[0] == 0, "what is behind hides nothing"
    assert share == pytest.approx(0.5 - edge)


def test_opacities_multiply() -> None:
    seen = Seen.look(still(BALL), sight(), 20)
    leaves = still(PLATE.model_copy(update={"opacity": 0.4}), y=-4.0)
    net = still(PLATE.model_copy(update={"opacity": 0.5}), y=-5.0)
    assert seen.hidden_by([leaves])[0] == pytest.approx(0.4)
    assert seen.hidden_by([leaves, net])[0] == pytest.approx(0.7)


def test_a_disc_passing_a_disc_hides_the_lens_that_two_circles_share() -> None:
    film = make_film(width=400, height=300, frames=25)
    view = Sight.of_clip(camera(distance=1000.0, focal=3000.0), film)  # so far away that sizes are equal
    target = still(BALL)
    start, speed = (-1.2, -2.0, 0.0), 2.4 / (24 / 24)
    passing = Body((BALL,), Linear(start=start, velocity=(speed, 0.0, 0.0)), Spin())
    offset = np.abs(start[0] + speed * view.times)
    apart = np.minimum(offset, 1.0)
    lens = 2 * 0.25 * np.arccos(apart) - apart / 2 * np.sqrt(1 - apart**2)
    found = Seen.look(target, view, 60).hidden_by([passing])
    np.testing.assert_allclose(found, lens / (math.pi * 0.25), atol=0.012)


def test_what_leaves_the_frame_has_no_area_and_no_occlusion() -> None:
    film = make_film(width=400, height=300, frames=5)
    view = Sight.of_clip(camera(), film)
    gone = Seen.look(Body((BALL,), Linear(start=(0, 0, 0), velocity=(96.0, 0, 0)), Spin()), view, 20)
    assert gone.area[0] > 0
    assert gone.area[-1] == 0
    assert np.isnan(gone.hidden_by([])[-1])
    half = Seen.look(still(PLATE, x=3.6), view, 40)  # the frame's edge is at 3.6 m
    whole = Seen.look(still(PLATE), view, 40)
    assert half.area[0] == pytest.approx(whole.area[0] / 2, rel=0.06)


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.12, 0.12), st.floats(-0.03, 0.03), st.floats(-0.4, 0.4), st.floats(-0.3, 0.3))
def test_lens_distortion_is_undone(k1: float, k2: float, x: float, y: float) -> None:
    lens = Lens(k1=k1, k2=k2)
    np.testing.assert_allclose(undistort(lens, distort(lens, [x, y])), [x, y], atol=1e-9)


def test_rays_go_through_the_pixels_that_points_project_to() -> None:
    film = make_film(width=400, height=300, frames=4)
    moving = Camera(
        position=Circular(centre=(0, 0, 1), u=(4, 0, 0), v=(0, -6, 0), phase=1.0, rate=2.0),
        look_at=Still(point=(0.2, 0.1, 0.9)),
        focal_mm=30,
        zoom=(ZoomKey(time=0.0, focal_mm=30), ZoomKey(time=0.1, focal_mm=60)),
        lens=Lens(k1=-0.08, k2=0.01),
    )
    view = Sight.of_clip(moving, film)
    points = np.array([[0.3, 0.2, 1.0], [-0.5, 0.4, 1.2], [0.1, -0.3, 0.6], [0.0, 0.0, 1.1]])
    pixels, depth = project(moving, film, view.times, points)
    rays = view.rays(np.arange(4), view.plane(np.arange(4), pixels))
    np.testing.assert_allclose(view.axes[0] + depth[:, None] * rays, points, atol=1e-6)


def test_clearance_is_the_distance_to_the_box() -> None:
    body = Body((CUBE,), Still(point=(1, 0, 0)), Spin(base=(math.cos(0.4), 0, 0, math.sin(0.4)), body=Turn()), 2.0)
    times = np.zeros(3)
    points = np.array([[1, 0, 0.5], [1, 0, 4.0], [5.0, 0, 0]])
    inside_, above, aside = body.at(times).clearance(points)
    assert (inside_, above) == (0.0, pytest.approx(3.0))
    local = np.array([4 * math.cos(0.8), -4 * math.sin(0.8)])
    assert aside == pytest.approx(float(np.linalg.norm(np.maximum(np.abs(local) - 1, 0))))


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 1.0), st.floats(0.3, 2.0), st.floats(1.0, 3.0))
def test_episode_of_a_bell_is_its_width_at_half_height(peak: float, wide: float, middle: float) -> None:
    times = np.linspace(0, 4, 200)
    share = peak * np.clip(1 - np.abs(times - middle) / wide, 0, 1)
    episode = Episode.of(share, times)
    assert episode.peak == pytest.approx(peak, abs=peak * 0.02 / wide + 1e-6)
    if middle - wide / 2 > 0 and middle + wide / 2 < 4:
        assert episode.seconds == pytest.approx(wide, abs=0.03)
        assert episode.moment == pytest.approx(middle, abs=0.02)


def test_episode_takes_the_longest_run_and_knows_when_nothing_is_hidden() -> None:
    times = np.arange(8.0)
    assert Episode.of(np.zeros(8), times) == Episode(0.0, 0.0, 0.0)
    assert Episode.of(np.array([0, 1, 0, 0, 1, 1, 1, np.nan]), times) == Episode(1.0, 3.0, 5.0)
    assert Episode.of(np.array([1.0, 1, 0, 0, 0, 0, 0, 0]), times) == Episode(1.0, 1.5, 0.75)


def box_mesh(low: tuple[float, ...], high: tuple[float, ...]) -> Floats:
    """The twelve triangles of a box, (12, 3, 3)."""
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    points = np.asarray(low) + corners * (np.asarray(high) - np.asarray(low))
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return np.array([points[list(t)] for a, b, c, d in faces for t in ((a, b, c), (a, c, d))])


@pytest.mark.slow
def test_a_proxy_fits_a_hammer_of_two_boxes() -> None:
    head, shaft = ((-0.15, -0.08, 0.2), (0.15, 0.08, 0.35)), ((-0.02, -0.02, -0.3), (0.02, 0.02, 0.2))
    mesh = np.concatenate([box_mesh(*head), box_mesh(*shaft)])
    solids, score = fit(mesh)
    assert score > 0.93
    assert len(solids) == 2
    assert agreement(solids, mesh) == pytest.approx(score, abs=1e-3)
    assert agreement((Solid(low=(-0.15, -0.08, -0.3), high=(0.15, 0.08, 0.35)),), mesh) < 0.6, "its bounding box"
    for found, (low, high) in zip(sorted(solids, key=lambda s: s.low[2]), (shaft, head), strict=True):
        np.testing.assert_allclose(found.low, low, atol=0.02)
        np.testing.assert_allclose(found.high, high, atol=0.02)
