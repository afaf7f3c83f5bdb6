"""To and from other formats: rendered clips for other people's readers, and real labelled footage for ours."""

from .convert import EXPORTS, Converted, convert
from .incoming import IMPORTS, Imported, import_clips

__all__ = ["EXPORTS", "IMPORTS", "Converted", "Imported", "convert", "import_clips"]
