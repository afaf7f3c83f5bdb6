"""The deciding experiment as one command: what is a base worth before and after it is tuned on rendered clips."""

from .outline import Settings, outline
from .run import begin, look_ahead, run

__all__ = ["Settings", "begin", "look_ahead", "outline", "run"]
