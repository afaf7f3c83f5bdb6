"""The report of an evaluation: one self-contained page, and the same in JSON, CSV and Markdown."""

from .page import check_out, headline, render, summary_table, write_report

__all__ = ["check_out", "headline", "render", "summary_table", "write_report"]
