"""The parts of an xlsx file, changed one by one and packed again: what is not touched stays as its sender's program
wrote it.

Used on files that have passed the guard, in a child process with limits.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

from lxml import etree

from dinhky.workbook.plain_archive import DEFLATED, Packed, archive, deflated
from dinhky.workbook.refused import WorkbookRefusedError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE_RELATION = "http://schemas.openxmlformats.org/package/2006/relationships"
CONTENT_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"

_WORKBOOK = "xl/workbook.xml"
_TYPES = "[Content_Types].xml"
_LOCAL_HEADER = 30
_SELECTED = re.compile(rb'(<(?:\w+:)?sheetView\b[^>]*?)\stabSelected="[^"]*"')
_MARK_OF_SELECTED = b"tabSelected"


def main(tag: str) -> str:
    """A tag of the workbook's own namespace."""
    return f"{{{MAIN}}}{tag}"


def parse_xml(content: bytes) -> Any:
    """The root element; nothing is fetched, no entity is expanded. Raises WorkbookRefusedError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise WorkbookRefusedError("file_damaged", detail="xml") from error


def write_xml(root: Any) -> bytes:
    """The element as a part."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


@dataclass(frozen=True)
class Sheet:
    """A sheet as the workbook names it, and the part that holds it."""

    name: str
    part: str
    element: Any


