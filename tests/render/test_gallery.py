"""The gallery: says what was measured, asks nothing of the network, runs nobody's text, and works in a browser."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from render.document import UserError
from render.gallery import curves, strips
from render.gallery.facts import NUMBERS, read
from render.gallery.page import Written, choose, write_gallery
from render.manifest import Dataset
from render.spec import ClipSpec, Look
from tests.fake_dataset import make_dataset

EVIL = "</script><script>document.title='owned'</script>\"'><img src=x onerror=\"document.title='owned'\">"


def told(spec: ClipSpec) -> ClipSpec:
    """Variety for the filters, and hostile words in one clip."""
    motions, moves = ("ricochet", "hover", "toss"), ("locked", "whip-pan")
    stage = spec.stage.model_copy(update={"time_of_day": ("day", "night")[spec.index % 2]})
    targets = tuple(
        target.model_copy(update={"motion": motions[spec.index % 3], "finish": EVIL if spec.index == 3 else "worn"})
        for target in spec.targets
    )
    camera = spec.camera.model_copy(update={"move": moves[spec.index % 2]})
    update = {"stage": stage, "targets": targets, "camera": camera, "look": Look(grain=2.0 * (spec.index % 2))}
    if spec.index == 3:
        targets = tuple(target.model_copy(update={"asset": EVIL, "label": EVIL}) for target in targets)
        update |= {"targets": targets, "twin_of": EVIL, "twin_factor": EVIL}
    return spec.model_copy(update=update)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips with two targets each, in a folder whose name is markup."""
    home = tmp_path_factory.mktemp("gallery") / "data<b>&"
    return make_dataset(home, clips=6, frames=14, objects=2, told=told)


@pytest.fixture(scope="module")
def made(folder: Path) -> tuple[Path, Written]:
    """The gallery as a folder."""
    out = folder.parent / "gallery"
    data = Dataset.open(folder)
    written = write_gallery(data, choose(data, None), out, lambda clip: None)
    return out / "index.html", written


