"""A take: shot, way of the prop and camera, drawn together until they can be filmed at the speed that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ...asset import InstalledAsset
from ...spec import Camera, Curve, Film, Spin
from ...streams import Stream
from ..allowed import Allowed
from ..motion.course import Lay
from ..motion.motions import MotionRecipe, Wish, draw_course, draw_wish
from .cameras import CameraRecipe, draw_lens, draw_operator, frame_shot, point
from .filmable import filmable, shown_for
from .moves import MOVES
from .shot import Shot, diameter
from .speed import TOLERANCE, TRIES, Passage, passage

ATTEMPTS = 240
WISHES = 30
"""After so many attempts in vain another motion, speed and camera move are drawn."""
RAISED = {"swing": (1.15, 1.6)}
"""Heights of the action's centre above the ground, where it must be near a shoulder's."""
HEIGHTS = (0.9, 1.7)
WIDER = 1.7
"""How much wider than the frame a way is that a whip pan follows."""
UNSUITED = {
    "whip": ("hover", "swing", "summon", "toss", "reenter"),  # nothing goes out of the middle, or it goes for good
    "chase": ("approach", "reenter"),  # the prop comes at it, or gets away from it
    "crash-zoom": ("approach", "reenter", "toss"),  # already large, or out of the narrower picture
}
"""Motions that a camera move makes no sense with, where a recipe leaves a choice of moves."""

HOPELESS = 0.6
"""Below this part of the time that a prop should be in view, an attempt is given up at once."""
LESS = 0.6
"""Further props need to be in view for this part of the time that the hero is: the camera goes after the hero."""

Streams = Callable[[str, int], Stream]


@dataclass(frozen=True)
class Take:
    """What was found: the hero's curve and spin in a shot by a camera, and its passage through the picture."""

    wish: Wish
    shot: Shot
    curve: Curve
    spin: Spin
    camera: Camera
    way: Passage


def draw_take(
    motion: MotionRecipe,
    camera: CameraRecipe,
    allowed: Allowed,
    prop: InstalledAsset,
    room: InstalledAsset,
    film: Film,
    streams: Streams,
    attempt: int,
) -> Take | None:
    """The take of one attempt, or None where it can't be filmed."""
    wish_number = attempt // WISHES
    wish = draw_wish(motion, allowed, film, streams("wish", wish_number))
    move = _draw_move(camera, wish.motion, streams("move", wish_number))
    shot = frame_shot(camera, prop, room, film, RAISED.get(wish.motion, HEIGHTS), streams("camera", attempt))
    stage = shot if move != "whip" else shot.widened(WIDER)
    lay = draw_course(motion, wish.motion, prop, stage, film, streams("motion", attempt), streams("spin", attempt))
    lens = draw_lens(camera, streams("lens", 0))
    operator = draw_operator(camera, move, shot, film, lens, streams("follow", attempt))
    if wish.motion == "reenter":  # what is followed never leaves
        operator = replace(operator, follow=0.1 * operator.follow)
    pace, wanted = _first_pace(wish, shot, film), shown_for(wish.motion)
    found = at_speed(lay, wish, lambda curve: point(operator, curve), film, shot.diameter, pace, wanted)
    if found is None:
        return None
    curve, spin, shown, way = found
    return Take(wish, shot, curve, spin, shown, way) if filmable(way, wish.motion, shown, film, shot, wanted) else None


def _draw_move(camera: CameraRecipe, motion: str, stream: Stream) -> str:
    """One of the camera moves that suit the motion, if the recipe has any that do."""
    suited = [move for move in MOVES if motion not in UNSUITED.get(move, ())]
    named = camera.move.named
    return camera.move.draw(stream, suited if "any" in named or set(named) & set(suited) else list(MOVES))


def at_speed(
    lay: Lay, wish: Wish, film_it: Callable[[Curve], Camera], film: Film, across: float, pace: float, wanted: float
) -> tuple[Curve, Spin, Camera, Passage] | None:
    """Lay a way at the pace at which the prop (`across`: its diameter in m) has the typical speed asked for.

    Speed grows with pace, though not evenly: a faster prop leaves the frame, and a camera follows it less. None where
    no pace gives it within `TOLERANCE`, or it is far from being in view for the share `wanted` of the clip.
    """
    slow, fast = 0.0, float("inf")
    for _ in range(TRIES):
        curve, spin = lay(pace)
        camera = film_it(curve)
        way = passage(curve, camera, film, across)
        speed = way.typical(wish.in_px)
        if speed <= 0 or not way.seen[0] or way.seen.mean() < HOPELESS * wanted:  # its pace hardly changes that
            return None
        if abs(speed / wish.speed - 1) < TOLERANCE:
            return curve, spin, camera, way
        slow, fast = (pace, fast) if speed < wish.speed else (slow, pace)
        step = pace * min(max(wish.speed / speed, 0.2), 5.0)
        pace = step if slow < step < fast else (slow + fast) / 2 if fast < float("inf") else 2 * pace
    return None


def _first_pace(wish: Wish, shot: Shot, film: Film) -> float:
    """Metres a second that give the speed asked for at the action's centre, before a locked camera."""
    metres = wish.speed * (shot.width / film.width if wish.in_px else shot.diameter)
    return metres * film.fps


def companion(
    motion: MotionRecipe,
    allowed: Allowed,
    prop: InstalledAsset,
    take: Take,
    film: Film,
    streams: Streams,
    attempt: int,
) -> tuple[Wish, Curve, Spin, Passage] | None:
    """A way for a further prop before the camera of a take; None where this attempt can't be filmed."""
    wish = draw_wish(motion, allowed, film, streams("wish", attempt // WISHES))
    shot = take.shot.of(prop)
    lay = draw_course(motion, wish.motion, prop, shot, film, streams("motion", attempt), streams("spin", attempt))
    pace, wanted = _first_pace(wish, shot, film), LESS * shown_for(wish.motion)
    found = at_speed(lay, wish, lambda curve: take.camera, film, diameter(prop), pace, wanted)
    if found is None:
        return None
    curve, spin, _, way = found
    return (wish, curve, spin, way) if filmable(way, wish.motion, take.camera, film, shot, wanted) else None
