"""Scores of masks that lie in folders, whoever made them: no model, no dataset of ours, just NumPy and Pillow."""

from .folders import Missing
from .score import ObjectScore, Report, score_folders

__all__ = ["Missing", "ObjectScore", "Report", "score_folders"]
