"""Where a clip came from: which programs made it, from which assets, under which licences."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..asset import Library
from ..document import Document, UserError
from ..spec import ClipSpec, RealClip


class AssetLicence(Document):
    """An asset that a picture shows, and on what terms it may be used."""

    asset: str
    sha256: str
    licence: str
    author: str
    source: str


class Provenance(Document):
    """What made a clip. Nothing of time or host is in it, so that a repeated render gives equal bytes."""

    generator: str
    blender: str


class ClipRecord(Document):
    """`clip-000012.json` in a shard."""

    spec: ClipSpec
    provenance: Provenance
    licences: tuple[AssetLicence, ...]


class RealRecord(Document):
    """`clip-000012.json` of real footage: `generator` names the program that imported it, and from which format."""

    spec: RealClip
    provenance: Provenance
    licences: tuple[AssetLicence, ...] = ()


Record = ClipRecord | RealRecord


def parse_record(data: Any, where: str) -> Record:
    """A clip's record, of either kind; UserError naming `where` for anything else."""
    spec = data.get("spec") if isinstance(data, dict) else None
    real = isinstance(spec, dict) and spec.get("kind") == "real"
    return RealRecord.parse(data, where) if real else ClipRecord.parse(data, where)


def generator() -> str:
    """This program and its version, e.g. `heroprop 0.1.0`."""
    return f"heroprop {_version('heroprop')}"


def blender() -> str:
    """The Blender module that renders here, e.g. `bpy 4.5.15`, without importing it."""
    return f"bpy {_version('bpy')}"


def licences(spec: ClipSpec, library: Library) -> tuple[AssetLicence, ...]:
    """Licences of every asset that a clip uses, by name. UserError where one is missing, or not as it was planned."""
    used = {(spec.stage.set, spec.stage.set_digest), (spec.stage.hdri, spec.stage.hdri_digest)}
    used |= {(target.asset, target.asset_digest) for target in spec.targets}
    used |= {(extra.asset, extra.asset_digest) for extra in spec.extras}
    found = []
    for name, digest in sorted(used):
        installed = library.get(name)
        if installed.digest != digest:
            raise UserError(f"{spec.clip}: asset '{name}' has changed since the plan was made; plan again")
        asset = installed.asset
        found.append(
            AssetLicence(asset=name, sha256=digest, licence=asset.licence, author=asset.author, source=asset.source)
        )
    return tuple(found)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"
