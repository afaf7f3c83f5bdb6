"""The render farm: a plan's clips, each in a fresh child process, into shards; on this machine, or task by task."""

from .clips import CHILD, TIMEOUT
from .local import Summary, render

__all__ = ["CHILD", "TIMEOUT", "Summary", "render"]
