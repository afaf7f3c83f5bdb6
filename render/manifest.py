"""The dataset's front door: `manifest.json`, and the reader that everything downstream uses.

Nothing in a manifest is a path: shards are named, and lie in `shards/` beside it, so that no manifest can point
outside its dataset.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from . import mask, shards
from .dataset import tar
from .dataset.provenance import AssetLicence
from .document import Document, UserError, nearest, no_folder, write_atomic
from .products import Product, decode
from .storage import Remote, RemoteShard, place

SCHEMA: Final = 1
SHARDS = "shards"
FILE = "manifest.json"
SPLITS = ("train", "val", "test")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Clip = Annotated[str, Field(pattern=r"^clip-[0-9]{6}$")]


def _shard_name(name: str) -> str:
    if not shards.NAME.fullmatch(name):
        raise ValueError(f"'{name}' is no shard's name, e.g. 'shard-000003'; the manifest is damaged or hostile")
    return name


ShardName = Annotated[str, AfterValidator(_shard_name)]


class FileEntry(Document):
    """Size in bytes and SHA-256 of one file of a shard."""

    bytes: int = Field(gt=0)
    sha256: Sha256

    @classmethod
    def of(cls, path: Path) -> FileEntry:
        """Measure a file."""
        sha = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(2**20):
                sha.update(block)
            return cls(bytes=file.tell(), sha256=sha.hexdigest())


class ShardEntry(Document):
    """One shard: its three files and how much is in it."""

    name: ShardName
    clips: int = Field(gt=0)
    frames: int = Field(gt=0)
    tar: FileEntry
    frames_index: FileEntry
    objects_index: FileEntry


class ClipEntry(Document):
    """One clip: the shard it lies in, its length, its targets' labels by object id, and whether it is real footage.

    `stored` is what it is called in its shard, where that is something else: in merged datasets.
    """

    shard: ShardName
    frames: int = Field(gt=0)
    labels: dict[int, str]
    twin_of: str | None = None
    real: bool = False
    stored: Clip | None = None


class RecipeEntry(Document):
    """The recipe that the plan was drawn from."""

    name: str
    sha256: str


class PlanEntry(Document):
    """The plan that the clips follow: how many there are in all, and from which seed."""

    sha256: str
    clips: int
    seed: int


class Part(Document):
    """One of the datasets that a merged one was made of: clip n of it is clip n + `offset` here."""

    name: str
    generator: str
    blender: str
    created: str
    recipe: RecipeEntry
    plan: PlanEntry
    clips: int
    offset: int = Field(ge=0)


class Manifest(Document):
    """What a dataset holds. `failed` clips were set aside; planned clips that are neither there nor failed are due."""

    schema_version: Literal[1] = SCHEMA
    generator: str
    blender: str
    created: str
    mask_rule: str
    recipe: RecipeEntry
    plan: PlanEntry
    splits: dict[Literal["train", "val", "test"], tuple[Clip, ...]]
    clips: dict[Clip, ClipEntry]
    shards: tuple[ShardEntry, ...]
    licences: tuple[AssetLicence, ...]
    failed: tuple[Clip, ...]
    merged: tuple[Part, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        listed = [clip for clips in self.splits.values() for clip in clips]
        if sorted(listed) != sorted(self.clips):
            raise ValueError("splits: must list every clip exactly once")
        names = [shard.name for shard in self.shards]
        if len(set(names)) != len(names):
            raise ValueError("shards: names must differ")
        known = set(names)
        for clip, entry in self.clips.items():
            if entry.shard not in known:
                raise ValueError(f"clips.{clip}: lies in '{entry.shard}', which is not listed")
        if any(entry.stored for entry in self.clips.values()):
            homes = {(entry.shard, entry.stored or clip) for clip, entry in self.clips.items()}
            if len(homes) != len(self.clips):
                raise ValueError("clips: two of them are the same clip of a shard")
        return self

    @classmethod
    def read(cls, folder: Path | Remote) -> Manifest:
        """Read a dataset's manifest; UserError if there is none, or one that this version cannot read."""
        if isinstance(folder, Remote):
            data = folder.whole(FILE, MAX_DOCUMENT)
            if data is None:
                raise UserError(f"{folder}: has no {FILE}; is it a dataset that 'heroprop publish' has put there?")
            return cls._parsed(data, f"{folder}/{FILE}", "publish the dataset again")
        path = folder / FILE
        if not folder.is_dir():
            raise UserError(f"{folder}: {no_folder(folder)}; give a dataset, a folder filled by 'heroprop render'")
        if not path.is_file():
            cure = "run 'heroprop render' on it" if (folder / "plan.json").is_file() else "is it a dataset?"
            raise UserError(f"{folder}: has no {FILE}; {cure}")
        cure = "remove it and run 'heroprop render' to make it anew"
        return cls._parsed(path.read_bytes(), str(path), cure)

    @classmethod
    def _parsed(cls, data: bytes, where: str, cure: str) -> Manifest:
        try:
            return cls.model_validate_json(data)  # at once: a hundred thousand clips are 16 MB
        except ValueError:
            pass  # read again, slowly, to say what is wrong
        try:
            told = json.loads(data)
        except (ValueError, RecursionError):
            raise UserError(f"{where}: not readable JSON; {cure}") from None
        version = told.get("schema_version") if isinstance(told, dict) else None
        if version != SCHEMA:
            raise UserError(f"{where}: schema version {version!r}; this heroprop reads version {SCHEMA}")
        return cls.parse(told, where)

    def write(self, folder: Path) -> None:
        """Write `manifest.json`, atomically."""
        write_atomic(folder / FILE, json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True) + "\n")


