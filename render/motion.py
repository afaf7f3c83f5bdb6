"""Where things are at any time: curves, spin and charge of a clip spec, evaluated in closed form (NumPy only)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .spec import (
    Arc,
    Ballistic,
    ChargeKey,
    Circular,
    Curve,
    Hermite,
    Keys,
    Linear,
    Return,
    Spin,
    Still,
    Sum,
    Turn,
    Waves,
)

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
        case Ballistic(start=start, velocity=velocity, gravity=gravity):
            return np.asarray(start) + np.asarray(velocity) * t_N1 + 0.5 * np.asarray(gravity) * t_N1**2
        case Arc(pivot=pivot, arm=arm, turn=turn):
            return np.asarray(pivot) + rotate(turned_by(turn, t_N1[:, 0]), np.asarray(arm, np.float64))
        case Keys():
            return _catmull_rom(np.asarray(curve.times), np.asarray(curve.points), t_N1[:, 0])
        case Hermite():
            times, points, velocities = (
                np.asarray(a, np.float64) for a in (curve.times, curve.points, curve.velocities)
            )
            inside_N = np.clip(t_N1[:, 0], times[0], times[-1])
            beyond_N1 = t_N1 - inside_N[:, None]  # straight on, before the first key and after the last
            end_velocity_N3 = np.where(beyond_N1 < 0, velocities[0], velocities[-1])
            return _hermite(times, points, velocities, inside_N) + beyond_N1 * end_velocity_N3
        case Waves(waves=waves):
            swings = [np.asarray(w.amplitude) * np.sin(w.rate * t_N1 + w.phase) for w in waves]
            return np.asarray(sum(swings, np.zeros((len(t_N1), 3))))
        case Sum(parts=parts):
            return np.asarray(sum(position(part, times) for part in parts))


def orientation(spin: Spin, times: ArrayLike) -> Floats:
    """Unit quaternions (w, x, y, z), float64 (N, 4), prop to world, at `times` in seconds (N,)."""
    base = np.asarray(spin.base, np.float64)
    set_up_N4 = quaternion_product(base / np.linalg.norm(base), turned_by(spin.body, times))
    return set_up_N4 if spin.world is None else quaternion_product(turned_by(spin.world, times), set_up_N4)


def turned_by(turn: Turn, times: ArrayLike) -> Floats:
    """The rotation of a turn at `times` in seconds (N,): unit quaternions (w, x, y, z), float64 (N, 4)."""
    half_N = 0.5 * angle(turn, times)
    axis = np.asarray(turn.axis, np.float64)
    axis = axis / np.linalg.norm(axis)
    return np.concatenate([np.cos(half_N)[:, None], np.sin(half_N)[:, None] * axis], axis=1)


def angle(turn: Turn, times: ArrayLike) -> Floats:
    """Angle of a turn in radians, float64 (N,), at `times` in seconds (N,): the integral of its rate from time 0."""
    t_N = np.atleast_1d(np.asarray(times, np.float64))
    if len(turn.times) == 1:  # steady
        return np.asarray(turn.rates[0] * (t_N - turn.times[0]) + turn.rates[0] * turn.times[0])
    keys_K, rates_K = np.asarray(turn.times, np.float64), np.asarray(turn.rates, np.float64)
    at_keys_K = np.concatenate([[0.0], np.cumsum(np.diff(keys_K) * (rates_K[1:] + rates_K[:-1]) / 2)])

    def since_first_key(t_N: Floats) -> Floats:
        i_N = np.clip(np.searchsorted(keys_K, t_N, side="right") - 1, 0, len(keys_K) - 1)
        rate_N = np.interp(t_N, keys_K, rates_K)
        mean_N = np.where(t_N < keys_K[0], rates_K[0], (rates_K[i_N] + rate_N) / 2)
        return np.asarray(at_keys_K[i_N] + mean_N * (t_N - keys_K[i_N]))

    return np.asarray(since_first_key(t_N) - since_first_key(np.zeros(1)))


def rates_of_turn(spin: Spin, times: ArrayLike) -> Floats:
    """An upper bound of how fast the attitude turns, rad/s, float64 (N,): the sum of both turns' absolute rates."""
    t_N = np.atleast_1d(np.asarray(times, np.float64))
    turns = [turn for turn in (spin.body, spin.world) if turn is not None]
    return np.asarray(sum(np.abs(np.interp(t_N, turn.times, turn.rates)) for turn in turns))


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
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    aw, ax, ay, az = (first[..., i] for i in range(4))
    bw, bx, by, bz = (second[..., i] for i in range(4))
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def rotate(quaternions: ArrayLike, vectors: ArrayLike) -> Floats:
    """Vectors (..., 3) turned by unit quaternions (w, x, y, z) (..., 4), broadcasting over leading axes."""
    q, v = np.asarray(quaternions, np.float64), np.asarray(vectors, np.float64)
    w, axis = q[..., :1], q[..., 1:]
    across = 2 * cross(axis, v)
    return np.asarray(v + w * across + cross(axis, across))


def cross(a: Floats, b: Floats) -> Floats:
    """Cross products (..., 3), broadcasting; for short arrays several times as fast as NumPy's."""
    ax, ay, az = (a[..., i] for i in range(3))
    bx, by, bz = (b[..., i] for i in range(3))
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def _catmull_rom(key_times_K: Floats, points_K3: Floats, t_N: Floats) -> Floats:
    """Cubic Hermite interpolation with non-uniform Catmull-Rom (finite-difference) tangents, clamped at the ends."""
    if len(key_times_K) == 1:
        return np.repeat(points_K3, len(t_N), axis=0)
    tangents_K3 = np.gradient(points_K3, key_times_K, axis=0, edge_order=1)
    tangents_K3[[0, -1]] = 0.0  # constant outside the keys: arrive and leave at rest, so that the curve stays C1
    return _hermite(key_times_K, points_K3, tangents_K3, np.clip(t_N, key_times_K[0], key_times_K[-1]))


def _hermite(key_times_K: Floats, points_K3: Floats, tangents_K3: Floats, t_N: Floats) -> Floats:
    """Cubic Hermite interpolation at times within the keys."""
    if len(key_times_K) == 1:
        return np.repeat(points_K3, len(t_N), axis=0)
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
