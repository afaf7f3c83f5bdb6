"""Attributes of every object in every frame, measured from the products and never copied from the spec."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..document import Document
from ..mask import PRESENT_PIXELS, binary_mask
from ..products import Product
from ..spec import Film, RealFilm

Point = tuple[float, float]
Products = Mapping[tuple[Product, int | None], NDArray[np.generic]]


class ObjectMeasure(Document):
    """One object in one frame. Pixels; x right, y down, pixel centres at half-integers.

    `coverage_*` and `centroid` weigh by soft coverage; `box` is (x0, y0, x1, y1), half-open, of the mask;
    `amodal_diameter_px` that of the circle of equal area; `charge` the share of the object's light that it emits
    itself; `truncated` whether the unoccluded object touches the edge of the frame. What can't be known of real footage
    is None.
    """

    object_id: int
    visible_area: int
    amodal_area: int | None
    coverage_sum: float
    coverage_peak: float
    mask_area: int
    centroid: Point | None
    amodal_centroid: Point | None
    amodal_diameter_px: float | None
    box: tuple[int, int, int, int] | None
    veil_mean: float | None
    charge: float | None
    truncated: bool | None


class FrameMeasure(Document):
    """All objects of one frame, in ascending order of their ids."""

    frame: int
    objects: tuple[ObjectMeasure, ...]


def measure(frame: int, products: Products, charge: Mapping[int, float | None]) -> FrameMeasure:
    """Measure one frame.

    `products` holds, by (product, object id): coverage uint8 (H, W), 255 = 1; visible uint8 ids; amodal bool; veil
    uint8, 255 = 1. `charge` is the share of its light that each object emits itself.
    """
    return FrameMeasure(frame=frame, objects=tuple(_object(i, products, charge[i]) for i in sorted(charge)))


def _object(object_id: int, products: Products, charge: float | None) -> ObjectMeasure:
    coverage = products[Product.COVERAGE, object_id].astype(np.uint8, copy=False)
    amodal = products[Product.AMODAL, object_id].astype(np.bool_, copy=False)
    mask = binary_mask(coverage)
    veil = products[Product.VEIL, None][mask]
    edge = np.concatenate([amodal[0], amodal[-1], amodal[:, 0], amodal[:, -1]])
    return ObjectMeasure(
        object_id=object_id,
        visible_area=int((products[Product.VISIBLE, None] == object_id).sum()),
        amodal_area=int(amodal.sum()),
        coverage_sum=int(coverage.sum(dtype=np.int64)) / 255,
        coverage_peak=int(coverage.max()) / 255,
        mask_area=int(mask.sum()),
        centroid=_centroid(coverage),
        amodal_centroid=_centroid(amodal),
        amodal_diameter_px=2 * math.sqrt(int(amodal.sum()) / math.pi),
        box=_box(mask),
        veil_mean=int(veil.sum(dtype=np.int64)) / 255 / veil.size if veil.size else None,
        charge=charge,
        truncated=bool(edge.any()),
    )


def measure_real(frame: int, masks: Mapping[int, NDArray[np.bool_]], visible_HW: NDArray[np.uint8]) -> FrameMeasure:
    """Measure a frame of real footage, of which masks by object id, bool (H, W), are known, and nothing behind them."""
    return FrameMeasure(frame=frame, objects=tuple(_real(i, masks[i], visible_HW) for i in sorted(masks)))


def _real(object_id: int, mask: NDArray[np.bool_], visible: NDArray[np.uint8]) -> ObjectMeasure:
    return ObjectMeasure(
        object_id=object_id,
        visible_area=int((visible == object_id).sum()),
        amodal_area=None,
        coverage_sum=float(mask.sum()),
        coverage_peak=float(mask.any()),
        mask_area=int(mask.sum()),
        centroid=_centroid(mask),
        amodal_centroid=None,
        amodal_diameter_px=None,
        box=_box(mask),
        veil_mean=None,
        charge=None,
        truncated=None,
    )


def _centroid(weight_HW: NDArray[np.generic]) -> Point | None:
    """Weighted mean of the pixel centres, (x, y); None where there is no weight."""
    weight = weight_HW.astype(np.int64)
    total = int(weight.sum())
    if total == 0:
        return None
    height, width = weight.shape
    x = float(weight.sum(axis=0) @ (np.arange(width) + 0.5)) / total
    y = float(weight.sum(axis=1) @ (np.arange(height) + 0.5)) / total
    return x, y


def _box(mask_HW: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """Half-open box (x0, y0, x1, y1) around a mask; None for an empty one."""
    columns, rows = np.flatnonzero(mask_HW.any(axis=0)), np.flatnonzero(mask_HW.any(axis=1))
    if not columns.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


Cell = float | int | bool | None

COLUMNS: dict[str, type] = {
    "frame": int,
    "object_id": int,
    "visible_area": int,
    "amodal_area": int,
    "coverage_sum": float,
    "coverage_peak": float,
    "mask_area": int,
    "centroid_x": float,
    "centroid_y": float,
    "amodal_centroid_x": float,
    "amodal_centroid_y": float,
    "amodal_diameter_px": float,
    "box_x0": int,
    "box_y0": int,
    "box_x1": int,
    "box_y1": int,
    "veil_mean": float,
    "charge": float,
    "truncated": bool,
    "present": bool,
    "occlusion": float,
    "entering": bool,
    "leaving": bool,
    "speed_px": float,
    "speed_diameters": float,
    "blur_px": float,
    "blur_diameters": float,
}
"""Columns of the objects table and their types; where a thing cannot be measured the cell is None.

