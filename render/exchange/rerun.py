"""Rerun: a recording a clip, `CLIP.rrd`, for its viewer: pictures, each object's mask, and measured attributes.

Objects are named by their paths (`camera/hammer 1`): annotation contexts need NumPy 2 in some versions of the SDK.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from .clips import Clip

SHOWN = ("occlusion", "blur_px", "speed_px", "veil_mean", "charge", "mask_area")
"""Attributes that become curves where they are known."""


def write(clips: Iterable[Clip], out: Path) -> None:
    """Write clips into an empty folder. ModuleNotFoundError where `rerun-sdk` is not installed."""
    import rerun as rr

    for clip in clips:
        recording = rr.RecordingStream("heroprop", recording_id=clip.name)
        recording.save(out / f"{clip.name}.rrd")
        names = {i: f"{label} {i}" for i, label in clip.labels.items()}
        attributes = {i: clip.attributes(i) for i in clip.labels} if clip.attributes else {}
        for place, (number, frame) in enumerate(clip.frames()):
            recording.set_time("frame", sequence=number)
            if clip.fps:
                recording.set_time("time", duration=number / clip.fps)
            recording.log(["camera", "rgb"], rr.EncodedImage(contents=frame.jpeg, media_type="image/jpeg"))
            for i, mask in frame.masks.items():
                recording.log(["camera", names[i]], rr.SegmentationImage(np.where(mask, i, 0).astype(np.uint8)))
            for i, columns in attributes.items():
                for name in SHOWN:
                    value = float(columns[name][place])
                    if np.isfinite(value):
                        recording.log([name, names[i]], rr.Scalars(value))
        recording.disconnect()
