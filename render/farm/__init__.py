"""The render farm: a plan's clips, each in a fresh child process, into shards; on this machine, or task by task."""

from .clips import CHILD, TIMEOUT
from .local import Summary, index, render
from .task import TaskSummary, parse_clips, render_task

__all__ = ["CHILD", "TIMEOUT", "Summary", "TaskSummary", "index", "parse_clips", "render", "render_task"]
