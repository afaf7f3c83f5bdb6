"""Where things are at any time: curves, spin and charge of a clip spec, evaluated in closed form (NumPy only)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .spec import ChargeKey, Circular, Curve, Keys, Linear, Return, Spin, Still

Floats = NDArray[np.float64]


def position(curve: Curve, times: ArrayLike) -> Floats:
    """Positions in metres, float64 (N, 3), at `times` in seconds (N,)."""
    t_N1 = np.atleast_1d(np.asarray(times, np.float64))[:, None]
    match curve:
        case Still(point=point):
            return np.broadcast_to(np.asarray(point, np.float64), (len(t_N1), 3)).copy()
        case Linear(start=start, velocity=velocity):
            return np.asarray(start) + np.asarray(velocity) * t_N1
        case Circular(centre=centre, u=u, v=v, phase=phase, rate=rate):
            angle_N1 = phase + rate * t_N1
            return np.asarray(centre) + np.asarray(u) * np.cos(angle_N1) + np.asarray(v) * np.sin(angle_N1)
        case Return(start=start, reach=reach, bow=bow, period=period):
            angle_N1 = np.pi * t_N1 / period
            return np.asarray(start) + np.asarray(reach) * np.sin(angle_N1) + np.asarray(bow) * np.sin(2 * angle_N1)
        case Keys():
            return _catmull_rom(np.asarray(curve.times), np.asarray(curve.points), t_N1[:, 0])


def orientation(spin: Spin, times: ArrayLike) -> Floats:
    """Unit quaternions (w, x, y, z), float64 (N, 4), prop to world, at `times` in seconds (N,)."""
    half_N = 0.5 * spin.rate * np.atleast_1d(np.asarray(times, np.float64))
    axis = np.asarray(spin.axis, np.float64)
    axis = axis / np.linalg.norm(axis)
    turn_N4 = np.concatenate([np.cos(half_N)[:, None], np.sin(half_N)[:, None] * axis], axis=1)
    base = np.asarray(spin.base, np.float64)
    return quaternion_product(base / np.linalg.norm(base), turn_N4)


def charge_level(keys: Sequence[ChargeKey], times: ArrayLike) -> Floats:
    """Charge 0..1, float64 (N,): smoothstep between keys, constant outside them, 0 where there are none."""
    t_N = np.atleast_1d(np.asarray(times, np.float64))
    if not keys:
        return np.zeros_like(t_N)
    key_times = np.array([key.time for key in keys])
    levels = np.array([key.level for key in keys])
    after_N = np.clip(np.searchsorted(key_times, t_N, side="right"), 1, max(len(keys) - 1, 1))
    if len(keys) == 1:
        return np.full_like(t_N, levels[0])
    span_N = key_times[after_N] - key_times[after_N - 1]
    x_N = np.clip((t_N - key_times[after_N - 1]) / span_N, 0, 1)
    return levels[after_N - 1] + (levels[after_N] - levels[after_N - 1]) * x_N * x_N * (3 - 2 * x_N)


def quaternion_product(a: ArrayLike, b: ArrayLike) -> Floats:
    """Hamilton product of quaternions (w, x, y, z), broadcasting over leading axes: rotate by `b`, then by `a`."""
    aw, ax, ay, az = np.moveaxis(np.asarray(a, np.float64), -1, 0)
    bw, bx, by, bz = np.moveaxis(np.asarray(b, np.float64), -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def _catmull_rom(key_times_K: Floats, points_K3: Floats, t_N: Floats) -> Floats:
    """Cubic Hermite interpolation with non-uniform Catmull-Rom (finite-difference) tangents, clamped at the ends."""
    if len(key_times_K) == 1:
        return np.repeat(points_K3, len(t_N), axis=0)
    tangents_K3 = np.gradient(points_K3, key_times_K, axis=0, edge_order=1)
    tangents_K3[[0, -1]] = 0.0  # constant outside the keys: arrive and leave at rest, so that the curve stays C1
    t_N = np.clip(t_N, key_times_K[0], key_times_K[-1])
    i_N = np.clip(np.searchsorted(key_times_K, t_N, side="right") - 1, 0, len(key_times_K) - 2)
    h_N1 = (key_times_K[i_N + 1] - key_times_K[i_N])[:, None]
    x_N1 = (t_N - key_times_K[i_N])[:, None] / h_N1
    x2, x3 = x_N1**2, x_N1**3
    return (
        (2 * x3 - 3 * x2 + 1) * points_K3[i_N]
        + (x3 - 2 * x2 + x_N1) * h_N1 * tangents_K3[i_N]
        + (3 * x2 - 2 * x3) * points_K3[i_N + 1]
        + (x3 - x2) * h_N1 * tangents_K3[i_N + 1]
    )