class Page(HTMLParser):
    """What a browser would ask for, whether tags nest, and the words."""

    void = frozenset({"meta", "img", "br", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.asked: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.asked += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)


def test_the_folder_holds_the_page_and_the_strips_that_it_names(made: tuple[Path, Written]) -> None:
    page, written = made
    text = page.read_text(encoding="utf-8")
    parsed = Page(text)
    assert parsed.open == []
    pictures = [address for address in parsed.asked if not address.startswith("#")]
    assert len(pictures) == 12
    assert {path.name for path in (page.parent / "strips").iterdir()} == {name.split("/")[1] for name in pictures}
    for name in pictures:
        with Image.open(page.parent / name) as image:
            assert image.size == (8 * 96, 64)
    assert (written.clips, written.of) == (6, 6)
    assert written.bytes == sum(path.stat().st_size for path in page.parent.rglob("*") if path.is_file())
    assert parsed.tags.count("article") == 6


def test_a_single_file_asks_for_nothing(folder: Path, tmp_path: Path) -> None:
    data = Dataset.open(folder)
    written = write_gallery(data, choose(data, 2), tmp_path / "all.html", lambda clip: None)
    parsed = Page((tmp_path / "all.html").read_text(encoding="utf-8"))
    assert {address.split(":")[0].split("#")[0] for address in parsed.asked} == {"data", ""}
    assert [path.name for path in tmp_path.iterdir()] == ["all.html"]
    assert (written.clips, written.of) == (2, 6)
    words = " ".join(parsed.words)
    assert "2 clips of 6, evenly chosen" in words
    assert "clip-000000" in words
    assert "clip-000005" in words


def test_hostile_words_stay_words(made: tuple[Path, Written]) -> None:
    text = made[0].read_text(encoding="utf-8")
    parsed = Page(text)
    assert parsed.tags.count("script") == 2
    assert parsed.tags.count("img") == 12
    assert parsed.handlers == []
    assert EVIL in " ".join(parsed.words)
    data = re.search(r'<script type="application/json" id="index">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["clips"][3]["facets"]["finish"] == [EVIL]


def test_the_same_dataset_gives_the_same_page_and_what_is_stale_goes(folder: Path, tmp_path: Path) -> None:
    data = Dataset.open(folder)
    out = tmp_path / "gallery"
    write_gallery(data, choose(data, 3), out, lambda clip: None)
    first = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    write_gallery(data, choose(data, 3), out, lambda clip: None)
    assert {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()} == first
    write_gallery(data, choose(data, 1), out, lambda clip: None)
    assert {path.name[:11] for path in (out / "strips").iterdir()} == {"clip-000000"}


def test_a_damaged_clip_is_named_and_the_earlier_page_stays(tmp_path: Path) -> None:
    home = make_dataset(tmp_path / "data", clips=2, frames=4)
    data = Dataset.open(home)
    out = tmp_path / "gallery"
    write_gallery(data, choose(data, None), out, lambda clip: None)
    before = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    tar = next((home / "shards").glob("*.tar"))
    broken = tar.read_bytes().replace(b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1")
    tar.write_bytes(broken)
    again = Dataset.open(home)
    with pytest.raises(UserError, match=r"is damaged; 'heroprop verify' says what to do"):
        write_gallery(again, choose(again, None), out, lambda clip: None)
    assert {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_other_peoples_files_are_not_replaced(folder: Path, tmp_path: Path) -> None:
    data = Dataset.open(folder)
    clips = choose(data, 1)
    (tmp_path / "index.html").write_text("<h1>mine</h1>")
    for out, said in (
        (tmp_path, "is no gallery; choose another --out"),
        (tmp_path / "index.html", "is no gallery; choose another --out"),
        (tmp_path.parent, "holds other files"),
    ):
        with pytest.raises(UserError, match=said):
            write_gallery(data, clips, out, lambda clip: None)
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(UserError, match="is a folder"):
        write_gallery(data, clips, tmp_path / "folder.html", lambda clip: None)
    assert (tmp_path / "index.html").read_text() == "<h1>mine</h1>"


def test_difficulty_and_facets_are_what_was_measured_and_told(folder: Path) -> None:
    data = Dataset.open(folder)
    facts = read(data, "clip-000001", "train")
    columns = [data.attributes("clip-000001", i) for i in (1, 2)]
    assert set(facts.numbers) == set(NUMBERS)
    assert facts.numbers["occlusion"] == pytest.approx(
        100 * max(np.nanmean(c["occlusion"].astype(float)) for c in columns), abs=1e-3
    )
    fast = [np.nanquantile(c["speed_diameters"].astype(float), 0.9) for c in columns]
    assert facts.numbers["speed"] == pytest.approx(max(fast), abs=1e-3)
    area = [100 * np.median(c["mask_area"][c["present"].astype(bool)]) / (96 * 64) for c in columns]
    assert facts.numbers["area"] == pytest.approx(min(area), abs=1e-3)
    assert facts.facets["motion"] == ("hover",)
    assert facts.facets["move"] == ("whip-pan",)
    assert facts.facets["time"] == ("night",)
    assert facts.facets["effects"] == ("glow",)
    assert facts.facets["look"] == ("grain",)
    assert facts.facets["extras"] == ("none",)
    assert dict(facts.details)["film"] == "96 x 64, 14 frames at 24/s, shutter 180°, 16 samples"


def test_histograms_count_every_measured_frame(folder: Path) -> None:
    data = Dataset.open(folder)
    facts = read(data, "clip-000002", "val")
    columns = [data.attributes("clip-000002", i) for i in (1, 2)]
    speed, _, occlusion, *_ = curves.histograms(facts)
    hidden = np.concatenate([c["occlusion"].astype(float) for c in columns])
    hidden = hidden[~np.isnan(hidden)]
    assert sum(occlusion) == hidden.size
    assert occlusion[0] == (hidden < 0.01).sum()
    assert occlusion[1:] == np.histogram(hidden[hidden >= 0.01], np.linspace(0.01, 1, 25))[0].tolist()
    moved = np.concatenate([c["speed_diameters"][c["present"].astype(bool)].astype(float) for c in columns])
    moved = moved[~np.isnan(moved)]
    assert sum(speed) == moved.size
    assert speed[1:] == np.histogram(moved, np.geomspace(0.01, 10, 25))[0].tolist()


def test_what_lies_beyond_a_scale_goes_into_its_last_bin() -> None:
    scale = next(scale for scale in curves.SCALES if scale.key == "speed")
    counts = scale.bins(np.array([0.0, 0.0099, 0.01, 10.0, 400.0, np.nan]))
    assert counts[0] == 2
    assert counts[1] == 1
    assert counts[-1] == 2
    assert sum(counts) == 5


def test_curves_stand_below_their_frames_and_break_where_nothing_is_known() -> None:
    shown = strips.spread(150, 8)
    xs = curves.places(150, len(shown))
    middles = [(number + 0.5) / 8 * curves.ACROSS for number in range(8)]
    assert np.abs(np.array([xs[frame] for frame in shown]) - middles).max() < curves.ACROSS / 8 / 40
    nan = float("nan")
    assert curves.path(np.array([0.0, 1.0, nan, 0.5, nan]), 5) == "M100 100L300 0M700 50h1"
    assert curves.path(np.array([nan]), 1) == ""


def test_gaps_are_the_runs_of_absent_frames(folder: Path) -> None:
    track = read(Dataset.open(folder), "clip-000000", "train").tracks[0]
    absent = np.ones(14, bool)
    absent[[0, 1, 5, 13]] = False  # present in these
    changed = type(track)(**{**vars(track), "present": ~absent})
    xs = curves.places(14, 8)
    step = (xs[-1] - xs[0]) / 13
    expected = [(xs[2] - step / 2, 3 * step), (xs[6] - step / 2, 7 * step)]
    np.testing.assert_allclose(curves.gaps(changed, 8), expected, atol=0.2)


def test_the_overlay_tints_by_coverage_and_outlines_the_mask() -> None:
    coverage = np.zeros((40, 60), np.uint8)
    coverage[10:30, 20:40] = 255
    coverage[10:30, 40:50] = 100
    drawn = strips.overlay([coverage, np.zeros((40, 60), np.uint8)], (60, 40))
    assert drawn[0, 0, 3] == 0
    assert drawn[20, 30].tolist() == [*strips.COLOURS[0], round(255 * strips.TINT)]
    assert drawn[20, 39, 3] == 255  # the rim, inside the mask
    assert drawn[20, 45, 3] == round(255 * strips.TINT * 100 / 255)


@pytest.mark.parametrize(("frames", "size"), [(1, (64, 48)), (3, (960, 540)), (9, (48, 480))])
def test_strips_of_any_length_and_shape(frames: int, size: tuple[int, int], tmp_path: Path) -> None:
    data = Dataset.open(make_dataset(tmp_path, clips=1, frames=frames, size=size))
    film = strips.strip(data, "clip-000000")
    count = min(frames, strips.FRAMES)
    assert len(film.frames) == count
    assert film.frames[-1] == frames - 1
    with Image.open(io.BytesIO(film.pictures)) as pictures, Image.open(io.BytesIO(film.masks)) as masks:
        assert pictures.size == masks.size == (film.width, film.height)
        assert masks.mode == "RGBA"
    assert film.width // count <= min(size[0], strips.WIDTH)
    assert film.height <= strips.TALLEST
    assert film.width / count / film.height == pytest.approx(size[0] / size[1], rel=0.05)
    assert len(curves.lanes(read(data, "clip-000000", "train"), count)) == 4


def test_a_dataset_without_clips_is_told_so(folder: Path) -> None:
    data = Dataset.open(folder)
    none = data.manifest.model_copy(update={"splits": {"train": (), "val": (), "test": ()}, "clips": {}})
    with pytest.raises(UserError, match="has no clips yet; run 'heroprop render' on it"):
        choose(Dataset(folder, none), None)


def test_the_verb_says_where_the_page_is(folder: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "heroprop", "gallery", *arguments], capture_output=True, text=True, check=False
        )

    done = run(str(folder), "--clips", "2", "--out", str(tmp_path / "g"), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["page"] == str(tmp_path / "g" / "index.html")
    assert (said["clips"], said["of"]) == (2, 6)
    missing = run(str(tmp_path / "nowhere"))
    assert missing.returncode == 2
    assert missing.stderr.startswith(f"error: {tmp_path / 'nowhere'}: no such folder")
    assert missing.stderr.count("\n") == 1


# In a browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
FLAGS += ["--virtual-time-budget=4000"]
browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, and none is installed here")


def chromium(address: str, tmp_path: Path, *flags: str) -> str:
    """Open an address in headless Chromium and give back what it prints."""
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *flags, address]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def probed(page: Path, script: str, name: str = "probe.html") -> Path:
    """A copy of the page beside it that also runs `script` once loaded and puts what it returns into the title."""
    text = page.read_text(encoding="utf-8").replace(' loading="lazy" decoding="async"', "")
    probe = (
        "<script>addEventListener('load', async () => { let said;"
        " try { said = await (async () => {" + script + "})() } catch (error) { said = 'failed: ' + error }"
        " document.title = 'probe ' + JSON.stringify(said) })</script></body>"
    )
    copy = page.parent.parent / "probe" / name
    shutil.copytree(page.parent, copy.parent, dirs_exist_ok=True)
    copy.write_text(re.sub(r"<meta http-equiv=[^>]*>", "", text).replace("</body>", probe), encoding="utf-8")
    return copy


def answer(dom: str) -> object:
    found = re.search(r"<title>probe (.*?)</title>", dom)
    assert found is not None, dom[:500]
    return json.loads(found[1].replace("&quot;", '"').replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))


CLICKS = """
const one = (selector) => document.querySelector(selector);
const shown = () => [...document.querySelectorAll('article:not([hidden])')].map((card) => card.id.slice(-1)).join('');
const chip = (facet, value) => [...document.querySelectorAll(`[data-facet="${facet}"] button`)]
  .find((button) => button.dataset.value === value);
const type = (input, text) => { input.value = text; input.dispatchEvent(new Event('input')); };
const bars = () => [...document.querySelectorAll('[data-histogram] rect.now')]
  .reduce((sum, bar) => sum + parseFloat(bar.getAttribute('height')), 0);
const said = {};
said.all = shown();
const whole = bars();
chip('motion', 'ricochet').click();
said.ricochet = shown();
said.pressed = chip('motion', 'ricochet').getAttribute('aria-pressed');
said.fewerBars = bars() < whole && bars() > 0;
said.hash = location.hash;
chip('motion', 'hover').click();
said.eitherMotion = shown();
chip('time', 'night').click();
said.andNight = shown();
said.count = one('.count').textContent;
one('.reset').click();
said.cleared = shown();
said.hashGone = location.hash;
type(one('[data-number=area] input'), '1000');
said.nothing = shown();
said.told = !one('.none').hidden;
one('.reset').click();
type(one('input[type=search]'), 'WHIP-PAN night');
said.words = shown();
one('.reset').click();
const order = one('.order select');
order.value = 'speed';
order.dispatchEvent(new Event('change'));
said.fastest = shown();
const masks = document.querySelector('img.masks');
const visible = () => getComputedStyle(masks).visibility;
said.masks = [visible()];
one('.show-masks').click();
said.masks.push(visible());
one('.show-curves').click();
said.curves = getComputedStyle(one('.lanes')).display;
return said;
"""


@pytest.fixture(scope="module")
def clicked(made: tuple[Path, Written], tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    copy = probed(made[0], CLICKS)
    found = answer(chromium(copy.as_uri(), tmp_path_factory.mktemp("c"), "--window-size=1300,900", "--dump-dom"))
    assert isinstance(found, dict), found
    return found


@pytest.mark.slow
@browser
def test_filters_show_what_fits_and_the_histograms_follow(clicked: dict[str, object]) -> None:
    assert clicked["all"] == "012345"
    assert clicked["ricochet"] == "03"
    assert clicked["pressed"] == "true"
    assert clicked["fewerBars"] is True
    assert clicked["hash"] == "#motion=ricochet"
    assert clicked["eitherMotion"] == "0134"
    assert clicked["andNight"] == "13"
    assert clicked["count"] == "2 of 6 clips"
    assert clicked["cleared"] == "012345"
    assert clicked["hashGone"] == ""
    assert clicked["nothing"] == ""
    assert clicked["told"] is True
    assert clicked["words"] == "135"


@pytest.mark.slow
@browser
def test_sorting_follows_the_measures_and_masks_and_curves_can_be_hidden(
    clicked: dict[str, object], folder: Path
) -> None:
    data = Dataset.open(folder)
    speeds = {clip[-1]: read(data, clip, "train").numbers["speed"] or 0.0 for clip in data.clips()}
    assert clicked["fastest"] == "".join(sorted(speeds, key=lambda clip: -speeds[clip]))
    assert clicked["masks"] == ["visible", "hidden"]
    assert clicked["curves"] == "none"


@pytest.mark.slow
@browser
@pytest.mark.parametrize("wide", [500, 1300])
def test_the_page_as_shipped_works_offline_at_any_width(made: tuple[Path, Written], tmp_path: Path, wide: int) -> None:
    """With its own content policy: the script runs, a bookmarked filter is recalled, nothing hostile has run."""
    address = made[0].as_uri() + "#motion=toss"
    dom = chromium(address, tmp_path, f"--window-size={wide},900", "--dump-dom")
    assert "<title>data&lt;b&gt;&amp;: heroprop gallery</title>" in dom
    assert '<html lang="en" class="js">' in dom
    assert "2 of 6 clips" in dom
    probe = (
        "return [document.documentElement.scrollWidth <= innerWidth,"
        " [...document.images].every((image) => image.naturalWidth > 0)]"
    )
    copy = probed(made[0], probe, f"wide-{wide}.html")
    dom = chromium(copy.as_uri(), tmp_path, f"--window-size={wide},900", "--dump-dom")
    assert answer(dom) == [True, True]


@pytest.mark.slow
@browser
def test_a_screenshot_shows_strips_masks_and_curves(made: tuple[Path, Written], tmp_path: Path) -> None:
    """With masks hidden by another view of the same page, the difference is the masks' own colours."""
    shots = []
    for number, hide in enumerate(("", "document.querySelector('.show-masks').click();")):
        copy = probed(made[0], hide, f"shot-{number}.html")
        file = tmp_path / f"shot-{number}.png"
        chromium(copy.as_uri() + "#sort=speed", tmp_path, "--window-size=1300,1600", f"--screenshot={file}")
        with Image.open(file) as image:
            shots.append(np.asarray(image.convert("RGB")).astype(int))
    with_masks, without = shots
    changed = np.abs(with_masks - without).sum(axis=2) > 30
    assert changed.sum() > 500
    for colour in strips.COLOURS[:2]:
        close = (np.abs(with_masks - colour).sum(axis=2) < 60) & changed
        assert close.sum() > 30
        assert ((np.abs(without - colour).sum(axis=2) < 60) & ~changed).sum() > 100  # the curves stay
