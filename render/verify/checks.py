"""What must hold within one frame and one clip of a dataset: pictures and measures against each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..frames.measure import FrameMeasure, ObjectMeasure, link, measure, measure_real
from ..motion import position
from ..optics import project
from ..products import Product
from ..spec import ClipSpec, Film, RealClip

Products = Mapping[tuple[Product, int | None], NDArray[np.generic]]
STILL_PX = 1.0
"""A target that blurs over fewer pixels than this must cover about as much as its sharp matte shows."""


def frame_problems(products: Products, stated: FrameMeasure, film: Film) -> Iterator[str]:
    """What is wrong with one frame, given its decoded products and the measures stored with it, a line each."""
    size = (film.height, film.width)
    wrong = [name(key) for key, picture in products.items() if picture.shape[:2] != size]
    if wrong:
        yield f"{', '.join(wrong)}: not {film.width} x {film.height} pixels"
        return
    yield from _geometry_problems(products)
    ids = [i for product, i in products if product is Product.AMODAL and i is not None]
    visible = products[Product.VISIBLE, None]
    strange = sorted(set(np.unique(visible).tolist()) - {0, *ids})
    if strange:
        yield f"visible: holds the ids {strange}, which no target has"
    for i in ids:
        outside = int(((visible == i) & ~products[Product.AMODAL, i].astype(np.bool_)).sum())
        if outside:
            yield f"visible: object {i} is seen at {outside} pixels where its amodal matte is empty"
    charge = {one.object_id: one.charge for one in stated.objects}
    if sorted(charge) != sorted(ids):
        yield f"measure: is of the objects {sorted(charge)}, the pictures of {sorted(ids)}"
        return
    found = measure(stated.frame, products, charge)
    for ours, theirs in zip(found.objects, stated.objects, strict=True):
        for key in ObjectMeasure.model_fields:
            if not same(getattr(ours, key), getattr(theirs, key)):
                yield f"measure: object {ours.object_id} {key} is {getattr(theirs, key)}, measured {getattr(ours, key)}"


def real_problems(products: Products, stated: FrameMeasure, spec: RealClip) -> Iterator[str]:
    """What is wrong with one frame of real footage: sizes, masks that are not one, ids, and measures."""
    film = spec.film
    wrong = [name(key) for key, picture in products.items() if picture.shape[:2] != (film.height, film.width)]
    if wrong:
        yield f"{', '.join(wrong)}: not {film.width} x {film.height} pixels"
        return
    masks = {
        i: picture.astype(np.uint8, copy=False)
        for (product, i), picture in products.items()
        if product is Product.COVERAGE and i is not None
    }
    visible = products[Product.VISIBLE, None].astype(np.uint8, copy=False)
    for i, coverage in masks.items():
        if ((coverage != 0) & (coverage != 255)).any():
            yield f"coverage: object {i} is no mask: a real clip's coverage is 0 or 255"
        if ((visible == i) & (coverage == 0)).any():
            yield f"visible: object {i} is seen where its mask is empty"
    strange = sorted(set(np.unique(visible).tolist()) - {0, *masks})
    if strange:
        yield f"visible: holds the ids {strange}, which no target has"
    if stated != measure_real(stated.frame, {i: coverage > 0 for i, coverage in masks.items()}, visible):
        yield "measure: differs from what the pictures show"


def _geometry_problems(products: Products) -> Iterator[str]:
    """Depths and normals that cannot be, where the clip has them."""
    depth, normal = products.get((Product.DEPTH, None)), products.get((Product.NORMAL, None))
    if depth is not None and not (np.asarray(depth, np.float32) > 0).all():
        yield "depth: not above 0 everywhere"
    if normal is not None:
        length = np.linalg.norm(np.asarray(normal, np.float32), axis=2)
        if not ((length == 0) | (np.abs(length - 1) < 0.01)).all():
            yield "normal: not of length 1 where there is a surface"


def coverage_problem(row: Mapping[str, Any], amodal: NDArray[np.bool_]) -> str | None:
    """Whether a hardly moving target's coverage sums to about its sharp visible area; a line if not.

    The two may differ along the outline: pixel by pixel there, and by what is seen through the pixel filter.
    """
    blur = row["blur_px"]
    if blur is None or blur >= STILL_PX:
        return None
    allowed = 8 + outline(amodal) + 0.25 * row["visible_area"]
    if abs(row["coverage_sum"] - row["visible_area"]) <= allowed:
        return None
    return f"coverage: object {row['object_id']} sums to {row['coverage_sum']:.0f} px, visible {row['visible_area']} px"


def outline(matte: NDArray[np.bool_]) -> int:
    """Length of a matte's outline in pixel edges."""
    padded = np.pad(matte, 1).astype(np.int8)
    return int(np.abs(np.diff(padded, axis=0)).sum() + np.abs(np.diff(padded, axis=1)).sum())


