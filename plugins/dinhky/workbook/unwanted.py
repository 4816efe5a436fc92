"""What a unit's workbook has no use for, and others could do harm with: code, foreign files, connections.

Found by the names of the parts, by their content types and by how parts refer to each other: a part may have any name,
but a program that is to open it must be told what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from dinhky.workbook.refused import WorkbookRefusedError

_IN_NAMES = (
    ("vbaproject", "file_macros"),
    ("xl/macrosheets/", "file_macros"),
    ("xl/dialogsheets/", "file_macros"),
    ("xl/externallinks/", "file_external_links"),
    ("xl/embeddings/", "file_embedded"),
    ("xl/activex/", "file_embedded"),
    ("xl/ctrlprops/", "file_embedded"),
    ("xl/webextensions/", "file_embedded"),
    ("xl/connections.xml", "file_data_connections"),
    ("xl/querytables/", "file_data_connections"),
    ("xl/model/", "file_data_connections"),
)
_IN_CONTENT_TYPES = (
    (b"macro", "file_macros"),
    (b"vbaproject", "file_macros"),
    (b"externallink", "file_external_links"),
    (b"oleobject", "file_embedded"),
    (b"activex", "file_embedded"),
    (b"controlproperties", "file_embedded"),
    (b"webextension", "file_embedded"),
    (b"connections+xml", "file_data_connections"),
    (b"querytable", "file_data_connections"),
)
_RELATIONS = {
    "vbaproject": "file_macros",
    "xlmacrosheet": "file_macros",
    "xlintlmacrosheet": "file_macros",
    "dialogsheet": "file_macros",
    "attachedtoolbars": "file_macros",
    "externallink": "file_external_links",
    "externallinkpath": "file_external_links",
    "oleobject": "file_embedded",
    "package": "file_embedded",
    "control": "file_embedded",
    "ctrlprop": "file_embedded",
    "activexcontrolbinary": "file_embedded",
    "webextension": "file_embedded",
    "webextensiontaskpanes": "file_embedded",
    "connections": "file_data_connections",
    "querytable": "file_data_connections",
    "powerpivotdata": "file_data_connections",
}
"""The last word of a relation's type, in lower case."""


def check_names(names: Collection[str]) -> None:
    """Raises WorkbookRefusedError if a part's name, in lower case, is one that is unwanted."""
    listed = "\n".join(names)
    for fragment, code in _IN_NAMES:
        if fragment in listed:
            raise WorkbookRefusedError(code)


def check_content_types(content: bytes) -> None:
    """Raises WorkbookRefusedError if a part is declared to be something unwanted."""
    declared = content.lower()
    for fragment, code in _IN_CONTENT_TYPES:
        if fragment in declared:
            raise WorkbookRefusedError(code)


def relation_handler() -> Callable[[str, dict[str, str]], None]:
    """For expat: raises WorkbookRefusedError at a relation to something unwanted, or outside that is no plain link."""

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] != "Relationship":
            return
        kind = attributes.get("Type", "").rpartition("/")[2].lower()
        if kind in _RELATIONS:
            raise WorkbookRefusedError(_RELATIONS[kind])
        if attributes.get("TargetMode", "").lower() == "external" and kind != "hyperlink":
            raise WorkbookRefusedError("file_external_links")

    return start
