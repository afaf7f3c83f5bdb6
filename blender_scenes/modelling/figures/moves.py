"""The actions of a built-in figure: standing, walking and fighting, solved for its skeleton."""

from __future__ import annotations

from math import pi, radians

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...skeleton import Poser, Skeleton, about, chained, rotation
from ..rig import RATE

Floats = NDArray[np.float64]
X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)

WALK_FRAMES, STRIDE = 26, 1.36
"""Two steps: how long they take, and how far they go in metres."""
WALK_SPEED = STRIDE * RATE / WALK_FRAMES
FIGHT_FRAMES, STAND_FRAMES, BRACE_FRAMES = 48, 96, 72
_STANCE = 0.60
"""Share of the cycle that a foot is on the ground."""


def curled(poser: Poser, side: str, amount: ArrayLike) -> None:
    """Close the fingers: 0 flat, 1 a fist."""
    amount_N = np.broadcast_to(np.asarray(amount, np.float64), poser.count)
    for number, name in enumerate(("index", "middle", "ring", "little")):
        for k, most in enumerate((72.0, 96.0, 60.0), start=1):
            poser.turns[f"{name}{k}.{side}"] = about(X, radians(most) * amount_N * (0.9 + 0.06 * number))
    for k, most in enumerate((14.0, 34.0, 44.0), start=1):
        poser.turns[f"thumb{k}.{side}"] = about(X, radians(most) * amount_N)


def stand(skeleton: Skeleton) -> Poser:
    """At ease: breathing, the weight going from one foot to the other."""
    t = 2 * pi * np.arange(STAND_FRAMES + 1) / STAND_FRAMES
    p = Poser(skeleton, len(t))
    sway, breath = np.sin(t), np.sin(2 * t)
    _trunk(p, 0.012 * sway, -0.006 + 0 * t, -0.014 + 0.002 * breath, yaw=radians(2) * sway, lean=radians(1.5) + 0 * t)
    p.turns["chest"] = about(X, radians(1.6) * breath)
    _steady_head(p, 0.03 * np.sin(t + 1), 0.12 * np.sin(t - 0.7))
    for side, sign in (("R", 1.0), ("L", -1.0)):
        _foot(p, side, sign, (sign * 0.125, -0.02 * sign, 0.0), 0 * t, radians(-9) * sign)
        _arm(p, side, sign, (sign * 0.10, 0.05, -0.525), 0.008 * sway, 0.006 * breath)
        curled(p, side, 0.28)
    return p


def walk(skeleton: Skeleton) -> Poser:
    """On the spot, at `WALK_SPEED`: the foot on the ground goes back by exactly that much."""
    phase = np.arange(WALK_FRAMES + 1) / WALK_FRAMES
    p = Poser(skeleton, len(phase))
    a = 2 * pi * phase
    rise = -0.030 + 0.018 * np.cos(2 * (a - 0.6 * pi))
    yaw = radians(6) * np.cos(a)
    _trunk(
        p,
        0.020 * np.cos(a - 0.6 * pi),
        0.0 * a,
        rise,
        yaw=yaw,
        lean=radians(4) + 0 * a,
        roll=radians(3) * np.cos(a - 0.55 * pi),
    )
    p.turns["spine"] = chained(about(Y, -1.2 * yaw), about(Z, radians(2) * np.cos(a - 0.55 * pi)))
    p.turns["chest"] = about(Y, -1.1 * yaw)
    _steady_head(p, radians(2) * np.cos(2 * a), 0 * a)
    for side, sign, shift in (("R", 1.0, 0.0), ("L", -1.0, 0.5)):
        ball, pitch = _step((phase + shift) % 1.0)
        _foot(
            p,
            side,
            sign,
            np.stack([np.full_like(ball[:, 0], sign * 0.098), *ball.T], axis=1),
            pitch,
            radians(-5) * sign,
        )
        swing = -np.cos(a + 2 * pi * shift)
        hang = rotation(about(X, radians(4) + radians(23) * swing)) @ np.array([sign * 0.085, 0.0, -0.535])
        bend = 0.035 + 0.05 * np.clip(swing, 0, 1) + 0.02
        _arm(p, side, sign, hang + np.stack([0 * a, bend, 0.5 * bend], axis=1), 0 * a, 0 * a)
        curled(p, side, 0.42)
    return p


