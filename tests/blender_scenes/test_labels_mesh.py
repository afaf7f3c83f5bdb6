"""Masks of a real asset against a rasteriser in NumPy: the same triangles, the same camera, one answer a pixel."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from render.asset import Library
from render.optics import project
from render.products import Product
from render.spec import Camera, ClipSpec, Linear, Spin, Still, Turn
from tests.blender_scenes.in_blender import in_blender
from tests.blender_scenes.labelled import empty_clip, extra
from tests.blender_scenes.rendering import Rendered
from tests.specs import make_film

pytestmark = pytest.mark.slow
Floats = NDArray[np.float64]

NEAR_PX = 0.02

_SCRIPT = """
import sys
from pathlib import Path
import bpy
import numpy as np
from render.asset import Library
from render.spec import ClipSpec
from blender_scenes import clip

spec = ClipSpec.read_json(Path(sys.argv[1]))
scene = clip.build(spec, Library.open([Path(sys.argv[3])]), clip.Machine(device="cpu"), Path(sys.argv[2]).parent)
scene.frame_set(int(sys.argv[4]))
graph = bpy.context.evaluated_depsgraph_get()
found = {}
for instance in graph.object_instances:
    thing = instance.object
    if thing.type != "MESH":
        continue
    root = thing.original
    while root.parent:
        root = root.parent
    mesh = thing.to_mesh()
    mesh.calc_loop_triangles()
    points = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", points)
    corners = np.empty(len(mesh.loop_triangles) * 3, np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners)
    matrix = np.array(instance.matrix_world)
    world = points.reshape(-1, 3).astype(float) @ matrix[:3, :3].T + matrix[:3, 3]
    found.setdefault(root.name, []).append(world[corners.reshape(-1, 3)])
