"""A small plan, its first quarter, and workbooks filled as people fill them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from openpyxl import load_workbook

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.people import Person
from dinhky.domain.period import Cadence, Window
from dinhky.domain.plan import DueRule, Kind, Letterhead, Obligation, Plan, Roll, Unit
from dinhky.domain.schedule import Round, find_round
from dinhky.signing import HmacSigner
from dinhky.wording import TemplateWords
from dinhky.workbook import Forms, FormWorkbooks
from dinhky.workbook.sample import fill

settings.register_profile("unhurried", deadline=None)  # a machine with other work to do is not a wrong answer
settings.load_profile("unhurried")

SIGNER = HmacSigner(b"a secret of the tests")
INCLUDE = Path(__file__).parents[3] / "include"
UNITS = {
    "vhxh": "Phòng Văn hóa - Xã hội",
    "vp": "Văn phòng HĐND và UBND phường",
    "kthtdt": "Phòng Kinh tế, Hạ tầng và Đô thị",
    "pvhcc": "Điểm phục vụ hành chính công phường",
    "vhtttt": "Trung tâm Văn hóa, Thông tin và Thể thao",
    "mttq": "Ủy ban Mặt trận Tổ quốc Việt Nam phường",
    "bxdd": "Ban Xây dựng đảng",
}
CHANNELS = {
    "portal": "Cổng thông tin điện tử phường",
    "radio": "Đài truyền thanh phường",
    "city_page": "Trang thông tin CCHC của thành phố",
    "zalo": "Trang Zalo OA của phường",
}


def small_plan() -> Plan:
    quarterly = Obligation(
        ref="PL-5",
        source="Phụ lục, mục 5",
        name="Báo cáo công tác thông tin tuyên truyền hàng quý",
        kind=Kind.REPORT,
        cadence=Cadence.QUARTERLY,
        lead=("vhxh",),
        units=tuple(UNITS),
        due=DueRule(day_of_last_month=15, roll=Roll.FORWARD),
        window=Window.DECREE,
        unit_due_working_days_before=1,
        locks_at=time(10),
        form="communication_quarter",
    )
    milestone = Obligation("PL-1", "", "Ban hành kế hoạch", Kind.MILESTONE, Cadence.ONCE, ("vhxh",), ("vhxh",))
    posts = Obligation("PL-2", "", "Tin, bài hằng tháng", Kind.POSTS, Cadence.MONTHLY, ("vhxh",), ("vhxh",), count=2)
    standing = Obligation("PL-12", "", "Hướng dẫn dịch vụ công", Kind.CONTINUOUS, None, ("vhxh",), ("vhxh", "mttq"))
    advice = Obligation("PL-13", "", "Định hướng tuyên truyền", Kind.CONTINUOUS, None, ("vhxh",), ("vhxh",))
    return Plan(
        id="phuc-loi-2026",
        title="Kế hoạch tuyên truyền cải cách hành chính năm 2026",
        commune="phường Phúc Lợi",
        year=2026,
        effective_from=date(2026, 3, 5),
        document="Kế hoạch",
        subject="tuyên truyền cải cách hành chính",
        letterhead=Letterhead((), "", "", (), "", (), ""),
        approver=Person("lanhdao", "Lãnh Đạo", "lanhdao@phucloi.example"),
        compiler="vhxh",
        report_to=(),
        channels=CHANNELS,
        units=tuple(Unit(code, name) for code, name in UNITS.items()),
        obligations=(quarterly, milestone, posts, standing, advice),
    )


@dataclass(frozen=True)
class Desk:
    """Everything a test needs to send one unit's workbook back and forth."""

    plan: Plan
    round: Round
    unit: Unit
    workbooks: FormWorkbooks
    words: TemplateWords
    built: bytes

    def read(self, data: bytes) -> Any:
        return self.workbooks.read(data, self.plan, self.round, self.unit)

    def codes(self, data: bytes) -> list[str]:
        return [problem.code for problem in self.read(data).problems]

    def filled(self, **rows: list[dict[str, Any]]) -> bytes:
        return fill(self.built, rows)

    def edited(self, edit: Callable[[Any], None], data: bytes | None = None) -> bytes:
        """The workbook opened, changed by hand and saved."""
        book = load_workbook(io.BytesIO(data or self.built))
        edit(book)
        saved = io.BytesIO()
        book.save(saved)
        return saved.getvalue()

    def calculated(self, data: bytes, cell: str, value: str) -> bytes:
        """The workbook as Excel saves it once a formula's text has been worked out."""
        changed = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target:
            for entry in source.infolist():
                part = source.read(entry).decode() if entry.filename.endswith(".xml") else source.read(entry)
                if isinstance(part, str) and "sheetData" in part:
                    found = rf'(<c r="{cell}"[^>]*?)(?: t="\w+")?(>\s*<f>[^<]*</f>)<v ?/?>(?:</v>)?'
                    part = re.sub(found, rf'\1 t="str"\2<v>{value}</v>', part)
                target.writestr(entry.filename, part)
        return changed.getvalue()


@pytest.fixture(scope="session")
def desk() -> Desk:
    plan = small_plan()
    calendar = WorkingCalendar(2025, 2027, frozenset())
    round_ = find_round(plan, "PL-5", "2026-Q1", calendar)
    words = TemplateWords(INCLUDE / "templates" / "messages")
    workbooks = FormWorkbooks(Forms(INCLUDE / "templates" / "workbooks"), words.period_name, SIGNER)
    unit = plan.unit("vhxh")
    return Desk(plan, round_, unit, workbooks, words, workbooks.build(plan, round_, unit))


@pytest.fixture
def post() -> dict[str, Any]:
    """A post without fault."""
    return {
        "title": "Phường tập huấn dịch vụ công trực tuyến",
        "form": "Tin",
        "channel": "Cổng thông tin điện tử phường",
        "published": date(2026, 3, 2),
        "link": "https://phucloi.example/tin/1",
        "author": "Trần Thu Hà",
        "field": "Cải cách thủ tục hành chính",
    }


@pytest.fixture
def activity() -> dict[str, Any]:
    """An activity without fault."""
    return {
        "form": "Hội nghị",
        "title": "Hội nghị triển khai",
        "held": date(2026, 3, 9),
        "place": "Hội trường",
        "participants": 42,
    }
