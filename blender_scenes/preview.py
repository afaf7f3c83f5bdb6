"""A lit sheet of one asset: every finish from three sides and at two levels of charge; sets under several skies."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from math import pi, tan
from pathlib import Path

import bpy
from mathutils import Euler, Vector
from PIL import Image, ImageDraw

from render.asset import InstalledAsset, Library, read
from render.document import write_atomic

from .ingest import Placed, hdri_path, place

SAMPLES = 16
BACKDROP = (58, 60, 64)
LABEL = 14
"""Height in pixels of the strip of text under a picture."""


@dataclass(frozen=True)
class Cell:
    """One picture of the sheet, at its row and column, with its caption."""

    row: int
    column: int
    caption: str


def preview(folder: Path, out: Path, cell: int = 192) -> None:
    """Render the sheet of the asset in `folder` to the PNG `out`; `cell` is the height of one picture in pixels.

    UserError for a bad asset.
    """
    installed = read(folder)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    _film(cell)
    drawn = {"set": _set_cells, "hdri": _sky_cells}.get(installed.asset.kind, _prop_cells)(installed)
    pictures = [(where, _render()) for where in drawn]
    width, height = pictures[0][1].size
    rows = 1 + max(where.row for where, _ in pictures)
    columns = 1 + max(where.column for where, _ in pictures)
    sheet = Image.new("RGB", (columns * width, rows * (height + LABEL)), (24, 24, 26))
    pen = ImageDraw.Draw(sheet)
    for where, picture in pictures:
        corner = (where.column * width, where.row * (height + LABEL))
        sheet.paste(picture, corner)
        pen.text((corner[0] + 4, corner[1] + height + 1), where.caption, fill=(210, 210, 210))
    write_atomic(out, _png(sheet))


def _prop_cells(installed: InstalledAsset) -> Iterator[Cell]:
    """A row a finish: three sides dull, then charged by half and in full."""
    _sky("hdri-studio", 0.7, yaw=0.6)
    _lamp((-2.0, -2.2, 2.4), 190.0, 1.6)
    _lamp((2.4, 1.2, 1.0), 130.0, 1.2)
    for row, finish in enumerate(installed.asset.finishes):
        placed = place(installed, finish, finish)
        _look_at_prop(placed)
        for column, (name, turn) in enumerate((("front", 0.5), ("side", 0.5 + pi / 2), ("back", 0.5 + pi))):
            placed.root.rotation_euler = (0.12, 0.0, turn)
            yield Cell(row, column, f"{finish}, {name}")
        placed.charge_colour((0.25, 0.55, 1.0))
        for column, level in enumerate((0.5, 1.0) if placed.charge else (), start=3):
            placed.root.rotation_euler = (0.12, 0.0, 0.5 + pi)
            for node in placed.charge:
                node.outputs[0].default_value = level
            yield Cell(row, column, f"{finish}, charge {level}")
        for thing in placed.objects:
            thing.hide_render = True


def _set_cells(installed: InstalledAsset) -> Iterator[Cell]:
    """From the camera's side of the action box under four skies, and from two more places."""
    place(installed, next(iter(installed.asset.finishes)), "set")
    film = bpy.context.scene.render
    film.resolution_x = film.resolution_y * 16 // 9
    sun = _sun()
    ahead, left, right = (0.0, -6.0, 1.6), (-4.5, -4.5, 2.2), (4.0, -5.0, 0.9)
    skies = (("hdri-city", 3.0), ("hdri-sunset", 2.0), ("hdri-night", 0.4), ("hdri-courtyard", 3.0))
    for number, (sky, strength) in enumerate(skies):
        _sky(sky, 1.0, yaw=0.9 * number)
        sun.data.energy = strength
        _camera(ahead, Vector((0, 2, 1.4)), 28.0)
        yield Cell(number // 2, number % 2, sky)
    _sky("hdri-city", 1.0, yaw=0.0)
    sun.data.energy = 3.0
    for number, (name, spot) in enumerate((("left", left), ("right", right))):
        _camera(spot, Vector((0, 2, 1.4)), 28.0)
        yield Cell(2, number, f"from the {name}")


def _sky_cells(installed: InstalledAsset) -> Iterator[Cell]:
    """A matt and a mirror ball in the light, with the sky behind."""
    _film_solid()
    for number, (metallic, roughness) in enumerate(((0.0, 0.7), (1.0, 0.02))):
        bpy.ops.mesh.primitive_uv_sphere_add(radius=0.45, segments=64, ring_count=32, location=(number - 0.5, 0, 0))
        ball = bpy.context.object
        ball.data.shade_smooth()
        matter = bpy.data.materials.new("ball")
        matter.use_nodes = True
        shader = matter.node_tree.nodes["Principled BSDF"]
        shader.inputs["Metallic"].default_value, shader.inputs["Roughness"].default_value = metallic, roughness
        ball.data.materials.append(matter)
    film = bpy.context.scene.render
    film.resolution_x = film.resolution_y * 16 // 9
    _camera((0.0, -3.4, 0.3), Vector((0, 0, 0)), 50.0)
    _world(hdri_path(installed), 1.0, 0.0)
    yield Cell(0, 0, installed.asset.name)


def _film(cell: int) -> None:
    bpy.ops.preferences.addon_enable(module="cycles")
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x = scene.render.resolution_y = cell
    scene.render.film_transparent = True
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGBA"
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    scene.render.use_persistent_data = True  # the sky's importance map costs more than a small picture
    scene.cycles.samples = SAMPLES
    scene.cycles.max_bounces = 4
    scene.cycles.use_denoising = True


def _film_solid() -> None:
    bpy.context.scene.render.film_transparent = False


def _render() -> Image.Image:
    """The current scene as an RGB picture over the backdrop."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cell.png"
        bpy.context.scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        with Image.open(path) as picture:
            front = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", front.size, (*BACKDROP, 255)), front).convert("RGB")


def _look_at_prop(placed: Placed) -> None:
    """A long lens that holds the whole prop whichever way it is turned about Z."""
    bpy.context.view_layer.update()
    corners = [o.matrix_world @ Vector(c) for o in placed.objects for c in o.bound_box]
    low, high = (Vector([f(c[k] for c in corners) for k in range(3)]) for f in (min, max))
    middle = (low + high) / 2
    radius = max((c - middle).length for c in corners)
    distance = 1.0 * radius / tan(_FIELD / 2)
    _camera((0.0, middle.y - distance, middle.z + 0.25 * distance), middle, _focal(_FIELD))


_FIELD = 0.42
"""Field of view in radians for props."""


def _focal(field: float) -> float:
    return 18.0 / tan(field / 2)


def _camera(place_at: tuple[float, float, float], aim: Vector, focal: float) -> None:
    scene = bpy.context.scene
    if scene.camera is None:
        scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        scene.collection.objects.link(scene.camera)
    scene.camera.data.lens = focal
    scene.camera.location = place_at
    scene.camera.rotation_euler = (aim - Vector(place_at)).to_track_quat("-Z", "Y").to_euler()


def _lamp(at: tuple[float, float, float], power: float, size: float) -> None:
    lamp = bpy.data.lights.new("lamp", "AREA")
    lamp.energy, lamp.size = power, size
    thing = bpy.data.objects.new("lamp", lamp)
    thing.location = at
    thing.rotation_euler = (-Vector(at)).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(thing)


def _sun() -> bpy.types.Object:
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    sun.data.angle = 0.01
    sun.rotation_euler = Euler((0.75, 0.25, 0.5))
    bpy.context.scene.collection.objects.link(sun)
    return sun


def _sky(name: str, strength: float, yaw: float) -> None:
    _world(hdri_path(Library.open().get(name, "hdri")), strength, yaw)


def _world(path: Path, strength: float, yaw: float) -> None:
    world = bpy.data.worlds.new("sky")
    world.use_nodes = True
    tree = world.node_tree
    picture, turn = tree.nodes.new("ShaderNodeTexEnvironment"), tree.nodes.new("ShaderNodeMapping")
    picture.image = bpy.data.images.load(str(path), check_existing=True)
    turn.inputs["Rotation"].default_value = (0.0, 0.0, yaw)
    tree.links.new(tree.nodes.new("ShaderNodeTexCoord").outputs["Generated"], turn.inputs["Vector"])
    tree.links.new(turn.outputs["Vector"], picture.inputs["Vector"])
    background = tree.nodes["Background"]
    background.inputs["Strength"].default_value = strength
    tree.links.new(picture.outputs["Color"], background.inputs["Color"])
    bpy.context.scene.world = world
    if bpy.context.scene.render.film_transparent and any(
        o.type == "LIGHT" and o.data.type == "SUN" for o in bpy.data.objects
    ):
        bpy.context.scene.render.film_transparent = False


def _png(sheet: Image.Image) -> bytes:
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()
