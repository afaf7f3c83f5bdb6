"""Recipes: a readable TOML file of distributions, from which `plan` draws clips."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from .document import Document, UserError, nearest, nearest_path
from .streams import Stream

Pair = tuple[float, float]
Chance = Annotated[float, Field(ge=0, le=1)]
Split = Literal["train", "val", "test"]


class Number(Document):
    """A number to draw: `3`, `{ uniform = [a, b] }`, `{ loguniform = [a, b] }`, `{ normal = [mean, sd] }`.

    `clip = [a, b]` beside any of them bounds what is drawn.
    """

    uniform: Pair | None = None
    loguniform: Pair | None = None
    normal: Pair | None = None
    clip: Pair | None = None

    @model_validator(mode="before")
    @classmethod
    def _constant(cls, data: Any) -> Any:
        if isinstance(data, (int, float)) and not isinstance(data, bool):
            return {"uniform": (data, data)}
        if isinstance(data, (str, list, bool)):
            raise ValueError("a number, or { uniform = [a, b] }, { loguniform = [a, b] }, { normal = [mean, sd] }")
        return data

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(kind is not None for kind in (self.uniform, self.loguniform, self.normal)) != 1:
            raise ValueError("give one of uniform, loguniform, normal")
        for bounds in (self.uniform, self.loguniform, self.clip):
            if bounds is not None and bounds[1] < bounds[0]:
                raise ValueError(f"[{bounds[0]:g}, {bounds[1]:g}]: the second bound is below the first")
        if self.loguniform is not None and self.loguniform[0] <= 0:
            raise ValueError("loguniform needs bounds above 0")
        if self.normal is not None and self.normal[1] < 0:
            raise ValueError("normal needs a standard deviation of at least 0")
        return self

    def draw(self, stream: Stream) -> float:
        """One value; `normal` is truncated to `clip` by inverting its distribution function between the bounds."""
        x = stream.random()
        if self.uniform is not None:
            low, high = self.uniform
            value = low + (high - low) * x
        elif self.loguniform is not None:
            low, high = self.loguniform
            value = low * math.exp(math.log(high / low) * x)
        else:
            mean, deviation = self.normal or (0.0, 0.0)
            if deviation == 0:
                value = mean
            else:
                bell = NormalDist(mean, deviation)
                low, high = self.clip or (mean - 6 * deviation, mean + 6 * deviation)
                value = bell.inv_cdf(min(max(bell.cdf(low) + (bell.cdf(high) - bell.cdf(low)) * x, 1e-12), 1 - 1e-12))
        return min(max(value, self.clip[0]), self.clip[1]) if self.clip else value

    def bounds(self) -> Pair:
        """The lowest and highest value that can be drawn (six standard deviations for an unclipped normal)."""
        if self.clip is not None:
            return self.clip
        if self.normal is not None:
            return self.normal[0] - 6 * self.normal[1], self.normal[0] + 6 * self.normal[1]
        return self.uniform or self.loguniform or (0.0, 0.0)


class Pick(Document):
    """A name to draw: `"hammer"`, `["hammer", "shield"]`, `{ choice = [..], weights = [..] }`, or `"any"`."""

    choice: tuple[str, ...]
    weights: tuple[float, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"choice": (data,)}
        return {"choice": tuple(data)} if isinstance(data, list) else data

    @model_validator(mode="after")
    def _matched(self) -> Self:
        if not self.choice:
            raise ValueError("choice: give at least one name")
        if self.weights is not None and (len(self.weights) != len(self.choice) or min(self.weights) < 0):
            raise ValueError("weights: give one weight of at least 0 for each choice")
        if self.weights is not None and sum(self.weights) <= 0:
            raise ValueError("weights: at least one must be above 0")
        return self

    def draw(self, stream: Stream, among: list[str]) -> str:
        """One name that is also in `among` (`"any"` stands for all of it); UserError if none is."""
        names = list(among) if self.choice == ("any",) else [name for name in self.choice if name in among]
        weights = [1.0] * len(names)
        if self.weights is not None:
            weights = [dict(zip(self.choice, self.weights, strict=True))[name] for name in names]
        if sum(weights) <= 0:
            raise UserError(f"nothing to choose from: {', '.join(self.choice)} against {', '.join(among) or 'nothing'}")
        return stream.pick(names, weights)


class FilmRecipe(Document):
    """Frame size (px), clip length, rate, samples a pixel, shutter angle (degrees), exposure (EV)."""

    width: int = Field(default=512, ge=16, le=8192)
    height: int = Field(default=288, ge=16, le=8192)
    frames: int = Field(default=150, ge=1, le=10_000)
    fps: float = Field(default=24.0, gt=0)
    samples: int = Field(default=32, ge=1, le=65_536)
    shutter_degrees: Number = Number(uniform=(120.0, 270.0))
    view_transform: Literal["AgX", "Filmic", "Standard"] = "AgX"
    exposure: Number = Number(uniform=(-0.3, 0.4))


class StageRecipe(Document):
    """Which sets and HDRIs, and how bright; sun angles in degrees."""

    set: Pick = Pick(choice=("any",))
    hdri: Pick = Pick(choice=("any",))
    hdri_strength: Number = Number(uniform=(0.5, 1.1))
    sun_strength: Number = Number(uniform=(0.5, 3.5))
    sun_elevation: Number = Number(uniform=(18.0, 65.0))


class CameraRecipe(Document):
    """`prop_share`: the prop's longest side as a share of the frame's width, at the action's centre.

    `follow` 0 is locked off, 1 keeps the prop centred; `azimuth` (degrees) is measured from straight on, `height` (m)
    is relative to the action's centre, `shake` (m) is the size of hand-held sway, `dolly` (m/s) a sideways drift.
    """

    focal_mm: Number = Number(uniform=(28.0, 60.0))
    prop_share: Number = Number(uniform=(0.14, 0.26))
    azimuth: Number = Number(uniform=(-30.0, 30.0))
    height: Number = Number(uniform=(-0.3, 0.7))
    follow: Number = Number(uniform=(0.0, 0.7))
    shake: Number = Number(uniform=(0.0, 0.02))
    dolly: Number = Number(uniform=(-0.25, 0.25))


class TargetRecipe(Document):
    """Which props in which finishes; `spin` in turns a second; `charged` is the chance that the prop charges up."""

    asset: Pick = Pick(choice=("any",))
    finish: Pick = Pick(choice=("any",))
    spin: Number = Number(uniform=(0.3, 3.0))
    charged: Chance = 0.5


class MotionRecipe(Document):
    """`seconds`: one crossing, one orbit, or out and back again. `extent`: the path's share of the frame's width."""

    kind: Pick = Pick(choice=("linear", "circular", "return"))
    seconds: Number = Number(uniform=(0.8, 1.6))
    extent: Number = Number(uniform=(0.5, 0.9))
    depth: Number = Number(uniform=(-0.35, 0.35))
    """How far the path leans towards (+) or away from (-) the camera, as a share of its length."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        for kind in self.kind.choice:
            if kind not in (*MOTIONS, "any"):
                raise ValueError(f"kind: no motion '{kind}'{nearest(kind, list(MOTIONS))}")
        return self