def brace(skeleton: Skeleton) -> Poser:
    """Feet apart, knees bent, the left fist up: how it stands while its right hand swings something."""
    t = 2 * pi * np.arange(BRACE_FRAMES + 1) / BRACE_FRAMES
    p = Poser(skeleton, len(t))
    shift, breath = 0.012 * np.sin(t), 0.004 * np.sin(2 * t)
    _trunk(p, shift - 0.01, 0.02 + 0.5 * shift, -0.055 + breath, yaw=radians(-12) + 0 * t, lean=radians(3) + 0 * t)
    p.turns["chest"] = chained(about(Y, radians(6) + 0.4 * shift), about(X, radians(2) + breath))
    _steady_head(p, radians(-5) + 0 * t, 0.05 * np.sin(t))
    _foot(p, "L", -1.0, (-0.155, 0.23, 0.0), 0 * t, radians(4))
    _foot(p, "R", 1.0, (0.175, -0.16, 0.0), 0 * t - radians(3), radians(-38))
    p.reach(
        "upper_arm.L",
        "forearm.L",
        np.stack([-0.16 + shift, 0.33 + shift, 1.27 + breath], axis=1),
        (-0.7, -0.3, -0.9),
        True,
    )
    curled(p, "L", 0.85)
    _arm(p, "R", 1.0, (0.10, 0.06, -0.50), 0 * t, 0 * t)
    curled(p, "R", 0.6)
    return p


def fight(skeleton: Skeleton) -> Poser:
    """On guard, a straight left, a straight right with the hips in it, a hook, and back."""
    keys = np.array(
        [
            # time  hips x      y      z    yaw  lean   left wrist x, y, z       right wrist x, y, z
            [0.00, 0.00, -0.02, -0.10, 28, 8, -0.155, 0.330, 1.405, 0.150, 0.215, 1.390],
            [0.12, 0.00, -0.05, -0.11, 34, 6, -0.165, 0.270, 1.390, 0.160, 0.190, 1.400],
            [0.22, -0.02, 0.06, -0.12, 12, 11, -0.060, 0.660, 1.440, 0.150, 0.210, 1.400],
            [0.30, -0.02, 0.05, -0.11, 16, 10, -0.120, 0.420, 1.410, 0.160, 0.190, 1.390],
            [0.38, -0.01, 0.02, -0.12, 30, 8, -0.150, 0.320, 1.420, 0.175, 0.140, 1.370],
            [0.48, -0.03, 0.12, -0.14, -24, 14, -0.150, 0.290, 1.430, -0.030, 0.700, 1.440],
            [0.57, -0.02, 0.06, -0.12, 6, 10, -0.160, 0.310, 1.420, 0.110, 0.400, 1.400],
            [0.66, 0.02, 0.00, -0.12, 40, 8, -0.330, 0.180, 1.390, 0.150, 0.230, 1.400],
            [0.76, 0.03, 0.03, -0.14, -10, 10, 0.060, 0.440, 1.440, 0.155, 0.220, 1.410],
            [0.86, 0.01, -0.01, -0.11, 18, 8, -0.130, 0.350, 1.410, 0.155, 0.215, 1.395],
        ]
    )
    t = np.arange(FIGHT_FRAMES + 1) / FIGHT_FRAMES
    k = periodic(keys[:, 0], keys[:, 1:], t)
    bob = 0.008 * np.sin(8 * pi * t)
    p = Poser(skeleton, len(t))
    yaw = np.radians(k[:, 3])
    _trunk(p, k[:, 0], k[:, 1], k[:, 2] + bob, yaw=-0.7 * yaw, lean=np.radians(k[:, 4]) * 0.6)
    p.turns["spine"] = chained(about(Y, -0.25 * yaw), about(X, np.radians(k[:, 4]) * 0.5))
    p.turns["chest"] = chained(about(Y, -0.35 * yaw), about(X, np.radians(k[:, 4]) * 0.5))
    _steady_head(p, radians(-9) + 0 * t, 0 * t)
    heel = np.clip(-k[:, 3] / 24.0, 0, 1)
    _foot(p, "L", -1.0, (-0.135, 0.20, 0.0), 0 * t, radians(-6))
    _foot(p, "R", 1.0, (0.165, -0.22, 0.0), -radians(14) - radians(20) * heel, radians(-42) + radians(26) * heel)
    for side, sign, columns in (("L", -1.0, slice(5, 8)), ("R", 1.0, slice(8, 11))):
        upper = f"upper_arm.{side}"
        pole = np.array([sign * 0.75, -0.25, -0.9])
        p.reach(upper, f"forearm.{side}", k[:, columns], pole, forwards=True)
        # Fists: knuckles ahead, the palm between inwards and down.
        along = p.matrix(f"forearm.{side}")[:, :3, 1]
        down = np.array([-sign * 0.7, 0.0, -0.7])
        palm = down - (along @ down)[:, None] * along
        palm /= np.linalg.norm(palm, axis=1, keepdims=True)
        p.orient(f"hand.{side}", np.stack([np.cross(along, palm), along, palm], axis=2))
        curled(p, side, 1.0)
    return p


