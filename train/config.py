"""The training recipe: a typed TOML document whose mistakes are caught, and named, before anything is loaded."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from render.document import Document, UserError

from .data.options import Count, Data, Share

Rate = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]

RECIPES = Path(__file__).parent / "recipes"


class Model(Document):
    """Which model, and the weights it starts from (see `train.models.resolve`)."""

    name: str
    start: str
    size: Annotated[int, Field(ge=64, le=1024, multiple_of=32)] | None = None
    """Side of the square input in pixels; the model's own (1024, nano 128) where left out. The weights are the same."""
    activation_checkpointing: bool = False
    """Keep less for the backward pass and compute it again there: less memory for about a third more time."""


class Prompts(Document):
    """What the model is shown of the object: the share of steps that start from each kind of prompt, and corrections.

    Clicks are simulated by SAM2Train itself, where the prediction is wrong. They follow point and box prompts alone.
    """

    mask: Share = 0.5
    point: Share = 0.25
    box: Share = 0.25
    clicks: Count = 7
    """Correcting clicks on each corrected frame (SAM2Train fails at 0)."""
    corrected_frames: Annotated[int, Field(ge=1, le=4)] = 2
    """At most so many frames are corrected, the first always among them."""
    prompted_frames: Annotated[int, Field(ge=1, le=4)] = 1
    """At most so many frames are prompted at the outset, the first always among them."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.prompted_frames > self.corrected_frames:
            raise ValueError("prompted_frames: SAM2Train corrects every prompted frame; raise corrected_frames too")
        if abs(self.mask + self.point + self.box - 1) > 1e-6:
            raise ValueError(f"mask + point + box must be 1, not {self.mask + self.point + self.box:g}")
        return self


class Loss(Document):
    """What each term of the loss weighs; SAM 2's own figures unless given."""

    mask: Weight = 20.0
    """The focal loss."""
    dice: Weight = 1.0
    iou: Weight = 1.0
    score: Weight = 1.0
    candidates: Literal["best", "all"] = "best"
    """Which of the three candidate masks are taught: the best one alone, as in SAM 2, or all. From scratch give "all":
    the model picks a candidate by its own IoU estimate, and one that knows nothing picks those never taught."""
    target: Literal["mask", "coverage"] = "mask"
    """What the masks are held against: the mask rule's, as in SAM 2, or the soft matte itself (over its peak)."""


class Optimiser(Document):
    """AdamW as SAM 2 was trained with: biases and norms do not decay, early layers of the encoder may step less."""

    lr: Rate
    encoder_lr: Rate | None = None
    """The image encoder's own rate; `lr` where left out."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Rate of each trunk layer over the rate of the next."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    clip: Rate = 0.1
    """The gradient's norm is held at or below this."""
    accumulate: Count = 1
    """Batches whose gradients make one step. Several processes share them out, so that a step means the same on any
    number of them."""
    schedule: Literal["constant", "cosine"] = "cosine"
    """`cosine` ends at a tenth of the rate."""
    warmup: Annotated[int, Field(ge=0)] = 0
    """Steps over which the rate rises from nothing."""
    average: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay of a moving average of the weights (0.999 remembers a thousand steps); 0 keeps none. Where there is one, it
    is what is validated and saved."""


Part = Literal["image_encoder", "memory_attention", "memory_encoder", "sam_prompt_encoder", "sam_mask_decoder"]


class Lora(Document):
    """`[adapt.lora]`: in some parts only low-rank adapters of the linear layers learn (LoRA, by peft).

    What is saved has them merged.
    """

    parts: tuple[Part, ...] = Field(("image_encoder",), min_length=1)
    rank: Count = 8
    alpha: Count = 16
    """What they add counts alpha / rank times."""
    rate: Rate = 10.0
    """Times the rate of the layers that they are in."""


class Adapt(Document):
    """What of the model learns."""

    freeze: tuple[Part, ...] = ()
    """Parts that keep their weights."""
    lora: Lora | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        both = sorted(set(self.freeze) & set(self.lora.parts if self.lora else ()))
        if both:
            raise ValueError(f"freeze, lora.parts: both name {both[0]}; it either keeps its weights or has adapters")
        return self


class Validation(Document):
    """Held-out clips that are tracked from their first mask, as a user would, to find the best checkpoint."""

    every: Count
    """In steps; the end of a stage and of the run is always validated."""
    clips: Count = 8
    """At most so many objects of the `val` split (or generic clips) are tracked."""
    frames: Annotated[int, Field(ge=2)] = 24
    """At most so many frames of each."""
    worst: Annotated[int, Field(ge=0, le=16)] = 3
    """So many clips of the lowest J&F are drawn into the run's `worst/` at each validation."""


