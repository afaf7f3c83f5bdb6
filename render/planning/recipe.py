"""Recipes: a readable TOML file of distributions, from which `plan` draws clips.

Each part of a recipe stands beside the code that draws from it: motions, cameras, targets, effects, occlusion, stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..document import Document, UserError, nearest, nearest_path
from ..spec import TwinFactor
from ..spec.curves import Share
from .allowed import HeldOut
from .camera.cameras import CameraRecipe
from .cast.distractors import DistractorsRecipe
from .cast.targets import TargetRecipe
from .draws import Chance, Number
from .dressing.effects import EffectsRecipe
from .dressing.looks import LookRecipe
from .dressing.stages import StageRecipe
from .motion.motions import MotionRecipe
from .occlusion.wish import OcclusionRecipe
from .sweeps import Sweep, Value, changed

Split = Literal["train", "val", "test"]


class FilmRecipe(Document):
    """Frame size (px), clip length, rate, samples a pixel, shutter angle (degrees), exposure (EV).

    `rolling_shutter` is the chance of one; `readout` is then the share of a frame's time from first row to last.
    `extras` are the products that clips hold besides the usual ones.
    """

    width: int = Field(default=512, ge=16, le=8192)
    height: int = Field(default=288, ge=16, le=8192)
    frames: int = Field(default=150, ge=1, le=10_000)
    fps: float = Field(default=24.0, gt=0)
    samples: int = Field(default=32, ge=1, le=65_536)
    shutter_degrees: Number = Number(uniform=(120.0, 270.0))
    view_transform: Literal["AgX", "Filmic", "Standard"] = "AgX"
    exposure: Number = Number(uniform=(-0.3, 0.4))
    rolling_shutter: Chance = 0.0
    readout: Number = Number(uniform=(0.2, 0.8))
    extras: tuple[Literal["linear", "fx", "depth", "flow", "normal"], ...] = ()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for key, asked, most in (("shutter_degrees", self.shutter_degrees, 360.0), ("readout", self.readout, 1.0)):
            low, high = asked.bounds()
            if low < 0 or high > most:
                raise ValueError(f"{key}: between 0 and {most:g}, not {low:g} to {high:g}")
        if self.rolling_shutter and "flow" in self.extras:
            raise ValueError("extras: flow needs a global shutter; set rolling_shutter = 0, or leave flow out")
        return self


class Splits(Document):
    """Shares of the clips; they must add up to 1."""

    train: Share = 0.8
    val: Share = 0.1
    test: Share = 0.1

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(self.train + self.val + self.test - 1) > 1e-9:
            raise ValueError(f"train + val + test make {self.train + self.val + self.test:g}, not 1")
        return self

    def of(self, index: int) -> Split:
        """The split of a clip, by its index alone: a golden-ratio sequence fills the shares evenly."""
        place = (0.5 + index * 0.6180339887498949) % 1.0
        if place < self.test:
            return "test"
        return "val" if place < self.test + self.val else "train"


class Recipe(Document):
    """A whole recipe; every part has defaults, so that a short file is enough.

    `dealt`: set, time of day, prop, motion, speed and camera move are dealt to the clips like shuffled cards, so that
    every 24 clips (twins, and clips of one sweep, count as one) hold them in the proportions asked for, but for those
    that cannot be filmed so; without, each clip draws for itself.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    seed: int = Field(default=1, ge=0)
    clips: int = Field(default=100, ge=1, le=1_000_000)
    clips_per_shard: int = Field(default=32, ge=1)
    dealt: bool = False
    splits: Splits = Splits()
    held_out: HeldOut = HeldOut()
    film: FilmRecipe = FilmRecipe()
    look: LookRecipe = LookRecipe()
    stage: StageRecipe = StageRecipe()
    camera: CameraRecipe = CameraRecipe()
    target: TargetRecipe = TargetRecipe()
    motion: MotionRecipe = MotionRecipe()
    effects: EffectsRecipe = EffectsRecipe()
    occlusion: OcclusionRecipe = OcclusionRecipe()
    distractors: DistractorsRecipe = DistractorsRecipe()
    twins: tuple[TwinFactor, ...] = ()
    sweep: tuple[Sweep, ...] = ()

    @model_validator(mode="after")
    def _variants(self) -> Self:
        if len(set(self.twins)) != len(self.twins):
            raise ValueError("twins: names a factor twice")
        for number, sweep in enumerate(self.sweep):
            for cell in sweep.cells:
                try:
                    self.variant(cell)
                except UserError as error:
                    raise ValueError(f"sweep.{number}.{error}") from None
        return self

    def variant(self, cell: Mapping[str, Value]) -> Recipe:
        """The recipe with some keys set, and neither twins nor sweeps; UserError where it then makes no sense."""
        return Recipe.parse(changed(self.model_dump(by_alias=True, exclude={"twins", "sweep"}), cell, Recipe), "vary")

    def share_of(self, index: int) -> float:
        """A clip's place in the dataset, 0 first, 1 last; it counts against `clips`, however many are planned."""
        return min(index / max(self.clips - 1, 1), 1.0)


def find_recipe(name: str) -> Path:
    """The path of a recipe file, or of the built-in recipe of that name; UserError with the nearest name."""
    path = Path(name)
    builtin = {found.stem: found for found in sorted((Path(__file__).parent / "recipes").glob("*.toml"))}
    if path.suffix == ".toml" or path.is_file():
        if not path.is_file():
            raise UserError(f"{path}: no such recipe file{nearest_path(path)}")
        return path
    if name not in builtin:
        raise UserError(f"no built-in recipe '{name}'{nearest(name, list(builtin))}; or give the path of a .toml file")
    return builtin[name]
