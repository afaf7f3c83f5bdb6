"""What an asset looks like: a lit sheet of every finish, wear and charge, and a turntable film; sets under their skies.

A sheet of props is one picture: copies stand in rows and columns before a camera without perspective, each at a
distance of its own so that none lights or shades another.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from math import pi, tan
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from render.asset import InstalledAsset, read
from render.document import write_atomic

from . import studio
from .finish import WEAR
from .ingest import Placed, hdri_path, place

SAMPLES = 6
LABEL = 16
"""Height in pixels of the strip of text under a picture."""
TILT = 0.16
"""Radians by which props lean towards the camera, so that one looks down on them a little."""
FRONT, SIDE, BACK = pi + 0.5, pi / 2 + 0.5, 0.5
"""Turns about Z that show a prop's +Y side, its right side and its -Y side to the camera."""
FILL = 0.10
"""Even light, so that polished metal never reflects plain black."""
CHARGE_COLOUR = (0.25, 0.55, 1.0)


@dataclass(frozen=True)
class State:
    """One picture of a prop: its finish, how it is turned, worn and charged."""

    finish: str
    caption: str
    turn: float
    wear: float = 0.0
    charge: float = 0.0


@dataclass(frozen=True)
class View:
    """One picture of a set or sky, with its caption; the scene is ready for it when it is yielded."""

    row: int
    column: int
    caption: str


def preview(folder: Path, out: Path, cell: int = 256) -> None:
    """Show the asset in `folder`: a PNG sheet, or a turntable film where `out` ends in .mp4.

    `cell` is the greater side of one picture in pixels. UserError for a bad asset.
    """
    installed = read(folder)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if out.suffix.lower() == ".mp4":
        from .turntable import turntable

        turntable(installed, out, cell)
        return
    if installed.asset.kind in ("set", "hdri"):
        views = _set_views(installed, cell) if installed.asset.kind == "set" else _sky_views(installed, cell)
        sheet = _assembled([(view, studio.photograph()) for view in views])
    else:
        sheet = _prop_sheet(installed, cell)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    write_atomic(out, buffer.getvalue())


def states(installed: InstalledAsset, worn: bool) -> list[list[State]]:
    """The rows of a prop's sheet, one a finish: its sides, then (where its materials can) worn and charged."""
    rows = []
    for finish in installed.asset.finishes:
        row = [State(finish, f"{finish}, {name}", turn) for name, turn in _SIDES]
        if worn:
            row += [State(finish, f"wear {wear:g}", FRONT, wear=wear) for wear in (0.5, 1.0)]
        if installed.asset.charge:
            row += [State(finish, f"charge {level:g}", FRONT, charge=level) for level in (0.4, 1.0)]
        rows.append(row)
    return rows


_SIDES = (("front", FRONT), ("side", SIDE), ("back", BACK))


def wears(placed: Placed) -> bool:
    """Whether wear changes anything in its materials."""
    materials = {slot.material for thing in placed.objects for slot in thing.material_slots if slot.material}
    return any(node.label == WEAR for m in materials if m.node_tree for node in m.node_tree.nodes)


def points(placed: Placed) -> NDArray[np.float64]:
    """Corners of what a placed asset's objects fill in its root's frame: (N, 3), every vertex of still ones."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    home = np.asarray(placed.root.matrix_world.inverted())
    found = []
    for thing in placed.objects:
        mesh = thing.evaluated_get(graph).to_mesh()
        if mesh is not None and len(mesh.vertices):
            flat = np.empty(len(mesh.vertices) * 3, np.float32)
            mesh.vertices.foreach_get("co", flat)
            matrix = home @ np.asarray(thing.matrix_world)
            found.append(flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])
    return np.concatenate(found)


def stance(turn: float) -> Matrix:
    """The attitude of a prop that is turned about Z and leans towards a camera at -Y."""
    return Matrix.Rotation(TILT, 4, "X") @ Matrix.Rotation(turn, 4, "Z")


def light_props(backdrop: bool = False) -> None:
    """A soft key from the left, a rim from the right behind, and a studio's reflections."""
    studio.built_in_sky("hdri-studio", 0.9, 0.6, FILL, backdrop)
    studio.sun((-0.75, -0.75, 0.75), 1.9, 0.5)
    studio.sun((0.9, 0.55, 0.4), 1.6, 0.35)


def dress(placed: Placed, charge: float) -> None:
    """Charge a placed prop to a level."""
    placed.charge_colour(CHARGE_COLOUR)
    for node in placed.charge:
        node.outputs[0].default_value = charge


