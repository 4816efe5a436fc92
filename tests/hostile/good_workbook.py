"""A workbook without fault, and ways to change it part by part."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from raw_archive import Entry, archive

from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import Office
from dinhky.workbook.sample import fill

ROUND, UNIT = "phuc-loi-2026/PL-5/2026-Q1", "vhxh"
TITLE = "Dich vu cong truc tuyen"
"""Without marks: it is looked for in the XML, where letters may be written as references."""
PUBLISHED = b"<v>46083</v>"
PARTICIPANTS = b"<v>42</v>"
SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def good_workbook(office: Office, number: int = 1) -> bytes:
    """A unit's filled workbook of the first quarter, as the office takes it; another for each number."""
    plan, round_ = round_of(office, ROUND)
    rows = {
        "posts": [
            {
                "title": TITLE,
                "form": "Tin",
                "channel": "Cổng thông tin điện tử phường",
                "published": date(2026, 3, 2),
                "link": f"https://phucloi.example/tin/{number}",
                "author": "Trần Thu Hà",
                "field": "Cải cách thủ tục hành chính",
            }
        ],
        "activities": [
            {
                "form": "Hội nghị",
                "title": "Hội nghị triển khai",
                "held": date(2026, 3, 9),
                "place": "Hội trường",
                "participants": 42,
            }
        ],
    }
    return fill(office.workbooks.build(plan, round_, plan.unit(UNIT)), rows)


@dataclass(frozen=True)
class Good:
    """The good workbook. Its parts are named as in the file; `posts` and `activities` are the sheets' parts."""

    data: bytes

    @cached_property
    def parts(self) -> dict[str, bytes]:
        with zipfile.ZipFile(io.BytesIO(self.data)) as opened:
            return {name: opened.read(name) for name in opened.namelist()}

    @cached_property
    def posts(self) -> str:
        return self._part_with(TITLE.encode())

    @cached_property
    def activities(self) -> str:
        return self._part_with(PARTICIPANTS)

    def entries(self, changed: Mapping[str, bytes | None] | None = None) -> list[Entry]:
        """The parts, some of them changed, added, or taken out (None)."""
        parts = {**self.parts, **(changed or {})}
        return [Entry(name, content) for name, content in parts.items() if content is not None]

    def with_parts(self, changed: Mapping[str, bytes | None]) -> bytes:
        return archive(self.entries(changed))

    def with_posts(self, old: bytes, new: bytes) -> bytes:
        return self.replaced(self.posts, old, new)

    def replaced(self, part: str, old: bytes, new: bytes) -> bytes:
        content = self.parts[part]
        assert old in content, (part, old)
        return self.with_parts({part: content.replace(old, new, 1)})

    def titled(self, title: str) -> bytes:
        """With another title of the post, given as it stands in XML."""
        return self.with_posts(TITLE.encode(), title.encode("utf-8", "surrogatepass"))

    def with_relation(self, kind: str, target: str, *, mode: str = "Internal", part: bytes = b"<a/>") -> bytes:
        """With a relation of the sheet of posts to something, which is there if it is inside."""
        folder, _, name = self.posts.rpartition("/")
        relations = (
            f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId99" Type="{OFFICE}/{kind}" '
            f'Target="{target}" TargetMode="{mode}"/></Relationships>'
        )
        inside = {} if mode == "External" else {f"{folder}/{target}": part}
        return self.with_parts({f"{folder}/_rels/{name}.rels": relations.encode(), **inside})

    def rows(self, rows: str, *, before: str = "", after: str = "") -> bytes:
        """With a sheet of posts that holds just these rows."""
        return self.with_parts({self.posts: sheet(rows, before=before, after=after)})

    def after_rows(self, more: bytes) -> bytes:
        """With more behind the rows of the sheet of posts."""
        return self.with_posts(b"</sheetData>", b"</sheetData>" + more)

    def _part_with(self, content: bytes) -> str:
        [name] = [name for name, part in self.parts.items() if content in part]
        return name


def sheet(rows: str, *, before: str = "", after: str = "") -> bytes:
    return (
        f'<worksheet xmlns="{SPACE}" xmlns:r="{OFFICE}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'
    ).encode()
