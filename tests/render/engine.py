"""A render run in a process of its own, to be killed: `engine.py DATASET PAUSE PROGRAM…`.

Prints each step of a commit as it is done, and lingers PAUSE seconds after it, so that a commit lasts long enough to be
hit between any two steps.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from render.farm import Setup, render


def main() -> None:
    dataset, pause, *program = sys.argv[1:]

    def between(step: str) -> None:
        print(step, flush=True)
        time.sleep(float(pause))

    render(Path(dataset), Setup(workers=2, program=tuple(program)), between=between)


if __name__ == "__main__":
    main()
