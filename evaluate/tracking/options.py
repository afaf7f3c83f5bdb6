"""How the tracker runs: what trades masks for speed, and what does not."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args, get_type_hints

from render.document import UserError, nearest

Precision = Literal["float32", "bfloat16"]
MemoryChoice = Literal["recent", "reliable"]


@dataclass(frozen=True)
class Options:
    """Everything off gives the official predictor's masks (IoU at least 0.999, float32)."""

    precision: Precision | None = None
    """None: float32 on a CPU, bfloat16 on CUDA, as Meta runs it."""
    lean: bool = True
    """Memory attention in fewer operations (same mathematics) and objects in one batch; off: sam2's own calls."""
    memories: int | None = None
    """How many of the frames before are looked at, 1 to the model's own number (6); the prompted ones always are."""
    memory_choice: MemoryChoice = "recent"
    """recent: the last frames, as sam2 does. reliable: ones that the model was sure of and motion agrees with."""
    every: int = 1
    """The network looks at every n-th frame; optical flow carries the masks over those between."""
    compile: bool = False
    """torch.compile the image encoder."""
    cuda_graphs: bool = False
    """Replay the image encoder as a CUDA graph."""
    int8: bool = False
    """The image encoder's linear layers with 8-bit weights and activations (CPU)."""
    keep_corrections: bool = True
    """A corrected frame joins the prompted ones, as in SAM 2's training; off: it is forgotten like any other."""
    fill_holes: int | None = None
    """Fill holes of up to so many pixels of the model's mask (a quarter of its input); None: as the model is set."""
    remove_sprinkles: int = 0
    """Remove specks of up to so many of those pixels, all but the largest part."""

    def check(self, device: str) -> None:
        """UserError for values that cannot be."""
        if self.memories is not None and self.memories < 1:
            raise UserError(f"memories {self.memories}: at least 1 (the frame before) is needed")
        if self.every < 1:
            raise UserError(f"every {self.every}: 1 looks at all frames, 2 at every other one")
        if self.cuda_graphs and not device.startswith("cuda"):
            raise UserError(f"cuda-graphs: needs a CUDA device, not {device}")
        if self.int8 and not device.startswith("cpu"):
            raise UserError(f"int8: runs on a CPU only, not on {device}")


def parse(text: str) -> Options:
    """Options from words such as `bfloat16,memories=3,every=2`; UserError with the nearest known one."""
    hints = get_type_hints(Options)
    chosen: dict[str, object] = {}
    for word in (part.strip() for part in text.split(",")):
        if word in ("", "default"):
            continue
        name, _, value = word.partition("=")
        key = name.replace("-", "_")
        if name in get_args(Precision):
            chosen["precision"] = name
        elif name.startswith("no-") and hints.get(key[3:]) is bool:
            chosen[key[3:]] = False
        elif hints.get(key) is bool and not value:
            chosen[key] = True
        elif key == "memory_choice" and value in get_args(MemoryChoice):
            chosen[key] = value
        elif key in hints and hints[key] in (int, int | None) and value.isdecimal():
            chosen[key] = int(value)
        else:
            known = [*get_args(Precision), *(field.name.replace("_", "-") for field in fields(Options))]
            raise UserError(f"option '{word}': unknown or without a fit value{nearest(name, known)}")
    return Options(**chosen)  # type: ignore[arg-type]
