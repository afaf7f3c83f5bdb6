"""`heroprop VERB ...` with the drawing child in Blender's place: what a farm's job runs in tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import render.farm
import render.verbs.making
from heroprop import main
from tests.render.fake_plan import drawing

render.verbs.making.need_blender = lambda *told: None
render.farm.render_task = drawing(render.farm.render_task)

if __name__ == "__main__":
    main()
