"""Cells that show an Excel error (#DIV/0!, #N/A): the parser reads them as empty, so they are found in the XML."""

from __future__ import annotations

import posixpath
import re
from xml.etree import ElementTree

_ERROR_CELL = re.compile(rb'<c r="([A-Z]{1,3}[0-9]{1,7})"[^<>]*\bt="e"')
_MARK = b't="e"'
_RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def error_cells(parts: dict[str, bytes]) -> dict[str, set[str]]:
    """Sheet name -> the cells with an error. `parts` has passed the guard: no document type, bounded size."""
    found = {name: {cell.decode() for cell in _ERROR_CELL.findall(xml)} for name, xml in parts.items() if _MARK in xml}
    if not any(found.values()):
        return {}
    relations = ElementTree.fromstring(parts.get("xl/_rels/workbook.xml.rels", b"<none/>"))  # noqa: S314
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    workbook = ElementTree.fromstring(parts["xl/workbook.xml"])  # noqa: S314
    cells = {}
    for element in workbook.iter():
        if element.tag.rpartition("}")[2] == "sheet":
            target = targets.get(element.get(_RELATION_ID), "")
            part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/").lower()
            cells[element.get("name", "")] = found.get(part, set())
    return cells
