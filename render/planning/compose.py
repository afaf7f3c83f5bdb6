"""Compose one clip: draw from the recipe's distributions and solve the geometry (pure NumPy, no rendering).

Each part draws from its own named stream, so that adding an effect does not reshuffle the camera. The steps, in order:
the frame (film, stage, prop), the take (motion and camera, drawn together until they can be filmed at the speed asked
for), the targets, the extras that hide or confuse them, the effects, the look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..asset import InstalledAsset, Library
from ..document import UserError
from ..spec import ClipSpec, Effect, Extra, Film, Stage, Target, twin
from ..streams import Stream, deal
from .allowed import Allowed
from .camera.take import ATTEMPTS, Take, draw_take
from .cast.company import draw_company
from .cast.distractors import draw_distractors
from .cast.holders import draw_holders
from .cast.targets import ENERGY, draw_charge, draw_prop
from .dressing.effects import draw_effects
from .dressing.looks import draw_look
from .dressing.stages import draw_stage
from .occlusion.events import draw_occlusion
from .recipe import FilmRecipe, Recipe, Split
from .setting import Setting
from .sweeps import Member, group_of, scene_of

DECIMALS = 6
"""Specs are rounded to this many decimals (micrometres, microseconds), so that libm's last bits never reach a hash."""


@dataclass(frozen=True)
class Frame:
    """What is settled before anything moves. All streams are those of clip `index`, whatever the clip's own name."""

    recipe: Recipe
    allowed: Allowed
    seed: int
    index: int
    split: Split
    film: Film
    stage: Stage
    prop: InstalledAsset
    finish: str

    def stream(self, name: str, attempt: int = 0) -> Stream:
        return _stream(self.recipe, self.seed, self.index, name, attempt)

    @property
    def room(self) -> InstalledAsset:
        return self.allowed.get("set", self.stage.set)


def compose(recipe: Recipe, library: Library, seed: int, index: int) -> ClipSpec:
    """Clip `index` of the dataset with that seed; UserError if the recipe asks for what cannot be filmed."""
    group = group_of(recipe.twins, recipe.sweep, index)
    return compose_group(recipe, library, seed, group)[index - group[0].first]


def compose_group(recipe: Recipe, library: Library, seed: int, group: Sequence[Member]) -> list[ClipSpec]:
    """A clip alone, an original with its twins, or the cells of a sweep, in order of their indices."""
    first = group[0].first
    if group[0].cell is None:
        frame = set_up(recipe, library, seed, first)
        original = shoot(frame, find_takes([frame])[0])
        specs = [original if one.factor is None else twin(original, one.factor) for one in group]
    else:
        frames = [set_up(recipe.variant(one.cell or {}), library, seed, first) for one in group if one.factor is None]
        specs = [shoot(frame, take) for frame, take in zip(frames, find_takes(frames), strict=True)]
        specs += [twin(specs[0], one.factor) for one in group if one.factor is not None]
    return [_as_member(spec, one, first + place) for place, (spec, one) in enumerate(zip(specs, group, strict=True))]


def _as_member(spec: ClipSpec, member: Member, index: int) -> ClipSpec:
    """The clip under its own name, with a word of what it is a variant of."""
    of = {} if index == member.first else {"twin_of": name(member.first)}
    return spec.model_copy(update={"clip": name(index), "index": index, "twin_factor": member.title, **of})


def set_up(recipe: Recipe, library: Library, seed: int, index: int) -> Frame:
    """Film, stage and prop."""
    split = recipe.splits.of(index)
    allowed = Allowed(recipe.held_out, library, split == "test")

    def stream(name: str) -> Stream:
        return _stream(recipe, seed, index, name)

    film = _film(recipe.film, stream("film"))
    stage = draw_stage(recipe.stage, allowed, stream("stage"))
    prop, finish = draw_prop(recipe.target, allowed, stream("target"))
    return Frame(recipe, allowed, seed, index, split, film, stage, prop, finish)


DEALT = {"stage": ("set", "time"), "target": ("prop",), "wish": ("motion", "speed"), "move": ("move",)}
"""What clips are dealt, where the recipe asks for it: the first draws of these streams, in order."""


