"""The empty scene, and what stands and shines in it before anything moves: set with its lamps, HDRI and sun."""

from __future__ import annotations

import math

import bpy
import numpy as np
from mathutils import Vector

from render.asset import Library
from render.spec import Stage, Sun

from . import sharp
from .ingest import Placed, hdri_path, place
from .variation import Varied, vary

SETS = "sets"
LAMPS = "lamps"
EXTRAS = "extras"
EFFECTS = "effects"
SUN = "sun"
"""The one lamp that is neither the set's nor an effect's; the light meter dims it together with the HDRI."""
SKY = 0.5
"""Radiance of the even sky that lights level ground as much as any HDRI does at strength 1."""


def empty_scene() -> bpy.types.Scene:
    """Blender emptied, with one scene and the collections that the passes tell apart."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    for name in (SETS, LAMPS, EXTRAS, EFFECTS):
        scene.collection.children.link(bpy.data.collections.new(name))
    return scene


def file_under(placed: Placed, name: str) -> None:
    """Keep everything of a placed asset in the collection `name`, made if missing, and nowhere else."""
    collection = bpy.data.collections.get(name)
    if collection is None:
        collection = bpy.data.collections.new(name)
        bpy.context.scene.collection.children.link(collection)
    for item in (placed.root, *placed.root.children_recursive):
        for other in tuple(item.users_collection):
            other.objects.unlink(item)
        collection.objects.link(item)


def build(scene: bpy.types.Scene, stage: Stage, library: Library) -> Varied:
    """Put the set as this clip has it, the HDRI and the sun into the scene.

    UserError where an asset does not hold what it promises.
    """
    room = library.get(stage.set, "set")
    varied = vary(place(room, "default", "set"), room.asset, stage.variation)
    file_under(varied.placed, SETS)
    for item in varied.placed.objects:
        fire = _is_light_alone(item)
        if fire:
            item.visible_shadow = item.visible_diffuse = False  # a lamp within lights what is around, unhindered
        if fire or item.type == "LIGHT":
            bpy.data.collections[SETS].objects.unlink(item)
            bpy.data.collections[LAMPS].objects.link(item)
    light(scene, stage, library)
    return varied


def _is_light_alone(item: bpy.types.Object) -> bool:
    """Flames are in the picture like the light of a lamp, and hide nothing."""
    worn = sharp.materials([item])
    return bool(worn) and all(sharp.is_light_alone(material) for material in worn)


def light(scene: bpy.types.Scene, stage: Stage, library: Library) -> None:
    """Put the HDRI around the scene and the sun into it, in place of those that are there."""
    for lamp in [lamp for lamp in bpy.data.lights if lamp.name == SUN]:
        bpy.data.lights.remove(lamp)
    scene.world = _world(stage, library)
    _sun(stage.sun)


def _world(stage: Stage, library: Library) -> bpy.types.World:
    """The HDRI around the scene, turned counter-clockwise by `hdri_yaw`."""
    world = bpy.data.worlds.new("world")
    world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    background = nodes["Background"]
    picture = nodes.new("ShaderNodeTexEnvironment")
    picture.image = bpy.data.images.load(str(hdri_path(library.get(stage.hdri, "hdri"))))
    background.inputs["Strength"].default_value = stage.hdri_strength * SKY / max(ground_light(picture.image), 1e-6)
    turn = nodes.new("ShaderNodeMapping")
    turn.vector_type = "TEXTURE"  # turns the picture, not the direction that looks it up
    turn.inputs["Rotation"].default_value = (0.0, 0.0, stage.hdri_yaw)
    direction = nodes.new("ShaderNodeTexCoord")
    links.new(direction.outputs["Generated"], turn.inputs["Vector"])
    links.new(turn.outputs["Vector"], picture.inputs["Vector"])
    links.new(picture.outputs["Color"], background.inputs["Color"])
    # The automatic map has the picture's own size and costs two seconds a clip; this is fine enough to find its lamps.
    world.cycles.sampling_method = "MANUAL"
    world.cycles.sample_map_resolution = 256
    return world


def dim_the_seen_sky(world: bpy.types.World, share: float) -> None:
    """Let the sky be seen, in mirrors and through glass too, at a share of the strength at which it gives light."""
    nodes, links = world.node_tree.nodes, world.node_tree.links
    light, seen, either = nodes["Background"], nodes.new("ShaderNodeBackground"), nodes.new("ShaderNodeMixShader")
    seen.inputs["Strength"].default_value = share * light.inputs["Strength"].default_value
    links.new(light.inputs["Color"].links[0].from_socket, seen.inputs["Color"])
    ray = nodes.new("ShaderNodeLightPath")
    looks = ray.outputs["Is Camera Ray"]
    for way in ("Is Glossy Ray", "Is Transmission Ray"):  # neither when light is gathered where it falls
        more = nodes.new("ShaderNodeMath")
        more.operation = "MAXIMUM"
        links.new(looks, more.inputs[0])
        links.new(ray.outputs[way], more.inputs[1])
        looks = more.outputs[0]
    links.new(looks, either.inputs["Fac"])
    links.new(light.outputs[0], either.inputs[1])
    links.new(seen.outputs[0], either.inputs[2])
    links.new(either.outputs[0], nodes["World Output"].inputs["Surface"])


def ground_light(sky: bpy.types.Image) -> float:
    """The radiance of the even sky that would light level ground as an equirectangular picture does (Rec.709)."""
    width, height = sky.size
    rgba = np.empty(width * height * 4, np.float32)
    sky.pixels.foreach_get(rgba)
    luminance_HW = rgba.reshape(height, width, 4)[..., :3].astype(np.float64) @ [0.2126, 0.7152, 0.0722]
    height_H = ((np.arange(height) + 0.5) / height - 0.5) * math.pi  # Blender's first row is the lowest
    weight_H = np.maximum(np.sin(height_H), 0.0) * np.cos(height_H)
    return float((luminance_HW.mean(axis=1) * weight_H).sum() / weight_H.sum())


def _sun(sun: Sun) -> None:
    """A distant lamp; its -Z axis is the way its light goes."""
    lamp = bpy.data.lights.new(SUN, "SUN")
    lamp.energy, lamp.angle, lamp.color = sun.strength, sun.angle, sun.colour
    item = bpy.data.objects.new(SUN, lamp)
    towards = Vector(
        (
            math.cos(sun.elevation) * math.cos(sun.azimuth),
            math.cos(sun.elevation) * math.sin(sun.azimuth),
            math.sin(sun.elevation),
        )
    )
    item.rotation_euler = towards.to_track_quat("Z", "Y").to_euler()
    bpy.data.collections[LAMPS].objects.link(item)
