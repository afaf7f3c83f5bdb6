"""The base of every document that heroprop reads or writes: recipes, assets, clip specs, manifests, configs."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError


class UserError(Exception):
    """A mistake that a user can mend: shown as one line (what, where, what to do), exit code 2, no traceback."""


class Document(BaseModel):
    """A frozen, strict pydantic model: unknown keys are errors, and errors read as one line with the nearest key."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())

    @classmethod
    def parse(cls, data: Any, where: str) -> Self:
        """Validate `data`; raise UserError naming `where` (a file, `file:line`, an option) for the first problem."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise UserError(f"{where}: {_explain(cls, error)}") from None

    @classmethod
    def parse_json(cls, data: bytes, where: str) -> Self:
        """Validate JSON bytes out of a file of ours, at once; UserError naming `where` for the first problem."""
        try:
            return cls.model_validate_json(data)
        except ValueError:
            pass  # read again, slowly, to say what is wrong
        try:
            told = json.loads(data)
        except (ValueError, RecursionError):
            raise UserError(f"{where}: not valid JSON; the file is damaged") from None
        return cls.parse(told, where)

    @classmethod
    def read_toml(cls, path: Path) -> Self:
        """Read and validate a TOML file; UserError if it is missing, is not TOML, or does not fit the model."""
        try:
            data = tomllib.loads(_text(path))
        except tomllib.TOMLDecodeError as error:
            raise UserError(f"{path}: not valid TOML: {error}") from None
        return cls.parse(data, str(path))

    @classmethod
    def read_json(cls, path: Path) -> Self:
        """Read and validate a JSON file; UserError if it is missing, is not JSON, or does not fit the model."""
        try:
            data = json.loads(_text(path))
        except json.JSONDecodeError as error:
            raise UserError(f"{path}: not valid JSON: {error}") from None
        return cls.parse(data, str(path))

    def canonical(self) -> str:
        """One-line JSON with sorted keys and no spaces: equal documents give equal bytes on every machine."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON."""
        return hashlib.sha256(self.canonical().encode("utf-8")).hexdigest()


KNOWN = 50
"""So many names at most are told where none is near."""


def nearest(word: str, known: list[str]) -> str:
    """`; did you mean 'x'?` for a close match of `word` among `known`, else the list of what is known."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    shown = sorted(known)[:KNOWN]
    more = f" and {len(known) - KNOWN:,} more" if len(known) > KNOWN else ""
    return f"; known: {', '.join(shown)}{more}" if known else ""


def nearest_path(path: Path) -> str:
    """`; did you mean ...?` for a sibling of `path` with a close name, else nothing."""
    try:
        siblings = [p.name for p in path.parent.iterdir()]
    except OSError:
        return ""
    close = difflib.get_close_matches(path.name, siblings, n=1, cutoff=0.6)
    return f"; did you mean '{path.parent / close[0]}'?" if close else ""


def no_folder(path: Path, called: str = "folder") -> str:
    """What is the matter with a path that is no folder, in words; the nearest name where there is nothing at all."""
    return "is a file, not a folder" if path.exists() else f"no such {called}{nearest_path(path)}"


def write_atomic(path: Path, data: bytes | str) -> None:
    """Write a file so that it is either absent/old or complete, whatever kills us: temporary file, fsync, rename."""
    payload = data.encode("utf-8") if isinstance(data, str) else data
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = scratch_name(path)
    try:
        with temporary.open("xb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:  # say of which file: a full disk's own words name none
        with contextlib.suppress(OSError):  # where nothing can be written, nothing can be removed either
            temporary.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def scratch_name(path: Path) -> Path:
    """A name beside `path` that nobody else has, for what is to be renamed to it.

    Made with `open(…, "x")`, the file has the permissions of any new file: asking for the umask would change it for a
    moment, and two threads at that can leave it at 0.
    """
    return path.with_name(f".{path.name}.{os.urandom(6).hex()}.tmp")


def _text(path: Path) -> str:
    """A file's UTF-8 text; UserError if it is missing or cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file{nearest_path(path)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None


def _explain(model: type[BaseModel], error: ValidationError) -> str:
    """The first problem of a validation error in one line: `key.path: what is wrong; did you mean ...`."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if not str(part).startswith("("))  # "(…)": a union's own tag
    if first["type"] == "extra_forbidden":
        return f"{place}: unknown key{nearest(str(first['loc'][-1]), _keys_at(model, first['loc'][:-1]))}"
    if first["type"] == "missing":
        return f"{place}: missing"
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _keys_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Field names of the model that a validation location points into (empty where that can't be told)."""
    found: list[type[BaseModel]] = [model]
    for part in loc:
        deeper: list[type[BaseModel]] = []
        for candidate in found:
            if isinstance(part, int):
                deeper.append(candidate)
            elif part in candidate.model_fields:
                deeper += _models_in(candidate.model_fields[part].annotation)
            else:  # the tag of a discriminated union
                deeper.append(candidate)
        found = deeper
    return sorted({name for candidate in found for name in candidate.model_fields})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Every pydantic model named anywhere inside a type annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]


def sync(path: Path) -> None:
    """Make a file's bytes, or renames in a folder, outlast a power failure (where the system can be asked for it)."""
    if sys.platform != "win32":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
