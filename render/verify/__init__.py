"""Verification: a dataset checked from the outside in, and mended. Every problem names clip, frame and cure."""

from .dataset import verify
from .repair import Repaired, repair
from .report import Problem, Report

__all__ = ["Problem", "Repaired", "Report", "repair", "verify"]
