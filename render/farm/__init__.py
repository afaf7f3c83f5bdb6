"""The render farm: a plan's clips, each in a fresh child process, into shards; on this machine, or task by task."""

from .local import Summary, index, render
from .setup import CHILD, TIMEOUT, Setup
from .task import TaskSummary, parse_clips, render_task

__all__ = ["CHILD", "TIMEOUT", "Setup", "Summary", "TaskSummary", "index", "parse_clips", "render", "render_task"]
