"""Foreign files, read with suspicion: nothing outside the folder, no links, no giant pictures, one line a fault."""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import ConfigDict

from ..document import Document, UserError
from ..products import Product, encode, palette

MAX_SIDE = 8192
MAX_DOCUMENT = 2 * 2**30
MAX_PICTURE = 256 * 2**20
Size = tuple[int, int]
"""Width and height."""


class Foreign(Document):
    """Base of the documents of other formats: keys that we do not know are none of our business."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, populate_by_name=True)


F = TypeVar("F", bound=Foreign)


def inside(folder: Path, name: str) -> Path:
    """The regular file `name` (a relative path with `/`) in `folder`; UserError for one that is not there, leads out of
    the folder, or passes a link."""
    parts = Path(name).parts
    if not parts or Path(name).is_absolute() or ".." in parts or "\\" in name or "\0" in name:
        raise UserError(f"{folder}: '{name}' is no path inside the folder; refused")
    path = folder
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise UserError(f"{path}: is a link; replace it with the file itself")
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    return path


def folders(folder: Path) -> list[Path]:
    """The folders in a folder, by name; UserError for links among them."""
    found = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    for path in found:
        if path.is_symlink():
            raise UserError(f"{path}: is a link; replace it with the folder itself")
    return found


def pictures(folder: Path, extensions: Iterable[str] = (".jpg", ".jpeg", ".png")) -> dict[int, Path]:
    """The pictures of a folder by the number that their names end in, ascending; UserError for other names."""
    wanted = tuple(extensions)
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in wanted and not path.name.startswith("."):
            match = re.search(r"(\d{1,9})$", path.stem)
            if match is None:
                raise UserError(f"{path}: its name does not end in a frame number")
            if int(match[1]) in found:
                raise UserError(f"{path}: frame {int(match[1])} is also in '{found[int(match[1])].name}'")
            found[int(match[1])] = inside(folder, path.name)
    return dict(sorted(found.items()))


def read_json(path: Path) -> Any:
    """A JSON file; UserError for anything else."""
    if path.stat().st_size > MAX_DOCUMENT:
        raise UserError(f"{path}: larger than {MAX_DOCUMENT} bytes; split it")
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise UserError(f"{path}: not valid JSON: {reason}") from None


def parse(model: type[F], path: Path) -> F:
    """A JSON file as a document."""
    return model.parse(read_json(path), str(path))


def size_of(path: Path) -> Size:
    """Width and height of a picture, from its header."""
    return _open(path, _bytes(path)).size


def read_jpeg(path: Path, size: Size) -> bytes:
    """A picture as RGB JPEG: its own bytes where it is one, else encoded as rendered frames are.

    UserError for a damaged picture, one of another size, and one that is stored turned.
    """
    data = _bytes(path)
    with _open(path, data) as image:
        _check_size(path, image.size, size)
        try:
            image.load()
            turned = image.getexif().get(0x0112, 1) != 1
            if image.format == "JPEG" and image.mode == "RGB" and not turned:
                return data
            if turned:
                raise UserError(f"{path}: is stored turned (EXIF orientation); save it upright first")
            return encode(Product.RGB, np.asarray(image.convert("RGB")))
        except (OSError, ValueError, SyntaxError) as error:
            raise UserError(f"{path}: a damaged picture: {error}") from None


def read_index(path: Path, size: Size) -> NDArray[np.uint8]:
    """A mask picture as object ids, uint8 (H, W): palette or grey values; pure black and white is object 1.

    255 of a picture with other ids is void (DAVIS), and counts as background. UserError for a colour picture.
    """
    data = _bytes(path)
    with _open(path, data) as image:
        _check_size(path, image.size, size)
        if image.mode not in ("P", "L", "1"):
            raise UserError(
                f"{path}: is a colour picture ({image.mode}), not one of object ids; save it with a palette"
            )
        try:
            ids = np.array(image).astype(np.uint8)
        except (OSError, ValueError, SyntaxError) as error:
            raise UserError(f"{path}: a damaged picture: {error}") from None
    values = ids_in(ids)
    if image.mode != "P" and values <= {0, 255}:
        return (ids > 0).astype(np.uint8)
    ids[ids == 255] = 0
    return ids


def ids_in(ids: NDArray[np.uint8]) -> set[int]:
    """The values that occur in a picture of object ids."""
    return set(np.flatnonzero(np.bincount(ids.ravel(), minlength=256)).tolist())


def read_colours(path: Path, size: Size) -> NDArray[np.uint8]:
    """A picture as colours, uint8 (H, W, 3)."""
    data = _bytes(path)
    with _open(path, data) as image:
        _check_size(path, image.size, size)
        try:
            return np.asarray(image.convert("RGB"))
        except (OSError, ValueError, SyntaxError) as error:
            raise UserError(f"{path}: a damaged picture: {error}") from None


def index_png(ids: NDArray[np.uint8]) -> bytes:
    """Object ids, uint8 (H, W), as a palette PNG in DAVIS's colours."""
    return encode(Product.VISIBLE, ids)


def mask_png(mask: NDArray[np.bool_]) -> bytes:
    """A mask, bool (H, W), as a 1-bit PNG."""
    return encode(Product.AMODAL, mask)


def write(path: Path, data: bytes | str) -> None:
    """Write a file of an export (which becomes visible as a whole, later), with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def write_json(path: Path, data: Any) -> None:
    """Write a JSON file, without spaces."""
    write(path, json.dumps(data, separators=(",", ":"), allow_nan=False) + "\n")


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > MAX_PICTURE:
        raise UserError(f"{path}: larger than {MAX_PICTURE} bytes; not a frame")
    return path.read_bytes()


def _open(path: Path, data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # what is too large is refused below
            image = Image.open(io.BytesIO(data), formats=["JPEG", "PNG"])
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise UserError(f"{path}: not a JPEG or PNG picture that can be read") from None
    if max(image.size) > MAX_SIDE:
        raise UserError(f"{path}: {image.width} x {image.height} pixels; at most {MAX_SIDE} x {MAX_SIDE}")
    return image


def _check_size(path: Path, found: Size, wanted: Size) -> None:
    if found != wanted:
        raise UserError(
            f"{path}: {found[0]} x {found[1]} pixels, {wanted[0]} x {wanted[1]} expected; "
            "a clip's frames and masks have one size"
        )


__all__ = [
    "Foreign", "folders", "index_png", "inside", "mask_png", "palette", "parse", "pictures",
    "read_colours", "read_index", "read_jpeg", "read_json", "size_of", "write", "write_json",
]  # fmt: skip
