"""Streaming video tracker with a SAM 2 model: frames in as they come, masks out, memory bounded.

The official `SAM2VideoPredictor.init_state` reads a whole folder of JPEGs before the first mask, and its state grows
with every frame. Here the same inference state holds one frame's pixels at a time and forgets what the model's own
memory rule can no longer reach; the mathematics is the official one, so the masks are equal.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from sam2.sam2_video_predictor import SAM2VideoPredictor
from torch import Tensor

from render.document import UserError

from .tracking.ahead import ahead
from .tracking.cuts import CutDetector
from .tracking.network.network import MEAN_RGB, STD_RGB, Network
from .tracking.network.postprocess import runs_on
from .tracking.options import Options, Precision
from .tracking.prompt import Prompt, Tracked, check_prompts
from .tracking.session import Session
from .tracking.skip import Skipping

__all__ = [
    "MEAN_RGB",
    "STD_RGB",
    "Direction",
    "Frame",
    "Options",
    "Prompt",
    "Seekable",
    "Tracked",
    "Tracker",
    "suited_threads",
]

Frame = NDArray[np.uint8]
Direction = Literal["forward", "backward", "both"]

SMALL_INPUT = 256
DECODED_AHEAD = 4


@runtime_checkable
class Seekable(Protocol):
    """Frames that can be read backwards too."""

    def __iter__(self) -> Iterator[Frame]: ...

    def backwards(self, last: int) -> Iterator[Frame]:
        """Frames `last`, `last` - 1, …, 0."""
        ...


class Tracker:
    """Tracks prompted objects through videos with one SAM 2 model. Reusable: every `track` starts afresh."""

    def __init__(
        self,
        model: SAM2VideoPredictor,
        device: str = "cpu",
        precision: Precision | None = None,
        options: Options | None = None,
    ) -> None:
        """`precision`, where given, goes before that of the options. UserError for options that the device lacks."""
        options = options or Options()
        if precision is not None:
            options = Options(**{**vars(options), "precision": precision})
        self.model = model
        self.options = options
        self.network = Network(model, device, options)
        self.device = self.network.device
        self.precision = self.network.precision
        self.fills_holes = bool(self.network.cleaner.holes)
        self.cleans_with = runs_on(self.device) if self.network.cleaner.active else None
        """`cuda` (sam2's compiled op) or `scipy`; None where masks are left as the model gives them."""

    def session(self, height: int, width: int, first: int = 0, frames: int | None = None) -> Session:
        """A clip to feed frame by frame, and to correct on the way: see `Session.step` and `Session.correct`."""
        return Session(self.network, height, width, first, frames)

    def track(
        self, frames: Iterable[Frame], prompts: Sequence[Prompt], direction: Direction = "forward", first: int = 0
    ) -> Iterator[Tracked]:
        """Yield one Tracked a frame as frames arrive. Frames are uint8 RGB (H, W, 3), all of one size.

        An object's first prompt starts it; later ones correct what was tracked by then, as when one goes on with the
        official predictor after a correction. `forward` gives every frame in order; `backward` goes from the last
        prompted frame to the first frame; `both` goes forward, then back from the last object's first prompt, an object
        joining at its own. The latter two need frames that can be read backwards (`Seekable`), and give each frame
        and object once. `first` is the number of the first frame (prompts count in the same way).

        Raises UserError for a prompt that does not fit, frames that change size, or no frames at all.
        """
        check_prompts(prompts)
        if direction == "backward":
            yield from self._backward(frames, prompts, first)
        else:
            yield from self._forward(frames, prompts, first, two_way=direction == "both")

    def _forward(
        self, frames: Iterable[Frame], prompts: Sequence[Prompt], first: int, two_way: bool
    ) -> Iterator[Tracked]:
        with contextlib.closing(self._prepared(frames)) as arriving:
            # Clips shorter than the model's pointer memory scale its temporal encoding by their length: read so far.
            reach: int = self.network.model.max_obj_ptrs_in_encoder
            head = list(itertools.islice(arriving, reach))
            if not head:
                raise UserError("the video has no frames")
            height, width = head[0][0].shape[:2]
            starts: dict[int, int] = {}
            for prompt in sorted(prompts, key=lambda one: one.frame):
                prompt.check(height, width, correction=prompt.object_id in starts)
                starts.setdefault(prompt.object_id, prompt.frame)
            if two_way and self.options.every > 1 and len(set(starts.values())) > 1:
                raise UserError("every: both ways, all objects must start on one frame; or look at every frame")
            length = first + len(head) if len(head) < reach else None
            session = Session(self.network, height, width, first, length, two_way=two_way)
            walk = Skipping(session, self.options.every)
            cuts = CutDetector()
            index = first - 1
            while head:
                frame, image = head.pop(0)
                index += 1
                here = [prompt for prompt in prompts if prompt.frame == index]
                yield walk.step(index, frame, here, image, cuts.see(frame))
                head += itertools.islice(arriving, 1)
        late = [prompt for prompt in prompts if not first <= prompt.frame <= index]
        if late:
            raise UserError(f"prompt of object {late[0].object_id} is on frame {late[0].frame}, the last is {index}")
        if two_way:
            session.turn_back()
            yield from self._back(session, frames, [], max(starts.values()) - 1)

    def _backward(self, frames: Iterable[Frame], prompts: Sequence[Prompt], first: int) -> Iterator[Tracked]:
        last = max(prompt.frame for prompt in prompts)
        first_frame = next(iter(frames), None)
        if first_frame is None:
            raise UserError("the video has no frames")
        height, width = first_frame.shape[:2]
        reach: int = self.network.model.max_obj_ptrs_in_encoder
        length = sum(1 for _ in itertools.islice(frames, reach))
        known = first + length if length < reach else None
        session = Session(self.network, height, width, last, known, reverse=True)
        yield from self._back(session, frames, prompts, last)

    def _back(
        self, session: Session, frames: Iterable[Frame], prompts: Sequence[Prompt], last: int
    ) -> Iterator[Tracked]:
        """From frame `last` to the first."""
        if last < 0:
            return
        if not isinstance(frames, Seekable):
            if not isinstance(frames, Sequence):
                raise UserError("this source can't be read backwards; give a video file or a folder of pictures")
            arriving = self._prepared(frames[last::-1])
        else:
            arriving = self._prepared(frames.backwards(last))
        walk, cuts = Skipping(session, self.options.every), CutDetector()
        with contextlib.closing(arriving):
            for index, (frame, image) in zip(itertools.count(last, -1), arriving, strict=False):
                here = [prompt for prompt in prompts if prompt.frame == index]
                yield walk.step(index, frame, here, image, cuts.see(frame))

    def _prepared(self, frames: Iterable[Frame]) -> Generator[tuple[Frame, Tensor]]:
        """Frames with what the network sees of them; read, resized and normalised ahead, unless they lie in memory."""
        pairs = ((frame, self.network.prepare(frame)) for frame in frames)
        return pairs if isinstance(frames, Sequence) else ahead(pairs, DECODED_AHEAD)


@contextlib.contextmanager
def suited_threads(model: SAM2VideoPredictor, device: str) -> Iterator[None]:
    """One torch thread while a small model runs on a CPU; as many as before for others, and afterwards.

    The kernels of a 128 px model are too short to share out: nano did 30 frames/s with one thread and less than 1 with
    two, on a two-core machine that had other work to do.
    """
    before = torch.get_num_threads()
    if torch.device(device).type == "cpu" and model.image_size <= SMALL_INPUT:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
