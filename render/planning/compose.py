"""Compose one clip: draw from the recipe's distributions and solve the geometry (pure NumPy, no rendering).

Each part draws from its own named stream, so that adding an effect does not reshuffle the camera. Motion and camera are
drawn together until the prop stays in view, over the ground and inside the set's clear room.
"""

from __future__ import annotations

from ..asset import Library
from ..document import UserError
from ..spec import ClipSpec, Film, Target
from .allowed import Allowed
from .cameras import chase, frame_shot
from .effects import draw_effects
from .filmable import filmable
from .looks import draw_look
from .motions import lay_path
from .occlusion import draw_occluders
from .recipe import FilmRecipe, Recipe
from .stages import draw_stage
from .streams import Stream
from .targets import ENERGY, draw_charge, draw_prop, draw_spin

DECIMALS = 6
"""Specs are rounded to this many decimals (micrometres, microseconds), so that libm's last bits never reach a hash."""

ATTEMPTS = 200


def compose(recipe: Recipe, library: Library, seed: int, index: int) -> ClipSpec:
    """Clip `index` of the dataset with that seed; UserError if the recipe asks for what cannot be filmed."""
    split = recipe.splits.of(index)
    allowed = Allowed(recipe.held_out, library, split == "test")

    def stream(name: str, attempt: int = 0) -> Stream:
        return Stream(seed, index, name, attempt)

    film = _film(recipe.film, stream("film"))
    stage = draw_stage(recipe.stage, allowed, stream("stage"))
    prop, finish = draw_prop(recipe.target, allowed, stream("target"))
    for attempt in range(ATTEMPTS):
        shot = frame_shot(recipe.camera, prop, allowed.get("set", stage.set), film, stream("camera", attempt))
        curve = lay_path(recipe.motion, allowed, shot, film, stream("motion", attempt))
        camera = chase(recipe.camera, shot, curve, film, stream("follow", attempt))
        if filmable(curve, camera, film, shot):
            break
    else:
        raise UserError(
            f"recipe '{recipe.name}', clip {index}: no path in {ATTEMPTS} tries keeps {prop.asset.name} in view inside "
            f"the clear room of {stage.set}; lower camera.prop_share or motion.extent, or raise camera.focal_mm"
        )
    colour = stream("colour").pick(list(ENERGY))
    target = Target(
        object_id=1,
        asset=prop.asset.name,
        asset_digest=prop.digest,
        label=prop.asset.label,
        finish=finish,
        curve=curve,
        spin=draw_spin(recipe.target, prop, stream("spin")),
        charge=draw_charge(recipe.target, prop, film, stream("charge")),
        charge_colour=colour,
    )
    spec = ClipSpec(
        clip=f"clip-{index:06d}",
        index=index,
        split=split,
        seed=stream("noise").integer(2**31),
        film=film,
        look=draw_look(recipe.look, stream("look")),
        stage=stage,
        camera=camera,
        targets=(target,),
        extras=draw_occluders(recipe.occluders, allowed, shot, curve, camera, film, stream("occluders")),
        effects=draw_effects(recipe.effects, shot, target, film, stream),
    )
    return rounded(spec)


def _film(asked: FilmRecipe, stream: Stream) -> Film:
    return Film(
        width=asked.width,
        height=asked.height,
        frames=asked.frames,
        fps=asked.fps,
        samples=asked.samples,
        view_transform=asked.view_transform,
        shutter_degrees=asked.shutter_degrees.draw(stream),
        exposure=asked.exposure.draw(stream),
    )


def rounded(spec: ClipSpec) -> ClipSpec:
    """The spec with every float rounded to `DECIMALS`."""
    return ClipSpec.model_validate(_round(spec.model_dump()))


def _round(value: object) -> object:
    if isinstance(value, float):
        return round(value, DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0
    if isinstance(value, dict):
        return {key: _round(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(_round(part) for part in value)
    return value