MAX_DOCUMENT = 2**29
"""No manifest and no view is larger than this many bytes."""

VIEWS = "views"
"""Folder in a dataset for its views."""


class View(Document):
    """`views/NAME.json`: some of a dataset's clips, in splits of its own. `plan` is that of the dataset it was made of;
    `where` and `hold_out` tell how, for people."""

    schema_version: Literal[1] = 1
    plan: PlanEntry
    where: str | None = None
    hold_out: tuple[str, ...] = ()
    splits: dict[Literal["train", "val", "test"], tuple[Clip, ...]]

    @classmethod
    def read(cls, where: Path | Remote) -> View:
        """Read a view's file; UserError for one that is missing or damaged."""
        if isinstance(where, Path):
            return cls.read_json(where)
        data = where.parent.whole(where.name, MAX_DOCUMENT)
        if data is None:
            raise UserError(f"{where}: no such view")
        return cls.parse_json(data, str(where))

    def of(self, whole: Manifest, where: Path | Remote) -> Manifest:
        """The dataset's manifest as the view sees it; UserError where the dataset has changed under it."""
        if self.plan != whole.plan:
            raise UserError(f"{where}: is a view of another dataset; select again")
        clips = {clip: whole.clips.get(clip) for names in self.splits.values() for clip in names}
        missing = sorted(clip for clip, entry in clips.items() if entry is None)
        if missing:
            raise UserError(f"{where}: {missing[0]} is not in the dataset any more; select again")
        used = {entry.shard for entry in clips.values() if entry}
        told = {"splits": self.splits, "clips": clips, "shards": tuple(s for s in whole.shards if s.name in used)}
        return whole.model_copy(update=told)


