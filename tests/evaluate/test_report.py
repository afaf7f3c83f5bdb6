"""The report page: self-contained, honest in its words, right in its figures; rendered where Chromium is at hand."""

from __future__ import annotations

import csv
import importlib.util
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluate.report import check_out, headline, summary_table, write_report
from evaluate.report.challenges import challenges
from evaluate.running.benchmark import evaluate
from evaluate.running.results import Mean, Results
from render.document import UserError
from render.manifest import Dataset


class Page(HTMLParser):
    """What a browser would ask for, whether tags nest, and the words."""

    void = frozenset({"meta", "img", "br", "link", "input", "hr", "rect", "line"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.asked: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.asked += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        if tag == "li" or self.open[-1] == tag:
            self.open.pop()
        else:
            raise AssertionError(f"</{tag}> closes <{self.open[-1]}>")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results]:
    home = tmp_path_factory.mktemp("report")
    path = Path(__file__).parents[1] / "fake_dataset.py"
    spec = importlib.util.spec_from_file_location("fake_dataset", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fake_dataset"] = module
    spec.loader.exec_module(module)
    module.make_dataset(home / "data<b>", clips=4, frames=5, splits=("test", "test", "test", "train"))
    dataset = Dataset.open(home / "data<b>")
    out = home / "out"
    results = evaluate(dataset, ["nano-random:0", "nano-random:1"], predictions=out / "predictions")
    return write_report(results, dataset, out), results


def test_the_page_asks_for_nothing(made: tuple[Path, Results]) -> None:
    text = made[0].read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.asked
    assert all(value.startswith("data:image/jpeg;base64,") for value in page.asked)
    assert "script" not in page.tags
    assert not re.search(r"https?://|url\(|@import", text)
    assert "default-src 'none'" in text
    assert len(text) < 4_000_000


def test_the_page_says_what_was_measured(made: tuple[Path, Results]) -> None:
    path, results = made
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    words = " ".join(" ".join(page.words).split())
    for method in results.methods:
        assert f"{method.scores.jf.value:.3f}" in words
        for clip in method.clips:
            assert clip.clip in words
    assert results.plan_sha256 in words
    assert str(results.checkpoints[0].sha256) in words
    assert "It is not one of Meta's SAM 2 models" in words
    assert "3 clips are few" in words
    assert "data<b>" in words  # names are shown, not obeyed


def test_pictures_are_there_for_every_checkpoint(made: tuple[Path, Results]) -> None:
    path, results = made
    text = path.read_text(encoding="utf-8")
    scored = sum(j is not None for clip in results.checkpoints[-1].clips for j in clip.j_frames)
    strips = 3 * 2 * 5  # clips x checkpoints x frames
    assert text.count("<img ") == strips + min(scored, 6)
    assert text.count('aria-label="J by frame') == 3


def test_words_follow_the_interval(made: tuple[Path, Results]) -> None:
    results = made[1]
    first = results.comparisons[0]

    def said(low: float | None, high: float | None) -> str:
        difference = Mean(value=0.1, low=low, high=high, n=3, clips=3)
        changed = first.model_copy(update={"difference": difference})
        return headline(results.model_copy(update={"comparisons": (changed,)}))[1]

    assert "on all 3 objects: better (+0.100 J&F" in said(0.05, 0.2)
    assert "worse" in said(-0.2, -0.1)
    assert "no clear difference" in said(-0.05, 0.2)
    assert "too few to tell" in said(None, None)


def test_an_object_that_is_never_scored_does_not_break_the_page(made: tuple[Path, Results]) -> None:
    """A clip whose object goes absent after the prompt has no J: dashes, not errors."""
    path, results = made
    hidden = [
        method.model_copy(
            update={
                "clips": tuple(
                    clip.model_copy(
                        update={"j": None, "f": None, "j_frames": (None,) * clip.frames, "absent_area": 0.1}
                    )
                    if place == 0
                    else clip
                    for place, clip in enumerate(method.clips)
                )
            }
        )
        for method in results.methods
    ]
    changed = results.model_copy(update={"methods": tuple(hidden)})
    text = write_report(changed, Dataset.open(path.parents[1] / "data<b>"), path.parent).read_text(encoding="utf-8")
    assert "absent" in text
    summary_table(changed)
    write_report(results, Dataset.open(path.parents[1] / "data<b>"), path.parent)


def test_an_earlier_report_is_replaced_and_other_files_are_not(tmp_path: Path) -> None:
    check_out(tmp_path / "new")
    check_out(tmp_path)
    (tmp_path / "results.json").write_text("{}")
    check_out(tmp_path)
    (tmp_path / "results.json").unlink()
    (tmp_path / "thesis.doc").write_text("mine")
    with pytest.raises(UserError, match="holds other files"):
        check_out(tmp_path)


def test_challenges_are_shown_with_their_n(made: tuple[Path, Results]) -> None:
    """Drawn clips have no sweeps: what can be measured stands there, hollow where it rests on few shots."""
    path, results = made
    text = path.read_text(encoding="utf-8")
    found = challenges(results)
    assert {one.axis.name for one in found} <= {"movement", "effects", "trajectory", "occlusion", "transformation"}
    assert 'id="movement"' in text
    assert "No sweep of speed here" in text
    lanes = [(one.axis.name, lane) for one in found for lane in one.lanes]
    assert lanes
    for name, lane in lanes:
        assert {dot.method for dot in lane.dots} == {method.name for method in results.methods}
        assert any(dot.mean.n for dot in lane.dots)  # what nothing was measured for is left out
        for dot, method in zip(lane.dots, results.methods, strict=True):
            axis = next(one for one in method.axes if one.name == name)
            assert dot.mean in (axis.score, axis.effect)
            assert dot.few  # three clips
            if dot.place is not None:
                low, high = lane.ends
                assert low + dot.place * (high - low) == pytest.approx(dot.mean.value)
    assert 'id="transformation"' not in text  # nothing is charged there


def test_tables_stand_beside_the_page(made: tuple[Path, Results]) -> None:
    path, results = made
    with (path.parent / "clips.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(method.clips) for method in results.methods)
    first = results.methods[0].clips[0]
    assert (rows[0]["clip"], float(rows[0]["J"])) == (first.clip, first.j)
    text = (path.parent / "report.md").read_text(encoding="utf-8")
    for method in results.methods:
        assert f"| {method.name} | {method.scores.jf.value:.3f}" in text
    assert "## Fast movement" in text
    assert results.plan_sha256 in text


CHROMIUM = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars"
)


def browse(page: Path, home: Path, *flags: str) -> str:
    """What Chromium prints of a page."""
    command = ["chromium", *CHROMIUM.split(), f"--user-data-dir={home / 'c'}", *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium here")
@pytest.mark.parametrize("width", [500, 1200])
def test_the_page_works_in_a_browser(made: tuple[Path, Results], tmp_path: Path, width: int) -> None:
    """In Chromium, on a phone and a laptop: no wider than the window, every picture decoded, filters and folds obey."""
    probe = """<script>addEventListener('load', () => {
      const rows = () => [...document.querySelectorAll('tr.clip')].filter(r => r.offsetParent).length;
      const fold = document.querySelector('details'), before = fold.offsetHeight, all = rows();
      document.getElementById('show-low').click(); const low = rows();
      document.getElementById('show-all').click();
      fold.querySelector('summary').click();
      document.title = ['probe', document.documentElement.scrollWidth <= innerWidth,
        [...document.images].every(i => i.naturalWidth > 0), all, low, rows() == all,
        fold.offsetHeight > before].join(' ');
    })</script></body>"""
    text = made[0].read_text(encoding="utf-8").replace("</body>", probe)
    page = tmp_path / "page.html"
    page.write_text(re.sub(r"<meta http-equiv=[^>]*>", "", text), encoding="utf-8")
    after = made[1].checkpoints[-1].clips
    low = sum(clip.jf is not None and clip.jf < 0.5 for clip in after)
    said = browse(page, tmp_path, f"--window-size={width},900", "--virtual-time-budget=3000", "--dump-dom")
    assert f"<title>probe true true {len(after)} {low} true true</title>" in said
    shot = tmp_path / "shot.png"
    browse(made[0], tmp_path, f"--window-size={width},1400", f"--screenshot={shot}")
    with Image.open(shot) as picture:
        colours = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    assert picture.size[0] == width
    assert len(np.unique(colours, axis=0)) > 50  # something is there to be seen
