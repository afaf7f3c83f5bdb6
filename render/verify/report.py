"""What a check finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..manifest import SHARDS
from ..storage import Remote


@dataclass(frozen=True)
class Problem:
    """Something wrong: in which file of the dataset, clip and frame (where it can be told), what, and the cure."""

    file: str
    clip: str | None
    frame: int | None
    what: str
    cure: str

    def __str__(self) -> str:
        place = f": {self.clip}" if self.clip else ""
        place += f" frame {self.frame}" if self.frame is not None else ""
        return f"{self.file}{place}: {self.what}; {self.cure}"


@dataclass
class Report:
    """Everything that was found, and how much was looked at."""

    clips: int = 0
    frames: int = 0
    shards: int = 0
    bytes: int = 0
    problems: list[Problem] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as one JSON document."""
        return asdict(self) | {"ok": not self.problems}


@dataclass
class Checked:
    """What was found in one shard: its problems, and a digest of each clip's content, to find clips that are there
    twice."""

    problems: list[Problem]
    contents: dict[str, str]


def redo(folder: Path | Remote, name: str, real: bool = False) -> str:
    """What to do about a damaged shard."""
    if isinstance(folder, Remote):
        return f"send it again: heroprop publish DATASET {folder} --again {name}"
    if real:
        return "import the footage again into a new folder"
    return f"run 'heroprop verify {folder} --repair', or remove {SHARDS}/{name}.* and run 'heroprop render {folder}'"