def _stream(recipe: Recipe, seed: int, index: int, name: str, attempt: int = 0) -> Stream:
    dealt: list[float] = []
    if recipe.dealt and attempt == 0 and name in DEALT:
        scene = scene_of(recipe.twins, recipe.sweep, index)  # twins get no cards: half of the deck would go unseen
        dealt = [deal(seed, scene, card) for card in DEALT[name]]
    return Stream(seed, index, name, attempt, recipe.share_of(index), dealt)


def find_takes(frames: Sequence[Frame]) -> list[Take]:
    """A take for each frame, all of the same attempt, so that clips that differ in one factor differ in that alone."""
    for attempt in range(ATTEMPTS):
        takes = []
        for frame in frames:
            recipe = frame.recipe
            take = draw_take(
                recipe.motion, recipe.camera, frame.allowed, frame.prop, frame.room, frame.film, frame.stream, attempt
            )
            if take is None:
                break
            takes.append(take)
        else:
            return takes
    frame = frames[0]
    raise UserError(
        f"recipe '{frame.recipe.name}', clip {frame.index}: no path in {ATTEMPTS} tries keeps {frame.prop.asset.name} "
        f"in view inside the clear room of {frame.stage.set} at the speed asked for; lower camera.prop_share, "
        "motion.extent or motion.speed, or raise camera.focal_mm"
    )


def shoot(frame: Frame, take: Take) -> ClipSpec:
    """The whole clip, given its take."""
    targets = _targets(frame, take)
    extras = _extras(frame, take, targets)
    return rounded(
        ClipSpec(
            clip=name(frame.index),
            index=frame.index,
            split=frame.split,
            seed=frame.stream("noise").integer(2**31),
            film=frame.film,
            look=draw_look(frame.recipe.look, frame.stream("look")),
            stage=frame.stage,
            camera=take.camera,
            targets=targets,
            extras=extras,
            effects=_effects(frame, take, targets),
        )
    )


def _hero(frame: Frame, take: Take) -> Target:
    prop, recipe = frame.prop, frame.recipe
    return Target(
        object_id=1,
        asset=prop.asset.name,
        asset_digest=prop.digest,
        label=prop.asset.label,
        finish=frame.finish,
        wear=recipe.target.wear.draw(frame.stream("wear")),
        motion=take.wish.motion,
        curve=take.curve,
        spin=take.spin,
        charge=draw_charge(recipe.target, prop, frame.film, frame.stream("charge")),
        charge_colour=frame.stream("colour").pick(list(ENERGY)),
    )


def _targets(frame: Frame, take: Take) -> tuple[Target, ...]:
    recipe, hero = frame.recipe, _hero(frame, take)
    return draw_company(recipe.target, recipe.motion, frame.allowed, take, frame.film, hero, frame.stream)


def _extras(frame: Frame, take: Take, targets: tuple[Target, ...]) -> tuple[Extra, ...]:
    """Who holds a target first, then distractors, then what hides targets, which keeps clear of them."""
    recipe = frame.recipe
    setting = Setting(frame.allowed, take.shot, frame.film, take.camera, targets)
    setting = setting.with_extras(draw_holders(recipe.occlusion.held, setting, frame.stream))
    others = draw_distractors(recipe.distractors, recipe.target, recipe.motion, setting, take, frame.stream)
    setting = setting.with_extras(others)
    events = draw_occlusion(recipe.occlusion, setting, frame.stream)
    return (*setting.extras, *(extra for event in events for extra in event.extras))


def _effects(frame: Frame, take: Take, targets: tuple[Target, ...]) -> tuple[Effect, ...]:
    return draw_effects(frame.recipe.effects, take.shot, targets, frame.film, frame.stream)


def _film(asked: FilmRecipe, stream: Stream) -> Film:
    shutter, exposure = asked.shutter_degrees.draw(stream), asked.exposure.draw(stream)
    readout = asked.readout.draw(stream)
    return Film(
        width=asked.width,
        height=asked.height,
        frames=asked.frames,
        fps=asked.fps,
        samples=asked.samples,
        view_transform=asked.view_transform,
        shutter_degrees=shutter,
        exposure=exposure,
        readout=readout if stream.chance(asked.rolling_shutter) else 0.0,
        extras=asked.extras,
    )


def name(index: int) -> str:
    """The name of clip `index`."""
    return f"clip-{index:06d}"


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