class Package:
    """An xlsx file in memory. Raises WorkbookRefusedError for one that is put together in a way we do not know."""

    def __init__(self, data: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
        self._packed = {entry.filename: _packed(data, entry) for entry in entries}
        self._changed: dict[str, bytes] = {}
        self._unpacked: dict[str, bytes] = {}
        self._names = {name.lower(): name for name in self._packed}
        self._types = parse_xml(self.read(_TYPES))
        self.workbook = parse_xml(self.read(_WORKBOOK))
        if self.workbook.tag != main("workbook"):
            raise WorkbookRefusedError("file_damaged", detail="namespace")
        self._relations: dict[str, Any] = {}
        self.sheets = self._find_sheets()

    def read(self, part: str) -> bytes:
        """The bytes of a part. Raises WorkbookRefusedError if there is none of that name."""
        name = self._names.get(part.lower())
        if name is None:
            raise WorkbookRefusedError("file_damaged", detail="part")
        if name in self._changed:
            return self._changed[name]
        if name not in self._unpacked:
            packed = self._packed[name]
            is_deflated = packed.method == DEFLATED
            self._unpacked[name] = zlib.decompress(packed.content, -zlib.MAX_WBITS) if is_deflated else packed.content
        return self._unpacked[name]

    def write(self, part: str, content: bytes, content_type: str = "") -> None:
        """Put a part in place; a new one with its content type, unless its ending says it."""
        name = self._names.setdefault(part.lower(), part)
        self._changed[name] = content
        if content_type:
            self._forget_type(part)
            etree.SubElement(self._types, f"{{{CONTENT_TYPES}}}Override", PartName=f"/{part}", ContentType=content_type)

    def declare_ending(self, ending: str, content_type: str) -> None:
        """Say what parts of that ending are, if nobody has."""
        tag = f"{{{CONTENT_TYPES}}}Default"
        if not any(found.get("Extension", "").lower() == ending for found in self._types.iter(tag)):
            self._types.insert(0, etree.Element(tag, Extension=ending, ContentType=content_type))

    def remove(self, part: str) -> None:
        """Leave a part out, and everything that names it among the workbook's relations."""
        name = self._names.pop(part.lower(), None)
        if name is None:
            return
        self._packed.pop(name, None)
        self._changed.pop(name, None)
        self._forget_type(part)
        self.remove(_relations_of(part))

    def new_part(self, pattern: str) -> str:
        """A name that no part has yet: `pattern` with a number in place of `{}`."""
        number = 1
        while pattern.format(number).lower() in self._names:
            number += 1
        return pattern.format(number)

    def relations(self, part: str) -> Any:
        """The element of a part's relations, to be read or changed."""
        if part not in self._relations:
            name = self._names.get(_relations_of(part).lower())
            self._relations[part] = (
                parse_xml(self.read(name))
                if name
                else etree.Element(f"{{{PACKAGE_RELATION}}}Relationships", nsmap={None: PACKAGE_RELATION})
            )
        return self._relations[part]

    def related(self, part: str, kind: str) -> tuple[str, Any]:
        """The part that this one refers to by a relation of that kind, and the relation; empty and None without one."""
        for relation in self.relations(part):
            if relation.get("Type", "").endswith(f"/{kind}") and relation.get("TargetMode") != "External":
                return _target(part, relation.get("Target", "")), relation
        return "", None

    def relate(self, part: str, kind: str, target: str) -> str:
        """Let a part refer to another; the relation's id."""
        relations = self.relations(part)
        taken = {relation.get("Id") for relation in relations}
        number = len(taken) + 1
        while f"rId{number}" in taken:
            number += 1
        etree.SubElement(
            relations,
            f"{{{PACKAGE_RELATION}}}Relationship",
            Id=f"rId{number}",
            Type=f"{OFFICE_RELATION}/{kind}",
            Target=f"/{target}",
        )
        return f"rId{number}"

    def target(self, part: str, relation_id: str) -> str:
        """The part that this one refers to by that relation; empty text if there is no such relation."""
        found = (one for one in self.relations(part) if relation_id and one.get("Id") == relation_id)
        return next((_target(part, one.get("Target", "")) for one in found), "")

    def remove_related(self, part: str, kind: str) -> None:
        """Leave out the part that this one refers to by a relation of that kind, and the relation."""
        _, relation = self.related(part, kind)
        if relation is not None:
            self.remove_relation(part, relation.get("Id", ""))

    def remove_relation(self, part: str, relation_id: str) -> None:
        """Leave out a relation of a part, and the part that it refers to."""
        for relation in list(self.relations(part)):
            if relation_id and relation.get("Id") == relation_id:
                relation.getparent().remove(relation)
                self.remove(_target(part, relation.get("Target", "")))

    def put_first(self, name: str, content: bytes, repeated_rows: str, replaces: Sheet | None) -> None:
        """Make a new first sheet, which is the one that opens; an earlier one that it replaces goes.

        `repeated_rows` (`$5:$5`) are printed on every page.
        """
        sheets = self.workbook.find(main("sheets"))
        before = list(sheets)
        if replaces:
            self._leave_out(replaces)
        part = self.new_part("xl/worksheets/dinhky{}.xml")
        self.write(part, content, SHEET_TYPE)
        taken = [int(sheet.get("sheetId", "0")) for sheet in sheets]
        element = etree.Element(main("sheet"), name=name, sheetId=str(max(taken, default=0) + 1))
        element.set(f"{{{OFFICE_RELATION}}}id", self.relate(_WORKBOOK, "worksheet", part))
        sheets.insert(0, element)
        places = {before.index(sheet): place for place, sheet in enumerate(sheets) if sheet is not element}
        self._renumber_names(places, name, repeated_rows)
        for view in self.workbook.iter(main("workbookView")):
            view.set("activeTab", "0")
            view.set("firstSheet", "0")
        for sheet in self.sheets:
            content = b"" if sheet is replaces else self.read(sheet.part)
            if _MARK_OF_SELECTED in content and (found := _SELECTED.subn(rb"\1", content))[1]:
                self.write(sheet.part, found[0])  # two selected sheets are edited together

    def packed(self) -> bytes:
        """The file; the same bytes for the same changes."""
        self.remove_related(_WORKBOOK, "calcChain")  # a hint that the program makes anew, and repairs if it is wrong
        self.write(_WORKBOOK, write_xml(self.workbook))
        for part, relations in self._relations.items():
            if part.lower() in self._names and (len(relations) or _relations_of(part).lower() in self._names):
                self.write(_relations_of(part), write_xml(relations))
        self.write(_TYPES, write_xml(self._types))
        parts = self._packed | {name: deflated(content) for name, content in self._changed.items()}
        return archive(parts.items())

    def _find_sheets(self) -> list[Sheet]:
        targets = {one.get("Id"): _target(_WORKBOOK, one.get("Target", "")) for one in self.relations(_WORKBOOK)}
        return [
            Sheet(element.get("name", ""), targets.get(element.get(f"{{{OFFICE_RELATION}}}id"), ""), element)
            for element in self.workbook.iter(main("sheet"))
        ]

    def _leave_out(self, sheet: Sheet) -> None:
        self._relations.pop(sheet.part, None)
        self.remove_relation(_WORKBOOK, sheet.element.get(f"{{{OFFICE_RELATION}}}id", ""))
        sheet.element.getparent().remove(sheet.element)

    def _renumber_names(self, places: dict[int, int], first: str, repeated_rows: str) -> None:
        """Names of one sheet count the sheets: those of a sheet that is gone go, the others follow theirs."""
        names = self.workbook.find(main("definedNames"))
        if names is None:
            names = etree.Element(main("definedNames"))
            self.workbook.find(main("sheets")).addnext(names)
        for name in list(names):
            local = name.get("localSheetId")
            if local is None:
                continue
            if int(local) in places:
                name.set("localSheetId", str(places[int(local)]))
            else:
                names.remove(name)
        repeated = etree.SubElement(names, main("definedName"), name="_xlnm.Print_Titles", localSheetId="0")
        repeated.text = f"{quoted(first)}!{repeated_rows}"

    def _forget_type(self, part: str) -> None:
        for override in list(self._types):
            if override.get("PartName", "").lower() == f"/{part}".lower():
                self._types.remove(override)


def _packed(data: bytes, entry: zipfile.ZipInfo) -> Packed:
    """A part as it lies in the archive, which the guard has read in the same way."""
    lengths = data[entry.header_offset + _LOCAL_HEADER - 4 : entry.header_offset + _LOCAL_HEADER]
    start = entry.header_offset + _LOCAL_HEADER + sum(struct.unpack("<HH", lengths))
    return Packed(entry.compress_type, entry.CRC, entry.file_size, data[start : start + entry.compress_size])


def quoted(sheet: str) -> str:
    """A sheet's name as formulas and links write it."""
    return "'" + sheet.replace("'", "''") + "'"


def _target(part: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(part), target)).lstrip("/")


def _relations_of(part: str) -> str:
    folder, _, name = part.rpartition("/")
    return f"{folder}/_rels/{name}.rels".lstrip("/")