class Keep(Document):
    """What must not be forgotten: the dataset given with --keep, of which nothing is learned."""

    tolerance: Share = 0.02
    """J&F on it may fall by so much from the run's start to its end; more, and the run fails."""
    clips: Count = 16
    """At most so many of its objects are tracked, of whichever splits."""
    frames: Annotated[int, Field(ge=2)] = 24
    blend: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    """At the end also try weights that lie such shares of the way from the start's to the best's. Taken is the best on
    validation of those that keep within the tolerance. Works without --keep as well."""


class Stage(Document):
    """A part of a run: what differs from the rest of the recipe, for how long, and what ends it early."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    steps: Count | None = None
    epochs: Rate | None = None
    promote: Share | None = None
    """The next stage begins as soon as validation's J&F reaches this."""
    rate: Rate = 1.0
    """Times the optimiser's rates."""
    model: dict[str, Any] = {}
    data: dict[str, Any] = {}
    prompts: dict[str, Any] = {}
    loss: dict[str, Any] = {}
    adapt: dict[str, Any] = {}

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("steps, epochs: give exactly one of them")
        if {"name", "start"} & set(self.model):
            raise ValueError("model: name and start are the whole run's")
        if "lora" in self.adapt:
            raise ValueError("adapt: lora is the whole run's")
        return self


class TrainConfig(Document):
    """A training recipe."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    device: Literal["auto", "cpu", "cuda"] = "auto"
    steps: Count | None = None
    epochs: Rate | None = None
    """Passes over the dataset's training objects, in place of `steps`."""
    save_every: Count = 100
    """Steps between resumable states."""
    keep_last: Count = 1
    """So many of the weights saved last stay; from 2 on as `step-NNNNNN.safetensors` beside `last.safetensors`."""
    wandb: str | None = None
    """A Weights & Biases project to log to, beside TensorBoard."""
    model: Model
    data: Data = Data()
    prompts: Prompts = Prompts()
    loss: Loss = Loss()
    adapt: Adapt = Adapt()
    optimiser: Optimiser
    validation: Validation
    keep: Keep = Keep()
    stages: tuple[Stage, ...] = ()
    """One after the other, in place of `steps` and `epochs`."""

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if sum([self.steps is not None, self.epochs is not None, bool(self.stages)]) != 1:
            raise ValueError("steps, epochs, stages: give exactly one of them")
        lengths = [stage.steps for stage in self.stages] or [self.steps]
        if self.optimiser.warmup and None not in lengths and self.optimiser.warmup >= sum(filter(None, lengths)):
            raise ValueError("optimiser.warmup: must be shorter than steps")
        names = [stage.name for stage in self.stages]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"stages: two are called '{name}'")
        try:
            for part in [self.at(stage) for stage in self.stages] or [self]:
                part.check()
        except UserError as error:  # so that it is told with the file's name
            raise ValueError(str(error)) from None
        return self

    def starting_from(self, name: str, start: str) -> TrainConfig:
        """The same recipe for another model and other weights."""
        return self.model_copy(update={"model": self.model.model_copy(update={"name": name, "start": start})})

    def check(self) -> None:
        """ValueError for values that do not go together."""
        if self.epochs is not None and self.data.source == "generic":
            raise ValueError("epochs: generic clips never repeat; give steps")
        if self.prompts.corrected_frames > self.data.frames:
            raise ValueError("prompts.corrected_frames: more than data.frames")

    def at(self, stage: Stage) -> TrainConfig:
        """The recipe as it stands in a stage: a recipe without stages. UserError for what does not fit together."""
        rates = {name: getattr(self.optimiser, name) for name in ("lr", "encoder_lr")}
        changed: dict[str, Any] = {
            "stages": (),
            "steps": stage.steps,
            "epochs": stage.epochs,
            "optimiser": self.optimiser.model_copy(
                update={name: rate and rate * stage.rate for name, rate in rates.items()}
            ),
        }
        for table in ("model", "data", "prompts", "loss", "adapt"):
            base: Document = getattr(self, table)
            merged = base.model_dump() | getattr(stage, table)
            changed[table] = type(base).parse(merged, f"stages.{stage.name}.{table}")
        return self.model_copy(update=changed)


def read_config(path: Path) -> TrainConfig:
    """Read a recipe: a file (TOML, or a run's `resolved.json`), or the bare name of one of ours (`nano-demo`)."""
    if path.suffix not in (".toml", ".json") and not path.exists():
        known = sorted(file.stem for file in RECIPES.glob("*.toml"))
        close = difflib.get_close_matches(str(path), known, n=1)
        bundled = RECIPES / f"{path}.toml"
        if not bundled.is_file():
            hint = f"; did you mean '{close[0]}'?" if close else ""
            raise UserError(f"{path}: no such config{hint}; give a .toml file or one of: {', '.join(known)}")
        path = bundled
    return TrainConfig.read_json(path) if path.suffix == ".json" else TrainConfig.read_toml(path)
