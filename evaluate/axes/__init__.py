"""Five challenges, each with a score, a severity curve and what the challenge alone costs (paired twins)."""

from .axis import Axis, Curve, Point
from .measure import AXES, measure_axes
from .trace import Shot, Trace

__all__ = ["AXES", "Axis", "Curve", "Point", "Shot", "Trace", "measure_axes"]
