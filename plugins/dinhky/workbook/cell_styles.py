"""The styles of a workbook, to which those of our marks are added, each once however often a file goes to and fro."""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from typing import Any

from lxml import etree

from dinhky.workbook.package import MAIN, Package, main, parse_xml, write_xml
from dinhky.workbook.refused import WorkbookRefusedError

ERROR_FILL, QUESTION_FILL = "FFFFC7CE", "FFFFE699"
"""Light red and light amber, which nothing else in our forms has: by them we know our own marks again."""
LARGEST_STYLE_SHEET = 2 * 2**20
"""Bytes. Real ones have some tens of thousands; a million styles are nobody's work."""

_ORDER = ("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs")


class Styles:
    """The workbook's style sheet. A style is its number among `cellXfs`, as cells name it."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._part, relation = package.related("xl/workbook.xml", "styles")
        content = package.read(self._part) if relation is not None else b""
        if not content or len(content) > LARGEST_STYLE_SHEET:
            raise WorkbookRefusedError("file_damaged", detail="styles")
        self._root = parse_xml(content)
        self._lists = {name: self._root.find(main(name)) for name in _ORDER}
        if any(self._lists[name] is None for name in ("fonts", "fills", "borders", "cellXfs")):
            raise WorkbookRefusedError("file_damaged", detail="styles")
        self._filled: dict[tuple[int, str], int] = {}
        self._known: dict[str, dict[bytes, int]] = {}
        self._written: dict[tuple[str, str], int] = {}

    def marked(self, style: int, colour: str) -> int:
        """The style with that fill and everything else as it is."""
        if (style, colour) not in self._filled:
            self._filled[style, colour] = self._with_fill(style, self._fill(colour))
        return self._filled[style, colour]

    def unmarked(self, style: int, like: int | None) -> int:
        """The style with the fill of another, or with none."""
        return self._with_fill(style, int(self._xf(like).get("fillId", "0")) if like is not None else 0)

    def our_marks(self) -> set[int]:
        """The styles that bear one of our fills."""
        ours = {
            str(number)
            for number, fill in enumerate(self._lists["fills"])
            if (colour := fill.find(f"{main('patternFill')}/{main('fgColor')}")) is not None
            and colour.get("rgb", "").upper() in {ERROR_FILL, QUESTION_FILL}
        }
        return {number for number, xf in enumerate(self._lists["cellXfs"]) if xf.get("fillId") in ours}

    def add(self, *, font: str, fill: str = "", border: str = "", alignment: str = "", is_text: bool = False) -> int:
        """A style of our own: the inner XML of a font, a colour, the inner XML of a border, attributes of alignment.

        `is_text` keeps what begins like a formula a text, also when somebody edits the cell.
        """
        font_id = self._reuse("fonts", f"<font>{font}</font>")
        fill_id = self._fill(fill) if fill else 0
        border_id = self._reuse("borders", f"<border>{border}</border>") if border else 0
        quote = ' quotePrefix="1"' if is_text else ""
        return self._reuse(
            "cellXfs",
            f'<xf numFmtId="0" fontId="{font_id}" fillId="{fill_id}" borderId="{border_id}" xfId="0" applyFont="1" '
            f'applyFill="1" applyBorder="1" applyAlignment="1"{quote}><alignment {alignment}/></xf>',
        )

    def save(self) -> None:
        """Put the style sheet back into its package."""
        for found in self._lists.values():
            if found is not None:
                found.set("count", str(len(found)))
        self._package.write(self._part, write_xml(self._root))

    def _with_fill(self, style: int, fill_id: int) -> int:
        changed = deepcopy(self._xf(style))
        changed.set("fillId", str(fill_id))
        changed.set("applyFill", "1")
        return self._append("cellXfs", changed, _key(changed))

    def _fill(self, colour: str) -> int:
        pattern = f'<patternFill patternType="solid"><fgColor rgb="{colour}"/><bgColor indexed="64"/></patternFill>'
        return self._reuse("fills", f"<fill>{pattern}</fill>")

    def _xf(self, style: int) -> Any:
        styles = self._lists["cellXfs"]
        return styles[style if style < len(styles) else 0]

    def _reuse(self, name: str, xml: str) -> int:
        if (name, xml) not in self._written:
            element, key = _element_and_key(xml)
            self._written[name, xml] = self._append(name, deepcopy(element), key)
        return self._written[name, xml]

    def _append(self, name: str, element: Any, key: bytes) -> int:
        known = self._known.setdefault(name, {})
        if not known:
            known.update({_key(found): number for number, found in reversed(list(enumerate(self._lists[name])))})
        number = known.setdefault(key, len(self._lists[name]))
        if number == len(self._lists[name]):
            self._lists[name].append(element)
        return number


@lru_cache(maxsize=64)
def _element_and_key(xml: str) -> tuple[Any, bytes]:
    """A style of our own: there are few, and most files that go back want the same."""
    element = etree.fromstring(xml.replace(">", f' xmlns="{MAIN}">', 1))
    return element, _key(element)


def _key(element: Any) -> bytes:
    """What two elements share that say the same."""
    return bytes(etree.tostring(element, method="c14n", exclusive=True, with_tail=False))