def version(folder: Path) -> int | None:
    """Schema version that a dataset's manifest states; None if there is no manifest, or none that can be read."""
    try:
        stated = json.loads((folder / FILE).read_text(encoding="utf-8"))["schema_version"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stated if isinstance(stated, int) else None


class Dataset:
    """A read-only view of a dataset. Any number of threads or processes may read one; it pickles by its place."""

    def __init__(self, folder: Path | Remote, manifest: Manifest, named: Path | Remote | None = None) -> None:
        self.folder, self.manifest, self._named = folder, manifest, named or folder
        self._open: dict[str, shards.Shard] = {}

    @classmethod
    def open(cls, where: Path | str | Remote) -> Dataset:
        """Open a dataset, given its folder or URL, or those of one of its views (`DATASET/views/NAME.json`).

        UserError for a missing, old or damaged manifest or view, or a shard file missing or cut short (at a URL, when
        the shard is first read).
        """
        named = folder = place(where)
        view = None
        if named.name.endswith(".json") and named.parent.name == VIEWS:
            folder, view = named.parent.parent, View.read(named)
        manifest = Manifest.read(folder)
        if view is not None:
            manifest = view.of(manifest, named)
        for shard in manifest.shards if isinstance(folder, Path) else ():
            files = (shard.tar, shard.frames_index, shard.objects_index)
            for path, entry in zip(shards.paths(Path(str(folder)) / SHARDS, shard.name), files, strict=True):
                problem = file_problem(path, entry)
                if problem:
                    raise UserError(problem)
        return cls(folder, manifest, named)

    def __reduce__(self) -> tuple[Any, ...]:
        return Dataset.open, (self._named,)

    @property
    def name(self) -> str:
        """The dataset's name: that of its folder."""
        return (self.folder.resolve() if isinstance(self.folder, Path) else self.folder).name

    def clips(self, split: str | None = None) -> list[str]:
        """Clip ids of one split, or of all, sorted. UserError for an unknown split."""
        if split is None:
            return sorted(self.manifest.clips)
        if split not in SPLITS:
            raise UserError(f"no split '{split}'{nearest(split, list(SPLITS))}")
        return sorted(clip for name, clips in self.manifest.splits.items() if name == split for clip in clips)

    def spec(self, clip: str) -> dict[str, Any]:
        """The ClipSpec document stored in the shard; of real footage the RealClip."""
        found: dict[str, Any] = self.record(clip)["spec"]
        return found

    def record(self, clip: str) -> dict[str, Any]:
        """The clip's whole record: `spec`, `provenance`, `licences`."""
        shard, stored = self._find(clip)
        return shard.record(stored)

    def frame_count(self, clip: str) -> int:
        return self._entry(clip).frames

    def picture_size(self, clip: str) -> tuple[int, int]:
        """Width and height of the clip's pictures, px."""
        shard, stored = self._find(clip)
        if (told := shard.clips[stored].picture) is not None:
            return told
        film = self.spec(clip)["film"]
        return int(film["width"]), int(film["height"])

    def extras(self, clip: str) -> tuple[str, ...]:
        """The products on request that the clip has."""
        shard, stored = self._find(clip)
        return shard.clips[stored].extras

    def is_real(self, clip: str) -> bool:
        """Whether the clip was filmed and imported: it has `rgb`, `coverage` and `visible`, and few attributes."""
        return self._entry(clip).real

    def size(self, clip: str) -> int:
        """Bytes of all the clip's pictures and measures."""
        shard, stored = self._find(clip)
        return shard.size(stored)

    def objects(self, clip: str) -> list[int]:
        """Object ids of the clip's targets, sorted."""
        return sorted(self._entry(clip).labels)

    def label(self, clip: str, object_id: int) -> str:
        """Class label of a target, e.g. `hammer`."""
        return self._entry(clip).labels[object_id]

    def attributes(self, clip: str, object_id: int) -> Mapping[str, NDArray[Any]]:
        """Attributes of a target, each an array over the clip's frames; NaN where not defined.

        See `render.frames.measure`.
        """
        shard, stored = self._find(clip)
        return shard.attributes(stored, object_id)

    def locate(self, clip: str, frame: int, column: str) -> tar.Entry:
        """Where one product (`rgb`, `coverage-1`, ...) of one frame lies in its shard's tar; KeyError if nowhere."""
        shard, stored = self._find(clip)
        return shard.locate(stored, frame, column)

    def prefetch(
        self,
        clip: str,
        frames: Iterable[int],
        object_ids: Iterable[int] = (),
        products: Iterable[Product] = (Product.RGB,),
    ) -> None:
        """Fetch the frames' `products` and the objects' coverage, which will be read next, in few requests.

        Of a dataset on disk, nothing is done. KeyError for what is not there.
        """
        columns = [*(str(p) for p in products), *(f"{Product.COVERAGE}-{i}" for i in object_ids)]
        shard, stored = self._find(clip)
        shard.prefetch(stored, frames, columns)

    def prefetch_next(self, clip: str, frames: Sequence[int], place: int, object_ids: Iterable[int] = ()) -> None:
        """For `frames` that are read one after another: before that at `place`, fetch it and some that come next."""
        if place % AHEAD == 0:
            self.prefetch(clip, frames[place : place + AHEAD], object_ids)

    def with_records(self, clips: Sequence[str]) -> Iterator[str]:
        """`clips`, one after another; of a dataset at a URL, what `record` and `attributes` read of them is fetched
        beforehand, for many clips at a time."""
        if isinstance(self.folder, Path):
            yield from clips
            return
        for start in range(0, len(clips), CLIPS_AHEAD):
            some = clips[start : start + CLIPS_AHEAD]
            by_shard: dict[str, list[str]] = {}
            for clip in some:
                by_shard.setdefault(self._entry(clip).shard, []).append(clip)
            with ThreadPoolExecutor(len(by_shard)) as pool:
                list(pool.map(self._prefetch_records, by_shard.values()))
            yield from some

    def _prefetch_records(self, clips: Sequence[str]) -> None:
        """Of clips of one shard."""
        found = [self._find(clip) for clip in clips]
        found[0][0].prefetch_records(stored for _, stored in found)

    def rgb(self, clip: str, frame: int) -> NDArray[np.uint8]:
        """The picture, uint8 (H, W, 3)."""
        return self._picture(clip, frame, Product.RGB)

    def coverage(self, clip: str, frame: int, object_id: int) -> NDArray[np.uint8]:
        """The soft matte of a target, uint8 (H, W), 255 = wholly covered."""
        return self._picture(clip, frame, Product.COVERAGE, object_id)

    def mask(self, clip: str, frame: int, object_id: int) -> NDArray[np.bool_]:
        """The mask rule applied to coverage, bool (H, W); of real footage the mask as it was drawn, however small."""
        coverage = self.coverage(clip, frame, object_id)
        return coverage > 0 if self.is_real(clip) else mask.binary_mask(coverage)

    def visible(self, clip: str, frame: int) -> NDArray[np.uint8]:
        """Object id seen at each pixel's centre at shutter centre, uint8 (H, W), 0 for none."""
        return self._picture(clip, frame, Product.VISIBLE)

    def amodal(self, clip: str, frame: int, object_id: int) -> NDArray[np.bool_]:
        """Where the target would be seen with every other object away, bool (H, W)."""
        return self._picture(clip, frame, Product.AMODAL, object_id)

    def veil(self, clip: str, frame: int) -> NDArray[np.uint8]:
        """How strongly effects hide each pixel, uint8 (H, W), 255 = wholly."""
        return self._picture(clip, frame, Product.VEIL)

    def extra(self, clip: str, frame: int, name: str) -> NDArray[np.float16]:
        """A product on request (`linear`, `fx`, `depth`, `flow`, `normal`; see `render.products.CHANNELS`), float16.

        KeyError where the clip was rendered without it.
        """
        return self._picture(clip, frame, Product(name))

    def encoded(self, clip: str, frame: int, product: Product, object_id: int | None = None) -> bytes:
        """One product as stored: JPEG, PNG or EXR bytes."""
        column = f"{product}-{object_id}" if product.per_object else str(product)
        shard, stored = self._find(clip)
        return shard.read(stored, frame, column)

    def _picture(self, clip: str, frame: int, product: Product, object_id: int | None = None) -> NDArray[Any]:
        try:
            return decode(product, self.encoded(clip, frame, product, object_id))
        except KeyError as error:
            if not self.is_real(clip) or product in (Product.RGB, Product.COVERAGE, Product.VISIBLE):
                raise
            raise UserError(f"{self.folder}: {clip} is real footage, of which no {product} is known") from error
        except UserError as error:
            raise UserError(f"{self.folder}: {clip} frame {frame} {product}: {error}") from None

    def _entry(self, clip: str) -> ClipEntry:
        if clip not in self.manifest.clips:
            raise UserError(f"{self.folder}: has no clip '{clip}'")
        return self.manifest.clips[clip]

    def _find(self, clip: str) -> tuple[shards.Shard, str]:
        """The shard that a clip lies in, and what it is called there."""
        entry = self._entry(clip)
        name, stored = entry.shard, entry.stored or clip
        shard = self._open.get(name)
        if shard is None:
            shard = self._open[name] = self._opened(name)
            for oldest in list(self._open)[:-MAX_OPEN]:
                self._open.pop(oldest, None)
        if stored not in shard.clips:
            where = f"{self.folder}/{SHARDS}/{name}.frames.arrow"
            raise UserError(f"{where}: does not list {stored}; 'heroprop verify {self.folder}' says what to do")
        return shard, stored

    def _opened(self, name: str) -> shards.Shard:
        if isinstance(self.folder, Path):
            return shards.Shard(self.folder / SHARDS, name)
        entry = next(shard for shard in self.manifest.shards if shard.name == name)
        away = RemoteShard(self.folder, name, entry.tar.bytes, entry.frames_index, entry.objects_index)
        return shards.Shard(Path(), name, away)


AHEAD = 16
"""So many frames are fetched at a time where they are read in order."""
CLIPS_AHEAD = 256
"""So many clips' records are."""


def _most_open() -> int:
    """Shards whose indexes are mapped at a time: two file handles each, a quarter of what the system allows at most."""
    try:
        import resource

        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    except ImportError:  # Windows
        allowed = 1024
    return 1000 if allowed < 0 else max(50, min(1000, allowed // 8))


MAX_OPEN = _most_open()


def file_problem(path: Path, entry: FileEntry) -> str | None:
    """What is wrong with a shard's file at a glance (absent, a link, of another size), as one line; None if nothing."""
    if path.is_symlink():
        return f"{path}: is a link; a dataset holds its own files: replace it with the file itself"
    if not path.is_file():
        return f"{path}: missing; run 'heroprop render' on the dataset to make it again"
    size = path.stat().st_size
    if size != entry.bytes:
        return f"{path}: {size} bytes, {entry.bytes} expected; run 'heroprop render' on the dataset to make it again"
    return None
