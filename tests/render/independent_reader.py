"""A reader of datasets written from docs/dataset.md alone: standard library, NumPy and Pillow, nothing of heroprop.

    python independent_reader.py DATASET

reads all of a dataset, checks everything that the page says of it, and prints what it read.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
import zlib
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from arrow_file import read as read_arrow
from numpy.typing import NDArray
from PIL import Image

SHARD = re.compile(r"shard-[0-9]{6,}(\.[1-9][0-9]*)?")
LARGEST = 256 << 20  # bytes of a member


class Shard:
    """A tar and its two indexes."""

    def __init__(self, folder: Path, entry: dict[str, Any]) -> None:
        if not SHARD.fullmatch(entry["name"]):
            raise ValueError(f"{entry['name']}: not a shard's name")
        self.entry = entry
        self.tar = folder / f"{entry['name']}.tar"
        self.files = {
            "tar": self.tar,
            "frames_index": folder / f"{entry['name']}.frames.arrow",
            "objects_index": folder / f"{entry['name']}.objects.arrow",
        }

    def check(self) -> None:
        """Sizes and hashes of the three files, as the manifest has them."""
        for role, path in self.files.items():
            data = path.read_bytes()
            assert len(data) == self.entry[role]["bytes"], path
            assert hashlib.sha256(data).hexdigest() == self.entry[role]["sha256"], path

    @cached_property
    def frames(self) -> tuple[dict[str, NDArray[Any]], list[dict[str, Any]]]:
        columns, metadata = read_arrow(self.files["frames_index"])
        return columns, json.loads(metadata["heroprop.clips"])["clips"]

    @cached_property
    def objects(self) -> dict[str, NDArray[Any]]:
        return read_arrow(self.files["objects_index"])[0]

    def bytes_at(self, offset: int, size: int, crc32: int) -> bytes:
        with self.tar.open("rb") as file:
            file.seek(offset)
            data = file.read(size)
        if len(data) != size or zlib.crc32(data) != crc32:
            raise ValueError(f"{self.tar}: damaged at byte {offset}")
        return data

    def member(self, row: int, product: str) -> bytes:
        """A frame's product by the index; b"" where the frame has none."""
        columns = self.frames[0]
        size = int(columns[f"{product}.size"][row])
        return self.bytes_at(int(columns[f"{product}.offset"][row]), size, int(columns[f"{product}.crc32"][row]))

    def walk(self) -> dict[str, tuple[int, int]]:
        """Name, first byte and size of every member, by the tar's own headers (USTAR) and nothing else."""
        found: dict[str, tuple[int, int]] = {}
        with self.tar.open("rb") as file:
            while any(header := file.read(512)):
                assert header[257:263] == b"ustar\0", "not USTAR"
                assert header[156:157] in (b"0", b"\0"), "not a regular file"
                name = header[:100].rstrip(b"\0").decode()
                assert not header[345:500].strip(b"\0"), "a folder"
                assert "/" not in name
                assert name not in found
                unsigned = sum(header[:148]) + 8 * 32 + sum(header[156:])
                assert unsigned == int(header[148:156].strip(b" \0"), 8), "header is damaged"
                size = int(header[124:136].strip(b" \0"), 8)
                assert size <= LARGEST
                found[name] = (file.tell(), size)
                file.seek(-(-size // 512) * 512, 1)
        return found


class Clip:
    """One clip of a dataset, by its id in the manifest."""

    def __init__(self, clip: str, entry: dict[str, Any], shard: Shard) -> None:
        self.clip, self.entry, self.shard = clip, entry, shard
        self.stored = entry.get("stored") or clip  # its name in a shard that came by merging
        columns, told = shard.frames
        self.told = next(one for one in told if one["clip"] == self.stored)
        self.rows = np.flatnonzero(columns["clip"] == self.stored)
        assert list(columns["frame"][self.rows]) == list(range(entry["frames"]))
        assert list(self.rows) == list(range(self.rows[0], self.rows[0] + entry["frames"])), "clip by clip"
        self.real = entry["real"]
        assert self.told["frames"] == entry["frames"]
        assert self.told["labels"] == entry["labels"]
        assert self.told["real"] == entry["real"]
        self.labels = {int(number): label for number, label in entry["labels"].items()}

    @property
    def record(self) -> dict[str, Any]:
        told = self.told
        data = self.shard.bytes_at(told["record_offset"], told["record_size"], told["record_crc32"])
        record = json.loads(data)
        assert told["picture"] == [record["spec"]["film"]["width"], record["spec"]["film"]["height"]]
        return record  # type: ignore[no-any-return]

    def picture(self, product: str, frame: int) -> NDArray[Any]:
        image = Image.open(io.BytesIO(self.shard.member(int(self.rows[frame]), product)))
        film = self.record["spec"]["film"]
        assert image.size == (film["width"], film["height"])
        assert (image.format, image.mode) == FORMS[product.split("-")[0]], product
        return np.asarray(image)

    def extra(self, name: str, frame: int) -> bytes:
        """A product on request: an OpenEXR file, by its first four bytes."""
        data = self.shard.member(int(self.rows[frame]), name)
        assert data[:4] == b"\x76\x2f\x31\x01"
        return data

    def mask(self, frame: int, number: int) -> NDArray[np.bool_]:
        """By the mask rule half-maximum-v1; of real footage as it was drawn."""
        coverage = self.picture(f"coverage-{number}", frame).astype(np.int64)
        if self.real:
            return coverage > 0
        present = coverage.sum() / 255 >= 4
        return (2 * coverage >= coverage.max()) & present

    def measures(self, frame: int) -> dict[str, Any]:
        return json.loads(self.shard.member(int(self.rows[frame]), "measure"))  # type: ignore[no-any-return]

    def attributes(self, number: int) -> dict[str, NDArray[Any]]:
        """The columns of the objects index, frame by frame."""
        columns = self.shard.objects
        rows = np.flatnonzero((columns["clip"] == self.stored) & (columns["object_id"] == number))
        assert list(rows) == list(range(rows[0], rows[0] + self.entry["frames"])), "one slice"
        assert list(columns["frame"][rows]) == list(range(self.entry["frames"]))
        assert set(columns["label"][rows]) == {self.labels[number]}
        return {name: column[rows] for name, column in columns.items()}

    def derived(self, number: int) -> dict[str, list[Any]]:
        """The attributes that follow from pictures, worked out anew by the page's definitions (not of real footage)."""
        rows: list[dict[str, Any]] = []
        for frame in range(self.entry["frames"]):
            coverage = self.picture(f"coverage-{number}", frame) / 255
            visible = self.picture("visible", frame) == number
            amodal = self.picture(f"amodal-{number}", frame).astype(bool)
            mask = self.mask(frame, number)
            ys, xs = np.nonzero(mask)
            box = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) if mask.any() else (None,) * 4
            edge = amodal[0].any() or amodal[-1].any() or amodal[:, 0].any() or amodal[:, -1].any()
            row = {
                "visible_area": visible.sum(),
                "amodal_area": amodal.sum(),
                "mask_area": mask.sum(),
                "coverage_sum": coverage.sum(),
                "coverage_peak": coverage.max(),
                "amodal_diameter_px": 2 * np.sqrt(amodal.sum() / np.pi),
                "veil_mean": (self.picture("veil", frame) / 255)[mask].mean() if mask.any() else None,
                "truncated": edge,
                "present": coverage.sum() >= 4,
                "occlusion": 1 - visible.sum() / amodal.sum() if amodal.any() else None,
            }
            row["centroid_x"], row["centroid_y"] = _centroid(coverage)
            row["amodal_centroid_x"], row["amodal_centroid_y"] = _centroid(amodal.astype(float))
            row |= dict(zip(("box_x0", "box_y0", "box_x1", "box_y1"), box, strict=True))
            rows.append(row)
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        there = columns["present"]
        columns["entering"] = [now and not before for before, now in zip([True, *there], there, strict=False)]
        columns["leaving"] = [now and not after for now, after in zip(there, [*there[1:], True], strict=True)]
        columns["speed_px"] = _speeds(columns["amodal_centroid_x"], columns["amodal_centroid_y"])
        shutter = self.record["spec"]["film"]["shutter_degrees"] / 360
        diameters = columns["amodal_diameter_px"]
        columns["speed_diameters"] = [v and v / d for v, d in zip(columns["speed_px"], diameters, strict=True)]
        columns["blur_px"] = [v and v * shutter for v in columns["speed_px"]]
        columns["blur_diameters"] = [v and v * shutter for v in columns["speed_diameters"]]
        return columns


def _centroid(weight: NDArray[np.float64]) -> tuple[float | None, float | None]:
    if not weight.any():
        return None, None
    ys, xs = np.mgrid[: weight.shape[0], : weight.shape[1]] + 0.5
    return float((xs * weight).sum() / weight.sum()), float((ys * weight).sum() / weight.sum())


def _speeds(xs: list[float | None], ys: list[float | None]) -> list[float | None]:
    """Central differences; one-sided where the frame before or after is not there, or has nothing in view."""
    found: list[float | None] = []
    for i, x in enumerate(xs):
        around = [j for j in (i - 1, i, i + 1) if 0 <= j < len(xs) and xs[j] is not None]
        if x is None or len(around) < 2:
            found.append(None)
            continue
        a, b = around[0], around[-1]
        found.append(float(np.hypot(xs[b] - xs[a], ys[b] - ys[a])) / (b - a))  # type: ignore[operator]
    return found


FORMS = {  # file format and Pillow's mode
    "rgb": ("JPEG", "RGB"),
    "coverage": ("PNG", "L"),
    "visible": ("PNG", "P"),
    "amodal": ("PNG", "1"),
    "veil": ("PNG", "L"),
}


class Dataset:
    """A folder with a manifest."""

    def __init__(self, root: Path) -> None:
        self.manifest = json.loads((root / "manifest.json").read_text(encoding="utf-8"))
        if self.manifest["schema_version"] != 1:
            raise ValueError(f"{root}: schema version {self.manifest['schema_version']}")
        assert self.manifest["mask_rule"] == "half-maximum-v1"
        self.shards = {entry["name"]: Shard(root / "shards", entry) for entry in self.manifest["shards"]}
        self.clips = {
            clip: Clip(clip, entry, self.shards[entry["shard"]]) for clip, entry in self.manifest["clips"].items()
        }

    def check(self) -> None:
        """What the page says of the manifest, the files, and what one says of the other."""
        listed = [clip for split in ("train", "val", "test") for clip in self.manifest["splits"][split]]
        assert sorted(listed) == sorted(self.clips), "every clip is in exactly one split"
        for name, shard in self.shards.items():
            shard.check()
            clips = [clip for clip in self.clips.values() if clip.entry["shard"] == name]
            assert shard.entry["clips"] == len(clips) == len(shard.frames[1])
            assert shard.entry["frames"] == sum(clip.entry["frames"] for clip in clips)
            self._check_members(shard, clips)
        licences = {(one["asset"], one["sha256"]) for one in self.manifest["licences"]}
        for clip in self.clips.values():
            assert {(one["asset"], one["sha256"]) for one in clip.record["licences"]} <= licences

    @staticmethod
    def _check_members(shard: Shard, clips: list[Clip]) -> None:
        """Index and tar name the same members in the same places; a clip's stand together, its record first."""
        columns, told = shard.frames
        indexed: dict[str, tuple[int, int]] = {}
        for one in told:
            indexed[f"{one['clip']}.json"] = (one["record_offset"], one["record_size"])
        endings = {"rgb": "rgb.jpg", "visible": "visible.png", "veil": "veil.png", "measure": "json"}
        for column in columns:
            product, _, part = column.partition(".")
            if part != "size":
                continue
            ending = endings.get(product) or (f"{product}.png" if "-" in product else f"{product}.exr")
            for row in np.flatnonzero(columns[column]):
                name = f"{columns['clip'][row]}.{columns['frame'][row]:04d}.{ending}"
                indexed[name] = (int(columns[f"{product}.offset"][row]), int(columns[column][row]))
        members = shard.walk()
        assert members == indexed
        order = [name.split(".")[0] for name in members]
        assert [one["clip"] for one in told] == list(dict.fromkeys(order)), "stored order"
        starts = [i for i, clip in enumerate(order) if i == 0 or order[i - 1] != clip]
        assert len(starts) == len(told), "members of a clip stand together"
        assert [list(members)[i] for i in starts] == [f"{one['clip']}.json" for one in told], "the record first"


def digest(array: NDArray[Any]) -> str:
    form = repr((array.shape, array.dtype.str)).encode()
    return hashlib.sha256(form + np.ascontiguousarray(array).tobytes()).hexdigest()


def report(data: Dataset) -> dict[str, Any]:
    """All that was read, for comparison: arrays by their digests."""
    told: dict[str, Any] = {"splits": data.manifest["splits"], "clips": {}}
    for name, clip in data.clips.items():
        frames = []
        for frame in range(clip.entry["frames"]):
            products = {p: digest(clip.picture(p, frame)) for p in ("rgb", "visible")}
            for number in clip.labels:
                products[f"coverage-{number}"] = digest(clip.picture(f"coverage-{number}", frame))
                products[f"mask-{number}"] = digest(clip.mask(frame, number))
                if not clip.real:
                    products[f"amodal-{number}"] = digest(clip.picture(f"amodal-{number}", frame))
            if not clip.real:
                products["veil"] = digest(clip.picture("veil", frame))
            extras = {name: zlib.crc32(clip.extra(name, frame)) for name in clip.told["extras"]}
            mean = float(clip.picture("rgb", frame).mean())
            told_of = {"rgb_mean": mean, "extras": extras, "measures": clip.measures(frame)}
            frames.append({"products": products, **told_of})
        told["clips"][name] = {
            "record": clip.record,
            "labels": clip.labels,
            "frames": frames,
            "attributes": {
                number: {key: _plain(column) for key, column in clip.attributes(number).items()}
                for number in clip.labels
            },
            "derived": {} if clip.real else {number: clip.derived(number) for number in clip.labels},
        }
    told["modules"] = sorted({name.split(".")[0] for name in sys.modules})
    return told


def _plain(column: NDArray[Any]) -> list[Any]:
    """Values as JSON has them; null where a thing could not be measured."""
    return [None if isinstance(value, float) and np.isnan(value) else value for value in column.tolist()]


if __name__ == "__main__":
    dataset = Dataset(Path(sys.argv[1]))
    dataset.check()
    json.dump(report(dataset), sys.stdout, default=lambda scalar: scalar.item())
