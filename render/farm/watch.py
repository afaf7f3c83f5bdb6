"""What a render run shows while it works: live bars on a terminal, plain lines in a log."""

from __future__ import annotations

import threading
import time

from .. import screen


class Watcher:
    """Hears what happens in a run, from several threads. This one counts frames and says nothing."""

    def __init__(self) -> None:
        self.frames = 0
        self._guard = threading.Lock()

    def begin(self, clips: int, frames: int, done: int) -> None:
        """The run starts: clips and frames wanted, and frames that are there already."""

    def frame(self, clip: str, frame: int) -> None:
        """A frame has been rendered."""
        with self._guard:
            self.frames += 1

    def clip(self, clip: str, problem: str | None) -> None:
        """A clip is whole, or has been set aside because of `problem`."""

    def retry(self, clip: str, problem: str, attempt: int) -> None:
        """An attempt at a clip failed."""

    def packed(self, shard: str, clips: int) -> None:
        """A shard has been committed."""

    def note(self, line: str) -> None:
        """Something worth a line."""

    def end(self) -> None:
        """Nothing more is rendered."""

    def stopped(self) -> None:
        """The run has been stopped from outside; every child has been ended."""


Silent = Watcher


class FarmLog(Watcher):
    """Prints what render farms read from a task's output: `Progress: 42%` and OpenJD's status lines, a line at a time.

    Nothing is buffered: a farm's log is looked at while the task runs, and after it was killed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._clips = self._total = self._done = self._whole = 0
        self._shown = -1
        self._started = time.monotonic()

    def begin(self, clips: int, frames: int, done: int) -> None:
        self._clips, self._total, self._done = clips, frames, done
        self.note(f"{clips} clips, {frames} frames" + (f", {done} of them there already" if done else ""))
        self._progress()

    def frame(self, clip: str, frame: int) -> None:
        super().frame(clip, frame)
        with self._guard:
            self._progress()

    def clip(self, clip: str, problem: str | None) -> None:
        self._whole += problem is None
        took = time.monotonic() - self._started
        said = f"set aside: {problem}" if problem else f"whole; {self._whole} of {self._clips} after {took:.0f} s"
        self.note(f"{clip}: {said}")
        print(f"openjd_status: {self._whole} of {self._clips} clips", flush=True)

    def retry(self, clip: str, problem: str, attempt: int) -> None:
        self.note(f"{clip}: attempt {attempt} failed: {problem}")

    def packed(self, shard: str, clips: int) -> None:
        self.note(f"{shard}: {clips} clips packed")

    def note(self, line: str) -> None:
        print(line, flush=True)

    def stopped(self) -> None:
        self.note("asked to stop: every finished frame is kept, the same task goes on from there")

    def _progress(self) -> None:
        percent = 100 * (self._done + self.frames) // max(self._total, 1)
        if percent > self._shown:
            self._shown = percent
            print(f"Progress: {percent}%\nopenjd_progress: {percent}", flush=True)


class Shown(Watcher):
    """Shows a run on stderr. `dataset` is how the user called it."""

    def __init__(self, dataset: str) -> None:
        super().__init__()
        self._dataset = dataset
        self._live = screen.notes.is_terminal
        self._bar = screen.progress()
        self._clips_done = self._failed = 0
        self._wanted = (0, 0, 0)
        self._started = time.monotonic()

    def begin(self, clips: int, frames: int, done: int) -> None:
        self._wanted, self._started = (clips, frames, done), time.monotonic()
        self.note(f"{clips} clips, {frames} frames to render" + (f"; {done} frames are there already" if done else ""))
        if self._live:
            self._clip_task = self._bar.add_task("clips ", total=clips, status="")
            self._frame_task = self._bar.add_task("frames", total=frames, completed=done, status="")
            self._bar.start()

    def frame(self, clip: str, frame: int) -> None:
        super().frame(clip, frame)
        if self._live:
            self._bar.update(self._frame_task, advance=1, status=self._pace())

    def clip(self, clip: str, problem: str | None) -> None:
        self._failed += problem is not None
        self._clips_done += 1
        if problem is not None:
            self.note(f"{clip}: set aside: {problem}")
        if self._live:
            status = f"{self._failed} set aside" if self._failed else ""
            self._bar.update(self._clip_task, completed=self._clips_done, status=status)
        elif problem is None:
            self.note(
                f"{clip}: rendered; {self._clips_done} of {self._wanted[0]} clips, {self._pace()}, {self._left()}"
            )

    def retry(self, clip: str, problem: str, attempt: int) -> None:
        self.note(f"{clip}: attempt {attempt} failed: {problem}")

    def packed(self, shard: str, clips: int) -> None:
        self.note(f"{shard}: {clips} clips packed")

    def note(self, line: str) -> None:
        screen.notes.print(line, markup=False, soft_wrap=True)

    def end(self) -> None:
        if self._live:
            self._bar.stop()

    def stopped(self) -> None:
        done = f"{self._clips_done} of {self._wanted[0]} clips are done and every finished frame is kept"
        self.note(f"stopped: {done}; to go on: heroprop render {self._dataset}")

    def _pace(self) -> str:
        rate = self.frames / max(time.monotonic() - self._started, 1e-3)
        return f"{rate:.2f} frames/s" if rate < 10 else f"{rate:.0f} frames/s"

    def _left(self) -> str:
        left = self._wanted[1] - self._wanted[2] - self.frames
        seconds = left * (time.monotonic() - self._started) / max(self.frames, 1)
        return f"about {seconds // 60:.0f} min {seconds % 60:.0f} s left"