occlusion: 1 - visible / amodal area. present: by the mask rule. entering: present here and not in the frame before;
leaving: present here and not in the next. speed: of the unoccluded centroid, px (or amodal diameters) a frame, by
central differences (one-sided at the ends). blur: speed times the open share of the shutter.
"""


def link(measures: Sequence[FrameMeasure], film: Film | RealFilm) -> list[dict[str, Cell]]:
    """Rows of the objects table (keys: COLUMNS) of one clip, by frame then object, with what needs neighbours.

    `measures` are the clip's frames in order, all with the same objects. Those of real footage are present where their
    mask, as it was drawn, is not empty.
    """
    tracks = list(zip(*(frame.objects for frame in measures), strict=True))
    least = 1.0 if isinstance(film, RealFilm) else PRESENT_PIXELS
    open_share = 0.0 if isinstance(film, RealFilm) else film.shutter_degrees / 360.0
    linked = [_link_track(measures, track, open_share, least) for track in tracks]
    return [row for rows in zip(*linked, strict=True) for row in rows]


def _link_track(
    measures: Sequence[FrameMeasure], track: Sequence[ObjectMeasure], open_share: float, least: float
) -> list[dict[str, Cell]]:
    """Rows of one object, by frame; it is present where its coverage sums to at least `least` px."""
    present = [one.coverage_sum >= least for one in track]
    rows = []
    for i, (frame, one) in enumerate(zip(measures, track, strict=True)):
        speed = _speed(track, i)
        diameter = one.amodal_diameter_px
        relative = speed / diameter if speed is not None and diameter else None
        rows.append(
            {
                "frame": frame.frame,
                **_flat(one),
                "present": present[i],
                "occlusion": 1 - one.visible_area / one.amodal_area if one.amodal_area else None,
                "entering": i > 0 and present[i] and not present[i - 1],
                "leaving": i + 1 < len(track) and present[i] and not present[i + 1],
                "speed_px": speed,
                "speed_diameters": relative,
                "blur_px": None if speed is None else speed * open_share,
                "blur_diameters": None if relative is None else relative * open_share,
            }
        )
    return rows


def _speed(track: Sequence[ObjectMeasure], i: int) -> float | None:
    """Pixels a frame that the unoccluded centroid moves around frame `i`; None where it is not in view."""
    if track[i].amodal_centroid is None:
        return None
    around = [j for j in (i - 1, i, i + 1) if 0 <= j < len(track) and track[j].amodal_centroid is not None]
    first, last = track[around[0]].amodal_centroid, track[around[-1]].amodal_centroid
    if first is None or last is None or len(around) < 2:
        return None
    return math.dist(first, last) / (around[-1] - around[0])


def _flat(one: ObjectMeasure) -> dict[str, Cell]:
    """An object's own measures as table cells: points and boxes spread over columns."""
    cells: dict[str, Cell] = {}
    for name, value in one.model_dump().items():
        parts = {"centroid": "xy", "amodal_centroid": "xy", "box": ("x0", "y0", "x1", "y1")}.get(name)
        if parts is None:
            cells[name] = value
        else:
            cells |= {f"{name}_{part}": value[k] if value else None for k, part in enumerate(parts)}
    return cells
