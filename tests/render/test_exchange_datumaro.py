"""What `convert` writes, read by datumaro; and CVAT files as datumaro writes them, read by `import`.

Datumaro needs NumPy 2, which Blender's module does not allow: HEROPROP_DATUMARO names the Python of an environment of
its own (`python -m venv ENV && ENV/bin/pip install datumaro==1.13.12; HEROPROP_DATUMARO=ENV/bin/python`).
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from render.exchange import convert, import_clips
from render.manifest import Dataset
from tests.fake_dataset import make_dataset

PYTHON = os.environ.get("HEROPROP_DATUMARO")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not PYTHON, reason="HEROPROP_DATUMARO names no Python")]
FRAMES = 3

READ = """
import json, sys
import datumaro
data = datumaro.Dataset.import_from(sys.argv[1], "coco_instances")
labels = data.categories()[datumaro.AnnotationType.label]
found = {}
for item in data:
    masks = [a for a in item.annotations if a.type in (datumaro.AnnotationType.mask, datumaro.AnnotationType.polygon)]
    assert item.media.data.shape == (48, 64, 3)
    found[f"{item.subset}/{item.id}"] = {labels[a.label].name: a.image.astype(int).tolist() for a in masks}
data.export(sys.argv[2], "cvat", save_media=True)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("datumaro") / "dataset"
    return Dataset.open(make_dataset(folder, clips=4, frames=FRAMES, size=(64, 48), objects=2))


def test_datumaro_reads_our_coco_and_we_read_its_cvat(rendered: Dataset, tmp_path: Path) -> None:
    assert PYTHON is not None
    convert(rendered.folder, "coco", tmp_path / "coco")
    command = [PYTHON, "-c", READ, str(tmp_path / "coco"), str(tmp_path / "cvat")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 4 * FRAMES
    for split in ("train", "val", "test"):
        for clip in rendered.clips(split):
            for frame in range(FRAMES):
                told = found[f"{split}/{clip}/{frame:05d}"]
                for i in rendered.objects(clip):
                    mask = rendered.mask(clip, frame, i)
                    if mask.any():
                        np.testing.assert_array_equal(np.array(told[rendered.label(clip, i)], bool), mask)
    import_clips(tmp_path / "cvat", "cvat", tmp_path / "back")
    back, shown = Dataset.open(tmp_path / "back"), 0
    for split in ("train", "val", "test"):
        assert back.clips(split) == rendered.clips(split)
    for clip in rendered.clips():
        pictures = [rendered.rgb(clip, frame) for frame in range(FRAMES)]
        for place in range(back.frame_count(clip)):  # datumaro numbers frames in an order of its own
            rgb = back.rgb(clip, place)
            frame = min(range(FRAMES), key=lambda f: float(np.abs(pictures[f].astype(int) - rgb).mean()))
            for i in rendered.objects(clip):
                mine = [j for j in back.objects(clip) if back.label(clip, j) == rendered.label(clip, i)]
                drawn = np.any([back.mask(clip, place, j) for j in mine], axis=0)
                np.testing.assert_array_equal(drawn, rendered.mask(clip, frame, i))
                shown += int(drawn.any())
    assert shown >= 12