np.savez(sys.argv[2], **{name: np.concatenate(parts) for name, parts in found.items()})
result = {name: sum(map(len, parts)) for name, parts in found.items()}
"""


def test_masks_of_a_hammer_behind_a_crate(
    rendered: Callable[[ClipSpec], Rendered],
    digests: Callable[[ClipSpec], ClipSpec],
    assets: Path,
    tmp_path: Path,
    measured: Callable[..., None],
) -> None:
    spec = empty_clip()
    (target,) = spec.targets
    hammer = target.model_copy(
        update={
            "asset": "hammer",
            "finish": next(iter(Library.open().get("hammer").asset.finishes)),
            "scale": 2.0,
            "curve": Linear(start=(-0.35, 0.4, 1.3), velocity=(6.0, -1.0, 1.0)),
            "spin": Spin(base=(0.9, 0.3, -0.2, 0.25), body=Turn.steady((0.3, 0.5, 0.8), 9.0)),
        }
    )
    camera = Camera(
        position=Linear(start=(0.3, -4.0, 1.9), velocity=(-0.8, 1.5, 0.3)),
        look_at=Still(point=(0, 0, 1.3)),
        focal_mm=55.0,
    )
    crate = extra("crate", (0.3, -0.7, 0.9), Spin(base=(0.94, 0.2, 0.25, 0.1)))
    film = make_film(width=256, height=144, frames=2, samples=1)
    spec = digests(spec.model_copy(update={"targets": (hammer,), "extras": (crate,), "camera": camera, "film": film}))
    clip = rendered(spec)
    file = tmp_path / "spec.json"
    file.write_text(spec.canonical())
    for frame in range(film.frames):
        counts = in_blender(_SCRIPT, file, tmp_path / "mesh.npz", assets, frame)
        assert counts["target-1"] > 5000
        with np.load(tmp_path / "mesh.npz") as held:
            meshes = {name: _on_screen(spec, frame, held[name]) for name in held.files}
        alone = Raster(film.width, film.height, [meshes["target-1"]])
        whole = Raster(film.width, film.height, list(meshes.values()))
        place = list(meshes).index("target-1")
        for what, raster, wanted, found in (
            ("amodal", alone, 0, clip.member(frame, Product.AMODAL, 1)),
            ("visible", whole, place, clip.member(frame, Product.VISIBLE) == 1),
        ):
            differs = np.argwhere((raster.seen == wanted) != found)
            near = [raster.changes(y + 0.5, x + 0.5, wanted) for y, x in differs]
            measured(
                f"hammer, {what}, frame {frame}",
                triangles=sum(map(len, meshes.values())),
                area_px=int(found.sum()),
                differing_px=len(differs),
                of_them_not_at_an_edge=len(near) - sum(near),
            )
            assert found.sum() > 800
            assert all(near)
        hidden = (alone.seen == 0).sum() - (whole.seen == place).sum()
        assert hidden > 150, "the crate must hide some of it"


def _on_screen(spec: ClipSpec, frame: int, corners_T33: Floats) -> Floats:
    """Triangles as (T, 3, 3) of x, y in px and 1 / depth, which is linear on the screen; none behind the camera."""
    flat = corners_T33.reshape(-1, 3)
    pixels, depth = project(spec.camera, spec.film, np.full(len(flat), frame / spec.film.fps), flat)
    shown = np.concatenate([pixels, 1 / depth[:, None]], axis=1).reshape(-1, 3, 3)
    return shown[(depth.reshape(-1, 3) > 0.01).all(1)]


class Raster:
    """Which of several meshes is seen at every pixel's centre. seen: (H, W), the mesh's place, -1 for none."""

    def __init__(self, width: int, height: int, meshes: list[Floats]) -> None:
        triangles = np.concatenate(meshes)
        owners = np.repeat(np.arange(len(meshes)), [len(mesh) for mesh in meshes])
        low, high = triangles[..., :2].min(1), triangles[..., :2].max(1)
        inside = (high > 0).all(1) & (low < (width, height)).all(1)
        self._triangles, self._owners = triangles[inside], owners[inside]
        self._low, self._high = low[inside], high[inside]
        nearest = np.zeros((height, width))
        self.seen = np.full((height, width), -1)
        first = np.clip(np.ceil(self._low - 0.5), 0, (width, height)).astype(int)
        last = np.clip(np.floor(self._high - 0.5) + 1, 0, (width, height)).astype(int)
        for t in np.flatnonzero((last > first).all(1)):
            (x0, y0), (x1, y1) = first[t], last[t]
            y, x = np.mgrid[y0:y1, x0:x1] + 0.5
            near, hit = _at(self._triangles[t], x, y)
            box = np.s_[y0:y1, x0:x1]
            closer = hit & (near > nearest[box])
            nearest[box] = np.where(closer, near, nearest[box])
            self.seen[box] = np.where(closer, self._owners[t], self.seen[box])

    def at(self, x: float, y: float) -> int:
        """What is seen at one point."""
        over = np.flatnonzero(((self._low <= (x, y)) & (self._high >= (x, y))).all(1))
        near, hit = _at(self._triangles[over].transpose(1, 2, 0), np.float64(x), np.float64(y))
        near = np.where(hit, near, 0)
        return int(self._owners[over[near.argmax()]]) if near.any() else -1

    def changes(self, y: float, x: float, wanted: int) -> bool:
        """Whether an edge of what is seen lies within NEAR_PX of a point."""
        around = [
            self.at(x + NEAR_PX * math.cos(turn), y + NEAR_PX * math.sin(turn)) == wanted
            for turn in np.arange(16) * math.pi / 8
        ]
        return len({*around, self.at(x, y) == wanted}) > 1


def _at(triangle: Floats, x: Floats | np.float64, y: Floats | np.float64) -> tuple[Floats, NDArray[np.bool_]]:
    """1 / depth of a triangle (3, 3, ...) at points, and whether they lie within it."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = triangle
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    safe = np.where(area == 0, 1, area)
    u = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / safe
    v = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / safe
    w = 1 - u - v
    return u * az + v * bz + w * cz, (u >= 0) & (v >= 0) & (w >= 0) & (area != 0)
