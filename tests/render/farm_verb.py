"""`heroprop VERB ...` with the drawing child in Blender's place: what a farm's job runs in tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import render.cli
import render.farm
from heroprop import main
from tests.render.fake_plan import PROGRAM

render.cli._need_blender = lambda: None
render.farm.render_task.__kwdefaults__["program"] = PROGRAM

if __name__ == "__main__":
    main()
