"""What is settled when the extras of a clip are drawn: its camera, its targets, and the room they move in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from ..asset import Library
from ..spec import Camera, Extra, Film, Target
from .allowed import Allowed
from .camera.shot import Shot
from .occlusion.bodies import Body
from .occlusion.grasp import bodies_of
from .occlusion.silhouette import Seen, Sight

MOMENTS = 48
"""At most so many moments of a clip are looked at while things are being placed."""
GRID = 12
"""Lines of sight across a target, each way, while things are being placed."""


@dataclass(frozen=True)
class Setting:
    """A clip as far as it is known: extras are added one after another."""

    allowed: Allowed
    shot: Shot
    film: Film
    camera: Camera
    targets: tuple[Target, ...]
    extras: tuple[Extra, ...] = ()

    @property
    def library(self) -> Library:
        return self.allowed.library

    @property
    def seconds(self) -> float:
        """How long the clip is."""
        return self.film.frames / self.film.fps

    @property
    def ground(self) -> float:
        """Height of the ground that the action happens over, metres."""
        return float(self.shot.box[0][2])

    def sight(self) -> Sight:
        return _sight(self.camera, self.film)

    def seen(self, target: Target) -> Seen:
        return _seen(self.body(target), self.camera, self.film)

    def body(self, thing: Target | Extra) -> Body:
        return Body.of(thing, self.library)

    def bodies(self, without: Target | None = None) -> list[Body]:
        """Everything that moves or was put up, but for one target."""
        targets = [self.body(target) for target in self.targets if target is not without]
        return targets + [body for extra in self.extras for body in bodies_of(extra, self.targets, self.library)]

    def with_extras(self, extras: tuple[Extra, ...]) -> Setting:
        return replace(self, extras=(*self.extras, *extras))


@lru_cache(maxsize=2)
def _sight(camera: Camera, film: Film) -> Sight:
    """What is looked through again and again while a clip is made."""
    return Sight.of_clip(camera, film, MOMENTS)


@lru_cache(maxsize=6)
def _seen(body: Body, camera: Camera, film: Film) -> Seen:
    return Seen.look(body, _sight(camera, film), GRID)
