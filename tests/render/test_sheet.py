"""Contact sheets of a plan: what is on them, and that a sheet that was stopped goes on."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from render.cli import app
from render.document import UserError
from render.farm import Setup
from render.farm.sheet import Choice, drawn, render_sheet, shrunk
from render.gallery.contact import GAP, GROUND, LETTERS, Row, draw
from render.planning.planfile import read_plan
from tests.render.fake_plan import PROGRAM, make_plan

SETUP = Setup(workers=2, program=PROGRAM)
CHOICE = Choice(clips=3, height=24, samples=2, seed=4)


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    return make_plan(tmp_path / "set", tmp_path / "told", clips=8, frames=5, clips_per_shard=3)


def test_clips_are_drawn_by_the_seed_and_shrunk_whole(planned: Path, tmp_path: Path) -> None:
    _, first = drawn(planned, tmp_path / "a.jpg", CHOICE)
    _, again = drawn(planned, tmp_path / "a.jpg", CHOICE)
    _, others = drawn(planned, tmp_path / "a.jpg", replace(CHOICE, seed=5))
    assert first == again != others
    assert len(drawn(planned, tmp_path / "a.jpg", replace(CHOICE, clips=99))[1]) == 8, "no more than there are"
    whole = read_plan(planned, [first[0].index])[1][0]
    assert first[0].film.height == 24
    assert first[0].film.width == round(whole.film.width * 24 / whole.film.height)
    kept = {"width": whole.film.width, "height": whole.film.height, "samples": whole.film.samples}
    kept["extras"] = whole.film.extras
    restored = first[0].model_copy(update={"film": first[0].film.model_copy(update=kept), "look": whole.look})
    assert restored == whole, "nothing but pixels, samples and products on request differs"
    assert shrunk(whole, replace(CHOICE, height=9999)).film.height == whole.film.height, "never enlarged"


def test_a_sheet_has_a_row_a_clip_and_begins_nothing_of_the_dataset(planned: Path, tmp_path: Path) -> None:
    out, seen = tmp_path / "look.png", []
    header, specs = drawn(planned, out, CHOICE)
    before = sorted(planned.rglob("*"))
    render_sheet(planned, header, specs, out, 2, SETUP, False, seen.append)
    assert sorted(planned.rglob("*")) == before
    assert sorted(seen) == sorted(spec.clip for spec in specs for _ in range(2))
    with Image.open(out) as sheet:
        width, height = 2 * specs[0].film.width + GAP, 24 + LETTERS + 2 * GAP
        assert sheet.size == (width + 2 * GAP, 3 * (height + GAP) + GAP)
    assert not list(tmp_path.glob(".look*")), "frames are cleared away"


def test_a_sheet_that_failed_goes_on(planned: Path, tmp_path: Path) -> None:
    out, told = tmp_path / "look.jpg", tmp_path / "told"
    header, specs = drawn(planned, out, CHOICE)
    bad = told / f"mistake-{specs[1].clip}"
    bad.touch()
    with pytest.raises(UserError, match=rf"{specs[1].clip}: can't be rendered: .*'hamer' is not installed"):
        render_sheet(planned, header, specs, out, 5, replace(SETUP, workers=1), False, lambda _: None)
    assert not out.exists()
    bad.unlink()
    (told / f"mistake-{specs[0].clip}").touch()  # it would fail now, were it rendered again
    render_sheet(planned, header, specs, out, 5, replace(SETUP, workers=1), True, lambda _: None)
    assert out.exists()


def test_masks_are_laid_over_pictures_and_rows_fill_columns() -> None:
    picture = np.full((40, 60, 3), 128, np.uint8)
    coverage = np.zeros((40, 60), np.uint8)
    coverage[10:20, 20:40] = 255
    rows = [Row("one", [picture] * 2, [[coverage]] * 2)] * 9
    plain, masked = (np.asarray(_opened(draw(rows, masks, ".png"))) for masks in (False, True))
    assert plain.shape == masked.shape
    top = GAP + LETTERS + 2 * GAP
    inside = (slice(top + 12, top + 18), slice(GAP + 22, GAP + 38))
    assert (plain[inside] == 128).all()
    assert (masked[inside] != 128).any()
    outside = (slice(top, top + 8), slice(GAP, GAP + 60))
    assert (masked[outside] == 128).all()
    height, width, _ = plain.shape
    assert height <= 2 * width
    assert (plain[:GAP] == GROUND).all()


def test_the_verb_and_its_mistakes(planned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from render.farm import sheet

    actual = render_sheet
    monkeypatch.setattr(sheet, "render_sheet", lambda d, h, s, o, f, setup, *rest: actual(d, h, s, o, f, SETUP, *rest))
    done = CliRunner().invoke(app, ["sheet", str(planned), "--clips", "2", "--frames", "3", "--height", "24"])
    assert done.exit_code == 0, done.output
    assert "2 clips on" in done.output
    assert (planned / "sheet.jpg").is_file()
    for arguments, said in (
        ([str(planned), "--out", str(tmp_path / "a.bmp")], "can't write such a picture"),
        ([str(tmp_path / "none")], "no plan here"),
    ):
        wrong = CliRunner().invoke(app, ["sheet", *arguments])
        assert isinstance(wrong.exception, UserError)
        assert said in str(wrong.exception)


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")
