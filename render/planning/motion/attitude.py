"""How a prop lies in a right hand."""

from __future__ import annotations

import numpy as np

from ...asset import InstalledAsset
from ...spec import Quaternion
from ..camera.shot import Floats


def held(prop: InstalledAsset, along: Floats, across: Floats) -> Quaternion:
    """Attitude of a prop in a right hand: its handle `along`, the back of the hand `across`.

    Where any side of the handle will do, the spin axis (square to it, as a hammer has it) is `across`.
    """
    asset = prop.asset
    palm = asset.handle.palm if asset.handle else None
    back = -np.asarray(palm) if palm else np.asarray(asset.spin_axis)
    handle = _unit(np.asarray(asset.handle.axis if asset.handle else (0.0, 0.0, 1.0)))
    square = next(
        side - (side @ handle) * handle
        for side in map(_unit, (back, np.eye(3)[0], np.eye(3)[1]))
        if abs(side @ handle) < 0.9
    )
    own = np.stack([np.cross(square, handle), square, handle], axis=1)
    own[:, :2] /= np.linalg.norm(own[:, :2], axis=0)
    return _quaternion(np.stack([np.cross(across, along), across, along], axis=1) @ own.T)


def _unit(way: Floats) -> Floats:
    return np.asarray(way / np.linalg.norm(way))


def _quaternion(turn: Floats) -> Quaternion:
    """The rotation of a proper orthogonal matrix (3, 3) as (w, x, y, z): Shepperd's method, J. Guidance 1 (1978)."""
    trace = float(np.trace(turn))
    weights = [trace, *(2 * float(turn[i, i]) - trace for i in range(3))]
    largest = int(np.argmax(weights))
    if largest == 0:
        parts = [1 + trace, turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]
    else:
        i, j, k = largest - 1, largest % 3, (largest + 1) % 3
        parts = [0.0] * 4
        parts[0] = turn[k, j] - turn[j, k]
        parts[1 + i] = 1 + turn[i, i] - turn[j, j] - turn[k, k]
        parts[1 + j], parts[1 + k] = turn[j, i] + turn[i, j], turn[k, i] + turn[i, k]
    unit = np.asarray(parts) / np.linalg.norm(parts)
    return float(unit[0]), float(unit[1]), float(unit[2]), float(unit[3])
