"""The training recipe: a typed TOML document whose mistakes are caught, and named, before anything is loaded."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Literal, Self

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
    """Batches whose gradients are averaged into one step."""
    schedule: Literal["constant", "cosine"] = "cosine"
    """`cosine` ends at a tenth of the rate."""
    warmup: Annotated[int, Field(ge=0)] = 0
    """Steps over which the rate rises from nothing."""


class Validation(Document):
    """Held-out clips that are tracked from their first mask, as a user would, to find the best checkpoint."""

    every: Count
    """In steps; the end of the run is always validated."""
    clips: Count = 8
    """At most so many objects of the `val` split (or generic clips) are tracked."""
    frames: Annotated[int, Field(ge=2)] = 24
    """At most so many frames of each."""


class TrainConfig(Document):
    """A training recipe."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    device: Literal["auto", "cpu", "cuda"] = "auto"
    steps: Count | None = None
    epochs: Rate | None = None
    """Passes over the dataset's training objects, in place of `steps`."""
    save_every: Count = 100
    """Steps between resumable states."""
    model: Model
    data: Data = Data()
    prompts: Prompts = Prompts()
    loss: Loss = Loss()
    optimiser: Optimiser
    validation: Validation

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("steps, epochs: give exactly one of them")
        if self.epochs is not None and self.data.source == "generic":
            raise ValueError("epochs: generic clips never repeat; give steps")
        if self.prompts.corrected_frames > self.data.frames:
            raise ValueError("prompts.corrected_frames: more than data.frames")
        if self.optimiser.warmup and self.steps is not None and self.optimiser.warmup >= self.steps:
            raise ValueError("optimiser.warmup: must be shorter than steps")
        return self


def read_config(path: Path) -> TrainConfig:
    """Read a recipe: a file, or the bare name of one that comes with heroprop (`nano-demo`)."""
    if path.suffix != ".toml" and not path.exists():
        known = sorted(file.stem for file in RECIPES.glob("*.toml"))
        close = difflib.get_close_matches(str(path), known, n=1)
        bundled = RECIPES / f"{path}.toml"
        if not bundled.is_file():
            hint = f"; did you mean '{close[0]}'?" if close else ""
            raise UserError(f"{path}: no such config{hint}; give a .toml file or one of: {', '.join(known)}")
        path = bundled
    return TrainConfig.read_toml(path)
