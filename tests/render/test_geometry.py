"""Depth, flow and normals from what a renderer knows of each pixel, by hand for a camera that looks north."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.document import UserError
from render.frames import geometry
from render.optics import fisheye, one_to_one, undistort
from render.spec import Camera, Film, Lens, Linear, Still, ZoomKey

FILM = Film(width=36, height=20, frames=3, fps=10.0, shutter_degrees=0, samples=1)
NORTH = Camera(position=Still(point=(0, -4, 1)), look_at=Still(point=(0, 0, 1)), focal_mm=36.0)
EVERYWHERE = np.ones((20, 36), np.bool_)


def test_depth_is_along_the_viewing_direction_and_infinite_in_the_sky() -> None:
    points = np.zeros((20, 36, 3), np.float32) + (3.0, 1.0, 2.0)
    hit = EVERYWHERE.copy()
    hit[0] = False
    depth = geometry.depth(NORTH, FILM, 0, points, hit)
    assert np.allclose(depth[1:], 5.0)
    assert np.isinf(depth[0]).all()


def test_depth_follows_the_rows_of_a_rolling_shutter() -> None:
    moving = NORTH.model_copy(update={"position": Linear(start=(0, -4, 1), velocity=(0, 10, 0))})
    film = FILM.model_copy(update={"readout": 0.5})
    depth = geometry.depth(moving, film, 0, np.zeros((20, 36, 3), np.float32), EVERYWHERE)
    # 10 m/s, 0.1 s a frame, half of it from the first row to the last.
    assert np.allclose(depth[:, 0], np.linspace(4.25, 3.75, 20))


def test_normals_are_right_down_forward() -> None:
    facing = np.zeros((20, 36, 3), np.float32) + (0.0, -2.0, 0.0)
    assert np.allclose(geometry.normal(NORTH, FILM, 0, facing, EVERYWHERE), (0, 0, -1))
    up = np.zeros((20, 36, 3), np.float32) + (0.0, 0.0, 1.0)
    assert np.allclose(geometry.normal(NORTH, FILM, 0, up, EVERYWHERE), (0, -1, 0))
    assert not geometry.normal(NORTH, FILM, 0, up, ~EVERYWHERE).any()


def test_flow_turns_blenders_vectors_and_zooms_a_bent_lens() -> None:
    vectors = np.zeros((20, 36, 2), np.float32) + (-3.0, 2.0)  # here minus there, y up: 3 px right, 2 px down
    assert np.allclose(geometry.flow(NORTH, FILM, 0, vectors, EVERYWHERE), (3, 2))
    keys = (ZoomKey(time=0.0, focal_mm=36.0), ZoomKey(time=0.1, focal_mm=72.0))
    bent = NORTH.model_copy(update={"zoom": keys, "lens": Lens(k1=-0.1)})
    flow = geometry.flow(bent, FILM, 0, np.zeros((20, 36, 2), np.float32), EVERYWHERE)
    assert np.allclose(flow[5, 30], (30.5 - 18, 5.5 - 10)), "twice as far from the middle"


def test_the_sky_flows_against_the_turn_of_the_camera() -> None:
    turning = NORTH.model_copy(update={"look_at": Linear(start=(0, 0, 1), velocity=(4.0, 0, 0))})
    flow = geometry.flow(turning, FILM, 0, np.zeros((20, 36, 2), np.float32), ~EVERYWHERE)
    # In 0.1 s it turns right by atan(0.1): what was ahead is 3.6 px to the left.
    assert np.allclose(flow[9:11, 17:19].mean(axis=(0, 1)), (-3.6, 0), atol=0.01)


def test_the_fitted_lens_bends_as_it_should() -> None:
    camera = NORTH.model_copy(update={"lens": Lens(k1=-0.15, k2=0.02)})
    film = FILM.model_copy(update={"width": 1024, "height": 576})
    powers, error = fisheye(camera, film, 36.0)
    radius_mm = np.linspace(0, 20, 50)
    angle = sum(k * radius_mm**power for power, k in enumerate(powers))
    plane = undistort(camera.lens, np.stack([radius_mm / 36, np.zeros(50)], axis=1))[:, 0]
    assert np.abs(angle - np.arctan(plane)).max() * 1024 < 2 * error < 0.05


def test_a_lens_that_folds_the_picture_over_is_refused() -> None:
    with pytest.raises(UserError, match="fold"):
        fisheye(NORTH.model_copy(update={"lens": Lens(k1=-1.5)}), FILM, 14.0)


@given(k1=st.floats(-1.5, 0.3), k2=st.floats(-0.5, 0.5), focal=st.floats(8, 135))
def test_a_lens_for_a_frame_never_folds_it_over(k1: float, k2: float, focal: float) -> None:
    corner = 1.02 * math.hypot(FILM.width, FILM.height) / 2 / FILM.width * 36 / focal
    lens = Lens(k1=k1, k2=k2)
    bent = one_to_one(lens, corner)
    fisheye(NORTH.model_copy(update={"lens": bent}), FILM, focal)  # raises where it folds
    assert bent == lens or (abs(bent.k1) <= abs(k1) and abs(bent.k2) <= abs(k2))
    assert one_to_one(bent, corner) == bent