MOTIONS = ("linear", "circular", "return")


class EffectsRecipe(Document):
    """Chances that a clip has each effect (`glow`: that a charged prop has a halo); their strength, 1 being nominal."""

    lightning: Chance = 0.3
    glow: Chance = 0.4
    trail: Chance = 0.4
    strength: Number = Number(loguniform=(0.6, 1.6))


class OccludersRecipe(Document):
    """The chance that something hides the prop for a while, that it does so by moving, and what it is."""

    chance: Chance = 0.3
    moving: Chance = 0.4
    asset: Pick = Pick(choice=("any",))


class HeldOut(Document):
    """Values that the test split alone uses, and that training and validation never see."""

    set: tuple[str, ...] = ()
    hdri: tuple[str, ...] = ()
    finish: tuple[str, ...] = ()
    asset: tuple[str, ...] = ()


class Splits(Document):
    """Shares of the clips; they must add up to 1."""

    train: Chance = 0.8
    val: Chance = 0.1
    test: Chance = 0.1

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
    """A whole recipe; every part has defaults, so that a short file is enough."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    seed: int = Field(default=1, ge=0)
    clips: int = Field(default=100, ge=1, le=1_000_000)
    clips_per_shard: int = Field(default=32, ge=1)
    splits: Splits = Splits()
    held_out: HeldOut = HeldOut()
    film: FilmRecipe = FilmRecipe()
    stage: StageRecipe = StageRecipe()
    camera: CameraRecipe = CameraRecipe()
    target: TargetRecipe = TargetRecipe()
    motion: MotionRecipe = MotionRecipe()
    effects: EffectsRecipe = EffectsRecipe()
    occluders: OccludersRecipe = OccludersRecipe()


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
