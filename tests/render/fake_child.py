"""Stands in for `python -m blender_scenes`: draws a clip's missing frames in milliseconds, or misbehaves as told.

The folder of the first `--assets` option may hold files that make it misbehave: `crash-clip-000001` (exit 1 after the
first new frame, as often as the number in it), `mistake-CLIP` (exit 2), `hang-CLIP` (no progress), `slow` (seconds a
frame), `gpus` (every clip writes a line into it: its name, and the GPU that it was given). `about` says that it has as
many GPUs as `--gpus`, an option before the verb, tells.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from render.frames import framefile, measure
from render.spec import ClipSpec
from tests.drawn_clips import draw_frame


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--gpus", type=int, default=0)
    parser.add_argument("verb")
    parser.add_argument("spec", type=Path, nargs="?")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--gpu")
    parser.add_argument("--frames")
    parser.add_argument("--assets", type=Path, action="append", default=[])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device")
    options = parser.parse_args()
    if options.verb == "about":
        print(json.dumps({"blender": "4.5.0", "gpus": [f"card {i}" for i in range(options.gpus)]}))
        return
    spec = ClipSpec.read_json(options.spec)
    told = options.assets[0] if options.assets else Path()
    if (told / f"mistake-{spec.clip}").exists():
        print("error: the asset 'hamer' is not installed", file=sys.stderr)
        sys.exit(2)
    if (told / "gpus").exists():
        with (told / "gpus").open("a") as file:
            file.write(f"{spec.clip} {options.gpu}\n")
    pause = float((told / "slow").read_text()) if (told / "slow").exists() else 0.0
    framefile.clean(options.work)
    wanted = [int(frame) for frame in options.frames.split(",")] if options.frames else range(spec.film.frames)
    for frame in wanted:
        if framefile.is_whole(options.work, spec, frame):
            continue
        if (told / f"hang-{spec.clip}").exists():
            time.sleep(600)
        time.sleep(pause)
        products = draw_frame(spec, frame)
        measured = measure.measure(frame, products, {target.object_id: 0.0 for target in spec.targets})
        framefile.write(options.work, spec, frame, products, measured)
        print(json.dumps({"frame": frame, "of": spec.film.frames, "seconds": pause}), flush=True)
        crash = told / f"crash-{spec.clip}"
        if crash.exists() and (left := int(crash.read_text())) > 0:
            crash.write_text(str(left - 1))
            print("segmentation fault, so to speak", file=sys.stderr)
            sys.exit(1)


if __name__ == "__main__":
    main()
