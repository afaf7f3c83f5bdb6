"""What an asset's proxy could be, measured from its file: a few solids with the mesh's own silhouettes."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from render.asset import InstalledAsset, Solid
from render.document import UserError
from render.planning.occlusion.fit import agreement, fit

from .ingest import Placed, place


def suggest(installed: InstalledAsset, most: int) -> str:
    """The lines for asset.toml, and how well they and the present ones agree with the file's silhouettes (0 to 1).

    UserError for an asset that is neither prop nor occluder, or that cannot be placed.
    """
    asset = installed.asset
    if asset.kind not in ("prop", "occluder"):
        raise UserError(f"{installed.folder / 'asset.toml'}: only props and occluders have a proxy, not a {asset.kind}")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    triangles = placed_triangles(place(installed, next(iter(asset.finishes)), "proxy"))
    low, high = triangles.min(axis=(0, 1)), triangles.max(axis=(0, 1))
    solids, score = fit(triangles, most)
    lines = [
        f"# bounds {_row(low)} to {_row(high)} m; present proxy agrees {agreement(asset.solids(), triangles):.3f}, "
    ]
    lines[0] += f"this one {score:.3f}"
    return "\n".join([*lines, "proxy = [", *(f"    {_line(solid)}," for solid in solids), "]"])


def placed_triangles(placed: Placed) -> NDArray[np.float64]:
    """Every triangle of a placed asset as it stands now, float64 (T, 3, 3), in the frame of its root."""
    graph = bpy.context.evaluated_depsgraph_get()
    found = []
    back = np.linalg.inv(np.asarray(placed.root.matrix_world))
    for item in placed.objects:
        if item.type != "MESH":
            continue
        shown = item.evaluated_get(graph)
        mesh = shown.to_mesh()
        mesh.calc_loop_triangles()
        corner = np.empty(len(mesh.loop_triangles) * 3, np.int32)
        mesh.loop_triangles.foreach_get("vertices", corner)
        flat = np.empty(len(mesh.vertices) * 3, np.float32)
        mesh.vertices.foreach_get("co", flat)
        turn = back @ np.asarray(shown.matrix_world)
        points = flat.reshape(-1, 3).astype(np.float64) @ turn[:3, :3].T + turn[:3, 3]
        found.append(points[corner].reshape(-1, 3, 3))
        shown.to_mesh_clear()
    return np.concatenate(found)


def _line(solid: Solid) -> str:
    more = f', round = "{solid.round}"' if solid.round != "no" else ""
    more += f", opacity = {solid.opacity:g}" if solid.opacity < 1 else ""
    return f"{{ low = {_row(solid.low)}, high = {_row(solid.high)}{more} }}"


def _row(values: tuple[float, ...] | NDArray[np.float64]) -> str:
    return "[" + ", ".join(f"{value + 0.0:.3f}" for value in values) + "]"