def attribute_problems(
    measures: Sequence[FrameMeasure], spec: ClipSpec | RealClip, stated: Mapping[int, Mapping[str, NDArray[Any]]]
) -> Iterator[tuple[int, str]]:
    """Frame and line for every attribute in the index (`stated`: columns by object id) that the measures contradict."""
    for row in link(measures, spec.film):
        frame, object_id = int(row["frame"] or 0), int(row["object_id"] or 0)
        for key, value in row.items():
            if key in ("frame", "object_id"):
                continue
            held = stated[object_id][key][frame].item()
            held = None if isinstance(held, float) and math.isnan(held) else held
            if not same(value, held):
                yield frame, f"index: object {object_id} {key} is {held}, measured {value}"


def same(a: Any, b: Any) -> bool:
    """Equal; numbers to one part in 10^9."""
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    return bool(a == b)


BLACK, WHITE = 6, 249
"""8-bit levels below, above which a pixel holds no picture."""
LOST = 0.995
"""Share of such pixels at which a frame counts as black or blown out."""
JUMP_PX, JUMP_DIAMETERS = 6.0, 1.5
"""How far a target may be seen from where its curve projects to: the prop's grip is not its middle."""
WARPED = 0.8
"""Least share of a target's pixels that must land on its next matte when moved by the flow."""
MANY_PX = 100


def picture_problem(rgb: NDArray[np.uint8]) -> str | None:
    """Whether a frame (H, W, 3) is black or blown out; a line if so."""
    brightest = rgb.max(axis=2)
    if float((brightest <= BLACK).mean()) > LOST:
        return "rgb: the picture is black"
    if float((rgb.min(axis=2) >= WHITE).mean()) > LOST:
        return "rgb: the picture is blown out"
    return None


def frozen_problem(before: bytes, after: bytes, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Whether two frames' encoded pictures are the same although a target moves; a line if so."""
    moving = any((row["speed_px"] or 0.0) > 1.0 and row["present"] for row in rows)
    return "rgb: the same picture as the frame before, although a target moves" if moving and before == after else None


def identity_problems(measured: FrameMeasure, spec: ClipSpec) -> Iterator[str]:
    """A line for each target that is not seen where its curve passes, but where another target's does.

    The curve's point is the prop's grip, its matte's centroid some way off: what counts is that another target's curve
    fits, and its own does not.
    """
    time = [measured.frame / spec.film.fps]
    places = {t.object_id: project(spec.camera, spec.film, time, position(t.curve, time))[0][0] for t in spec.targets}
    for one in measured.objects:
        if one.amodal_centroid is None or one.amodal_diameter_px is None or one.truncated:
            continue
        allowed = JUMP_PX + JUMP_DIAMETERS * one.amodal_diameter_px
        away = {i: math.dist(one.amodal_centroid, place) for i, place in places.items()}
        nearest = min(away, key=away.__getitem__)
        if away[one.object_id] > allowed and nearest != one.object_id and away[nearest] < allowed:
            yield f"amodal: object {one.object_id} is seen where object {nearest} passes; their ids were swapped"


def flow_problem(
    before: NDArray[np.bool_], flow: NDArray[np.floating[Any]], after: NDArray[np.bool_], object_id: int
) -> str | None:
    """Whether what is seen of a target, `before` (H, W), moved by `flow` (H, W, 2), misses its next amodal matte.

    Too little to compare at whole pixels, and what leaves the frame, passes.
    """
    height, width = before.shape
    if before.sum() < MANY_PX or after.sum() < MANY_PX:
        return None
    y, x = np.nonzero(before)
    moved = np.rint(np.stack([x, y]) + np.moveaxis(flow[y, x], -1, 0)).astype(int)
    inside = (moved[0] >= 0) & (moved[0] < width) & (moved[1] >= 0) & (moved[1] < height)
    if inside.sum() < MANY_PX:
        return None
    hit = float(after[moved[1][inside], moved[0][inside]].mean())
    if hit >= WARPED:
        return None
    return f"flow: object {object_id}, moved by it, meets {hit:.0%} of its next matte"


def name(key: tuple[Product, int | None]) -> str:
    """`coverage-1`, `rgb`."""
    return str(key[0]) if key[1] is None else f"{key[0]}-{key[1]}"
