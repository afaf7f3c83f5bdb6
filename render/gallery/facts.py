"""What a clip is, in words and numbers: from its spec as stored, and from its measured attributes.

The spec is read leniently, key by key, so that a dataset of any schema version can be looked at: what a spec does not
say is not shown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..manifest import Dataset

HIDDEN = 0.95
"""From this occlusion on, a target counts as hidden."""

FACETS = {
    "split": "split",
    "label": "prop",
    "asset": "asset",
    "finish": "finish",
    "motion": "motion",
    "move": "camera",
    "set": "set",
    "time": "time of day",
    "effects": "effects",
    "extras": "extras",
    "look": "look",
    "twin": "twin without",
}
"""What clips can be filtered by, and how it is called on the page. A clip may have several values of one facet."""

NUMBERS = {
    "occlusion": ("occlusion", "%", "mean share of the target that is hidden"),
    "hidden": ("hidden", "%", "share of the frames in which the target is absent or at least 95 % hidden"),
    "speed": ("speed", "", "diameters a frame, exceeded in a tenth of the frames"),
    "blur": ("blur", "", "diameters, exceeded in a tenth of the frames"),
    "veil": ("veil", "%", "mean share of the target's light that is effects'"),
    "area": ("area", "%", "median share of the frame that the target's mask takes"),
}
"""Difficulty of a clip (of several targets, the hardest): name on the page, unit, what it says."""


@dataclass(frozen=True)
class Track:
    """One target: its words, and its measures over the frames (float64 (F,), NaN where not defined)."""

    object_id: int
    label: str
    asset: str
    finish: str
    motion: str
    present: NDArray[np.bool_]
    occlusion: NDArray[np.float64]
    speed: NDArray[np.float64]
    blur: NDArray[np.float64]
    veil: NDArray[np.float64]
    charge: NDArray[np.float64]
    area: NDArray[np.float64]
    """Share of the frame that the mask takes."""


@dataclass(frozen=True)
class ClipFacts:
    """One clip. `facets` by key of FACETS, `numbers` by key of NUMBERS (None where nothing can be measured)."""

    clip: str
    split: str
    frames: int
    tracks: tuple[Track, ...]
    facets: dict[str, tuple[str, ...]]
    numbers: dict[str, float | None]
    details: tuple[tuple[str, str], ...]


def read(data: Dataset, clip: str, split: str) -> ClipFacts:
    """Everything that the page says of one clip."""
    spec = data.spec(clip)
    film = _dict(spec, "film")
    pixels = max(_number(film, "width") or 0, 1) * max(_number(film, "height") or 0, 1)
    told = {target.get("object_id"): target for target in _dicts(spec, "targets")}
    tracks = tuple(
        _track(data, clip, object_id, told.get(object_id, {}), int(pixels)) for object_id in data.objects(clip)
    )
    return ClipFacts(
        clip=clip,
        split=split,
        frames=data.frame_count(clip),
        tracks=tracks,
        facets=_facets(spec, split, tracks),
        numbers=_difficulty(tracks),
        details=_details(spec, data.frame_count(clip)),
    )


def _track(data: Dataset, clip: str, object_id: int, told: dict[str, Any], pixels: int) -> Track:
    columns = data.attributes(clip, object_id)

    def numbers(name: str) -> NDArray[np.float64]:
        return np.asarray(columns[name], np.float64)

    return Track(
        object_id=object_id,
        label=data.label(clip, object_id),
        asset=_text(told, "asset"),
        finish=_text(told, "finish"),
        motion=_text(told, "motion") or _text(_dict(told, "curve"), "kind"),
        present=np.asarray(columns["present"], np.bool_),
        occlusion=numbers("occlusion"),
        speed=numbers("speed_diameters"),
        blur=numbers("blur_diameters"),
        veil=numbers("veil_mean"),
        charge=numbers("charge"),
        area=numbers("mask_area") / pixels,
    )


def _difficulty(tracks: tuple[Track, ...]) -> dict[str, float | None]:
    """By key of NUMBERS, in the units shown (percent, diameters)."""
    each: dict[str, list[float | None]] = {
        "occlusion": [_mean(100 * t.occlusion) for t in tracks],
        "hidden": [100 * float((~t.present | (t.occlusion >= HIDDEN)).mean()) for t in tracks],
        "speed": [_tenth(t.speed) for t in tracks],
        "blur": [_tenth(t.blur) for t in tracks],
        "veil": [_mean(100 * t.veil[t.present]) for t in tracks],
        "area": [_median(100 * t.area[t.present]) for t in tracks],
    }
    found: dict[str, float | None] = {}
    for name, values in each.items():
        known = [value for value in values if value is not None]
        hardest = min if name == "area" else max
        found[name] = round(hardest(known), 3) if known else None
    return found


def _facets(spec: dict[str, Any], split: str, tracks: tuple[Track, ...]) -> dict[str, tuple[str, ...]]:
    stage, look = _dict(spec, "stage"), _dict(spec, "look")
    roles = [_text(extra, "role") for extra in (*_dicts(spec, "extras"), *_dicts(spec, "occluders"))]
    found: dict[str, list[str]] = {
        "split": [split],
        "label": [track.label for track in tracks],
        "asset": [track.asset for track in tracks],
        "finish": [track.finish for track in tracks],
        "motion": [track.motion for track in tracks],
        "move": [_text(_dict(spec, "camera"), "move")],
        "set": [_text(stage, "set")],
        "time": [_text(stage, "time_of_day")],
        "effects": [_text(effect, "kind") for effect in _dicts(spec, "effects")] or ["none"],
        "extras": [role or "occluder" for role in roles] or ["none"],
        "look": [part for part in ("grain", "vignette", "fringe", "drift", "quality") if look.get(part)] or ["clean"],
        "twin": [_text(spec, "twin_factor")],
    }
    return {key: tuple(dict.fromkeys(value for value in values if value)) for key, values in found.items()}


def _details(spec: dict[str, Any], frames: int) -> tuple[tuple[str, str], ...]:
    """What the card says when it is opened: name and text, in this order."""
    film, stage, camera, look = (_dict(spec, key) for key in ("film", "stage", "camera", "look"))
    lens = _dict(camera, "lens")
    zoom = [_figure(key, "focal_mm") for key in _dicts(camera, "zoom")]
    optics = [" to ".join(zoom) if zoom else _figure(camera, "focal_mm"), "mm"]
    optics += [f"f/{_figure(lens, 'f_stop')}"] if lens.get("f_stop") else []
    optics += [f"distortion {_figure(lens, 'k1')}"] if lens.get("k1") else []
    shot = [f"{_figure(film, 'width')} x {_figure(film, 'height')}", f"{frames} frames at {_figure(film, 'fps')}/s"]
    shot += [f"shutter {_figure(film, 'shutter_degrees')}°", f"{_figure(film, 'samples')} samples"]
    shot += [f"rolling shutter {_figure(film, 'readout')}"] if film.get("readout") else []
    light = [_text(stage, "hdri"), _text(stage, "time_of_day"), "flicker" if stage.get("flicker") else ""]
    extras = [" ".join(filter(None, (_text(e, "role"), _text(e, "asset")))) for e in _dicts(spec, "extras")]
    extras += [_text(e, "asset") for e in _dicts(spec, "occluders")]
    parts = [f"{name} {_figure(look, name)}" for name in ("grain", "vignette", "fringe", "drift") if look.get(name)]
    parts += [f"codec q{_figure(look, 'quality')}"] if look.get("quality") else []
    found = {
        "film": ", ".join(shot),
        "camera": ", ".join(filter(None, (_text(camera, "move"), " ".join(optics)))),
        "light": ", ".join(filter(None, light)),
        "extras": ", ".join(extras),
        "look": ", ".join((_text(film, "view_transform"), *parts)),
        "twin": f"of {_text(spec, 'twin_of')}, without {_text(spec, 'twin_factor')}" if spec.get("twin_of") else "",
        "seed": _figure(spec, "seed"),
    }
    return tuple((name, text) for name, text in found.items() if text)


def _mean(values: NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def _median(values: NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if known.size else None


def _tenth(values: NDArray[np.float64]) -> float | None:
    """What a tenth of the values exceed."""
    known = values[~np.isnan(values)]
    return float(np.quantile(known, 0.9)) if known.size else None


def _dict(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _dicts(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = document.get(key)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _text(document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    return value if isinstance(value, str) else ""


def _number(document: dict[str, Any], key: str) -> float | None:
    value = document.get(key)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _figure(document: dict[str, Any], key: str) -> str:
    """A number in at most three digits behind the point; `?` for anything else."""
    value = _number(document, key)
    return "?" if value is None else f"{round(value, 3):.12g}"