def _prop_sheet(installed: InstalledAsset, cell: int) -> Image.Image:
    first = place(installed, next(iter(installed.asset.finishes)), "first")
    rows = states(installed, wears(first))
    everywhere = points(first)
    seen = np.concatenate([everywhere @ np.asarray(stance(state.turn))[:3, :3].T for state in rows[0]])
    low, high = seen.min(0), seen.max(0)
    wide, high_m = (float(high[axis] - low[axis]) * 1.06 for axis in (0, 2))
    pixel = max(wide, high_m) / cell
    width, height = round(wide / pixel), round(high_m / pixel)
    apart = 12 * float((high - low).max())
    number = 0
    for row, line in enumerate(rows):
        for column, state in enumerate(line):
            copy = place(installed, state.finish, f"{row}-{column}", state.wear)
            _share_meshes(copy, first)
            if copy.action:
                copy.action.play(24.0, copy.action.seconds * column / len(line))
            dress(copy, state.charge)
            middle = (low + high) / 2
            at = (column * width * pixel - middle[0], number * apart, -row * (height + LABEL) * pixel - middle[2])
            copy.root.matrix_world = Matrix.Translation(at) @ stance(state.turn)
            number += 1
    for thing in first.objects:
        thing.hide_render = True
    columns = max(len(line) for line in rows)
    sheet_width, sheet_height = columns * width, len(rows) * (height + LABEL)
    studio.film(sheet_width, sheet_height, SAMPLES)
    light_props()
    centre = ((sheet_width - width) / 2 * pixel, 0.0, -(sheet_height - height) / 2 * pixel)
    lens = studio.camera((centre[0], -2 * apart, centre[2]), centre, 1.0)
    lens.type, lens.ortho_scale = "ORTHO", max(sheet_width, sheet_height) * pixel
    lens.clip_end = (number + 4) * apart
    sheet = studio.photograph()
    pen = ImageDraw.Draw(sheet)
    for row, line in enumerate(rows):
        for column, state in enumerate(line):
            pen.text((column * width + 5, row * (height + LABEL) + height + 1), state.caption, fill=(225, 225, 225))
    return sheet


def _share_meshes(copy: Placed, first: Placed) -> None:
    """Let a still copy use the first one's meshes in its own materials: one shape in memory, however many copies."""
    if copy.action:
        return
    for thing, other in zip(copy.objects, first.objects, strict=True):
        worn = [slot.material for slot in thing.material_slots]
        thing.data = other.data
        for slot, material in zip(thing.material_slots, worn, strict=True):
            slot.link, slot.material = "OBJECT", material


def _set_views(installed: InstalledAsset, cell: int) -> Iterator[View]:
    """From the camera's side of the action box under four skies, and from two more places."""
    studio.film(cell * 16 // 9, cell, SAMPLES)
    bpy.context.scene.render.film_transparent = False
    place(installed, next(iter(installed.asset.finishes)), "set")
    sun = studio.sun((0.4, -0.5, 0.75), 3.0, 0.01)
    skies = (("hdri-city", 3.0), ("hdri-sunset", 2.0), ("hdri-night", 0.4), ("hdri-courtyard", 3.0))
    for number, (name, strength) in enumerate(skies):
        studio.built_in_sky(name, 1.0, 0.9 * number)
        sun.data.energy = strength
        studio.camera((0.0, -6.0, 1.6), (0, 2, 1.4), _WIDE)
        yield View(number // 2, number % 2, name)
    studio.built_in_sky("hdri-city", 1.0, 0.0)
    sun.data.energy = 3.0
    for number, (name, spot) in enumerate((("left", (-4.5, -4.5, 2.2)), ("right", (4.0, -5.0, 0.9)))):
        studio.camera(spot, (0, 2, 1.4), _WIDE)
        yield View(2, number, f"from the {name}")


_WIDE = 1.14
"""Field of view in radians for sets: a 28 mm lens."""


def _sky_views(installed: InstalledAsset, cell: int) -> Iterator[View]:
    """A matt, a glossy and a mirror ball in the light, with the sky behind them, from two sides."""
    studio.film(cell * 16 // 9, cell, 4 * SAMPLES)
    bpy.context.scene.render.film_transparent = False
    for number, (metallic, roughness) in enumerate(((0.0, 0.8), (1.0, 0.35), (1.0, 0.02))):
        bpy.ops.mesh.primitive_uv_sphere_add(radius=0.45, segments=64, ring_count=32, location=(number - 1, 0, 0))
        ball = bpy.context.object
        ball.data.shade_smooth()
        matter = bpy.data.materials.new("ball")
        matter.use_nodes = True
        shader = matter.node_tree.nodes["Principled BSDF"]
        shader.inputs["Metallic"].default_value, shader.inputs["Roughness"].default_value = metallic, roughness
        ball.data.materials.append(matter)
    field = 0.72
    for number, yaw in enumerate((0.0, pi)):
        studio.sky(hdri_path(installed), 1.0, yaw)
        studio.camera((0.0, -1.75 / tan(field / 2), 0.3), (0, 0, 0), field)
        yield View(0, number, f"{installed.asset.name}, turned by {round(yaw * 180 / pi)} degrees")


def _assembled(pictures: list[tuple[View, Image.Image]]) -> Image.Image:
    width, height = pictures[0][1].size
    rows = 1 + max(view.row for view, _ in pictures)
    columns = 1 + max(view.column for view, _ in pictures)
    sheet = Image.new("RGB", (columns * width, rows * (height + LABEL)), (24, 24, 26))
    pen = ImageDraw.Draw(sheet)
    for view, picture in pictures:
        corner = (view.column * width, view.row * (height + LABEL))
        sheet.paste(picture, corner)
        pen.text((corner[0] + 5, corner[1] + height + 1), view.caption, fill=(225, 225, 225))
    return sheet