def periodic(times: Floats, values: Floats, t: Floats) -> Floats:
    """A closed C1 cubic (Catmull-Rom) of period 1 through values (K, C) at times (K,): (N, C)."""
    at = np.concatenate([times[-2:] - 1, times, times[:2] + 1])
    table = np.concatenate([values[-2:], values, values[:2]])
    slopes = np.gradient(table, at, axis=0)
    i = np.clip(np.searchsorted(at, t, side="right") - 1, 1, len(at) - 3)
    h = (at[i + 1] - at[i])[:, None]
    x = (t - at[i])[:, None] / h
    x2, x3 = x * x, x * x * x
    return np.asarray(
        (2 * x3 - 3 * x2 + 1) * table[i]
        + (x3 - 2 * x2 + x) * h * slopes[i]
        + (3 * x2 - 2 * x3) * table[i + 1]
        + (x3 - x2) * h * slopes[i + 1]
    )


def _trunk(p: Poser, x: Floats, y: Floats, z: Floats, yaw: Floats, lean: Floats, roll: Floats | None = None) -> None:
    """Place the hips (shift from rest, metres) and turn them: `yaw` left, `lean` forward, `roll` the right side up."""
    rest = p.skeleton.head("hips")
    p.place("hips", rest + np.stack([x, y, z], axis=1))
    turns = [about(Z, yaw), about(X, -lean)]
    if roll is not None:
        turns.append(about(Y, -roll))
    p.turn_from_rest("hips", chained(*turns))


def _steady_head(p: Poser, nod: Floats, look: Floats) -> None:
    """Keep the head level and ahead, whatever the trunk does; the neck takes half of it."""
    p.turn_from_rest("neck", chained(about(Z, 0.5 * look), about(X, -0.5 * nod - 0.03)))
    p.turn_from_rest("head", chained(about(Z, look), about(X, -nod)))


def _foot(p: Poser, side: str, sign: float, ball: ArrayLike, pitch: Floats, toe_out: Floats | float) -> None:
    """Stand a foot on its ball at (x, y, height above ground): `pitch` > 0 lifts the toes, < 0 the heel."""
    s = p.skeleton
    ankle, ball_rest = s.head(f"foot.{side}"), s.head(f"toe.{side}")
    turn = chained(about(Z, np.broadcast_to(toe_out, p.count)), about(X, pitch))
    at = np.broadcast_to(np.asarray(ball, np.float64), (p.count, 3)) + [0, 0, ball_rest[2]]
    at = at + np.stack([0 * pitch, 0 * pitch, 0.19 * np.sin(np.maximum(pitch, 0))], axis=1)
    goal = at + rotation(turn) @ (ankle - ball_rest)
    pole = rotation(about(Z, np.broadcast_to(toe_out, p.count))) @ np.array([0.08 * sign, 1.0, 0.0])
    p.reach(f"thigh.{side}", f"shin.{side}", goal, pole, forwards=False)
    p.turn_from_rest(f"foot.{side}", turn)
    flat = chained(about(Z, np.broadcast_to(toe_out, p.count)), about(X, np.maximum(pitch, radians(-12)) * (pitch > 0)))
    p.turn_from_rest(f"toe.{side}", flat)


def _arm(p: Poser, side: str, sign: float, wrist: ArrayLike, ahead: Floats, up: Floats) -> None:
    """Hang an arm: the wrist relative to its shoulder, in a frame that looks ahead."""
    shoulder = p.matrix(f"shoulder.{side}")
    tip = shoulder[:, :3, 3] + shoulder[:, :3, 1] * p.skeleton.lengths[p.skeleton.index(f"shoulder.{side}")]
    goal = tip + np.broadcast_to(wrist, (p.count, 3)) + np.stack([0 * ahead, ahead, up], axis=1)
    p.reach(f"upper_arm.{side}", f"forearm.{side}", goal, (sign * 0.35, -1.0, -0.1), forwards=True)


def _step(phase: Floats) -> tuple[Floats, Floats]:
    """The ball of a foot (y, height), (N, 2), and its pitch (N,) over a cycle that begins with the heel's touch."""
    front = 0.37
    back = front - STRIDE * _STANCE
    air = np.clip((phase - _STANCE) / (1 - _STANCE), 0, 1)
    h00, h10 = 2 * air**3 - 3 * air**2 + 1, air**3 - 2 * air**2 + air
    h01, h11 = 3 * air**2 - 2 * air**3, air**3 - air**2
    rate = -STRIDE * (1 - _STANCE)
    y = np.where(phase < _STANCE, front - STRIDE * phase, h00 * back + h10 * rate + h01 * front + h11 * rate)
    height = np.where(phase < _STANCE, 0.0, 0.045 * np.sin(pi * air) ** 1.5)
    keys = np.array(
        [[0.0, 20], [0.09, 0], [0.20, 0], [0.36, -2], [0.50, -22], [0.60, -44], [0.68, -56], [0.82, -8], [0.93, 18]]
    )
    pitch = np.radians(periodic(keys[:, 0], keys[:, 1:], phase)[:, 0])
    return np.stack([y, height], axis=1), np.where((phase > 0.07) & (phase < 0.3), np.clip(pitch, -0.02, 0.03), pitch)
