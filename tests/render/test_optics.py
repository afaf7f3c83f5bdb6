"""The pinhole camera against hand-worked projections."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from render.optics import camera_axes, focal_px, project
from render.spec import Camera, Film, Still

FILM = Film(width=360, height=200, frames=1, fps=24, shutter_degrees=0, samples=1)


def looking_north(focal: float = 36.0) -> Camera:
    return Camera(position=Still(point=(0, -4, 1)), look_at=Still(point=(0, 0, 1)), focal_mm=focal)


def test_golden_projection() -> None:
    # A 36 mm lens on a 36 mm sensor: one image width at one metre of distance is one metre. 4 m away, 1 m is 90 px.
    camera = looking_north()
    assert focal_px(camera, FILM, 0.0)[0] == 360
    pixels, depth = project(camera, FILM, [0, 0, 0], [[0, 0, 1], [1, 0, 1], [0, 0, 2]])
    assert np.allclose(pixels, [[180, 100], [270, 100], [180, 10]])
    assert np.allclose(depth, 4)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-1, 3))
def test_axes_are_right_handed_and_look_at_the_target(x: float, y: float, z: float) -> None:
    camera = Camera(position=Still(point=(0, -9, 1)), look_at=Still(point=(x, y, z)), focal_mm=50)
    _, axes = camera_axes(camera, [0.0])
    assert np.allclose(axes[0].T @ axes[0], np.eye(3), atol=1e-12)
    assert np.isclose(np.linalg.det(axes[0]), 1)
    pixels, _ = project(camera, FILM, [0.0], [[x, y, z]])
    assert np.allclose(pixels, [[180, 100]], atol=1e-6)
