"""Which frames of a sequence count."""

from __future__ import annotations

from enum import StrEnum


class Protocol(StrEnum):
    """Which frames of a sequence are averaged."""

    DAVIS = "davis"
    """All but the first (it is given) and the last frame: what the DAVIS and MOSE leaderboards report."""
    HELD_OUT = "held-out"
    """Every frame after the prompted one, the last included: what heroprop reports."""
    ALL = "all"
    """Every frame, the first and the last too."""


def scored_frames(frames: int, prompted: int = 0, protocol: Protocol = Protocol.HELD_OUT) -> range:
    """Indices of the frames that count for a sequence of `frames` frames prompted at frame `prompted`."""
    if protocol is Protocol.ALL:
        return range(frames)
    if protocol is Protocol.DAVIS:
        return range(1, max(frames - 1, 1))
    return range(prompted + 1, frames)
