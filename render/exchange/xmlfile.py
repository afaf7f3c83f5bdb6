"""XML without its dangers: no document type, so no entities that expand or fetch; no endless depth."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ..document import UserError
from .files import MAX_DOCUMENT

MAX_DEPTH = 64


def read(path: Path) -> Element:
    """The root element of an XML file; UserError for anything that is not plain XML."""
    if path.stat().st_size > MAX_DOCUMENT:
        raise UserError(f"{path}: larger than {MAX_DOCUMENT} bytes; split it")
    builder, depth = TreeBuilder(), 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise UserError(f"{path}: elements nested deeper than {MAX_DEPTH}; refused")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def doctype(*_: object) -> None:
        raise UserError(f"{path}: declares a document type; refused: entities may hide anything")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
        return builder.close()
    except (expat.ExpatError, AssertionError, ValueError) as error:
        raise UserError(f"{path}: not valid XML: {error}") from None
