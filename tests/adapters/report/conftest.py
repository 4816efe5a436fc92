"""A ward like Phúc Lợi, a quarter of it, and what its units told: the case that every test of the report varies."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path

import pytest

from dinhky.domain.assignment import Assignment, State
from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.content import Activity, Content, Post, Remark
from dinhky.domain.people import Person
from dinhky.domain.period import Cadence, Window
from dinhky.domain.plan import (
    Assumption,
    DueRule,
    Kind,
    Letterhead,
    Obligation,
    Plan,
    Recipient,
    Roll,
    Unit,
)
from dinhky.domain.schedule import Round, find_round
from dinhky.report.form_choices import FormChoices
from dinhky.report.form_reports import FormReports
from dinhky.rounds.kept_reports import CompiledReport
from dinhky.rounds.ports import UnitAnswer
from dinhky.wording import TemplateWords

TEMPLATES = Path(__file__).parents[3] / "include" / "templates"
UNITS = (
    ("vhxh", "Phòng Văn hóa - Xã hội"),
    ("vp", "Văn phòng HĐND và UBND phường"),
    ("kthtdt", "Phòng Kinh tế, Hạ tầng và Đô thị"),
    ("pvhcc", "Điểm phục vụ hành chính công phường"),
    ("vhtttt", "Trung tâm Văn hoá, Thông tin và Thể thao"),
    ("mttq", "Ủy ban Mặt trận Tổ quốc Việt Nam phường"),
    ("bxdd", "Ban Xây dựng đảng"),
)
ALL = tuple(code for code, _ in UNITS)
ON_TIME = datetime(2026, 3, 12, 3, 0, tzinfo=UTC)
TOO_LATE = datetime(2026, 3, 15, 18, 30, tzinfo=UTC)
"""Already 16 March in Vietnam."""


def duty(ref: str, kind: Kind, cadence: Cadence | None, **more: object) -> Obligation:
    given = {"source": "Phụ lục", "name": f"Nhiệm vụ {ref}", "lead": ("vhxh",), "units": ALL} | more
    return Obligation(ref=ref, kind=kind, cadence=cadence, **given)


@pytest.fixture
def plan() -> Plan:
    return Plan(
        id="phuc-loi-2026",
        title="Kế hoạch thông tin, tuyên truyền cải cách hành chính năm 2026",
        commune="phường Phúc Lợi",
        year=2026,
        effective_from=date(2026, 3, 5),
        document="Kế hoạch của Ủy ban nhân dân phường Phúc Lợi về thông tin, tuyên truyền cải cách hành chính năm 2026",
        subject="công tác thông tin, tuyên truyền cải cách hành chính",
        letterhead=Letterhead(
            issuer=("ỦY BAN NHÂN DÂN", "PHƯỜNG PHÚC LỢI"),
            place="Phúc Lợi",
            symbol="BC-UBND",
            authority=("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
            signer="Hoàng Minh Đức",
            copies=("Sở Nội vụ thành phố", "TT ĐU, HĐND phường", "Lãnh đạo UBND phường"),
            filing="VT, VHXH",
        ),
        approver=Person("lanhdao", "Hoàng Minh Đức", "lanhdao@phucloi.example"),
        compiler="vhxh",
        report_to=(Recipient("Sở Nội vụ thành phố Hà Nội", "baocao@sonoivu.example"),),
        channels={
            "portal": "Cổng thông tin điện tử phường",
            "radio": "Đài truyền thanh phường",
            "city_page": "Trang thông tin CCHC của thành phố",
            "zalo": "Trang Zalo OA của phường",
        },
        units=tuple(Unit(code, name) for code, name in UNITS),
        obligations=(
            duty("PL-2", Kind.POSTS, Cadence.MONTHLY, count=2, channel="portal", name="Tuyên truyền kết quả CCHC"),
            duty("PL-3", Kind.POSTS, Cadence.MONTHLY, count=2, channel="radio", lead=("vhtttt", "vhxh")),
            duty("PL-4", Kind.POSTS, Cadence.MONTHLY, count=1, channel="city_page"),
            duty(
                "PL-5",
                Kind.REPORT,
                Cadence.QUARTERLY,
                name="Báo cáo công tác thông tin tuyên truyền hàng quý",
                due=DueRule(day_of_last_month=15, roll=Roll.FORWARD),
                window=Window.DECREE,
                unit_due_working_days_before=1,
                locks_at=time(10, 0),
                form="communication_quarter",
            ),
            duty(
                "PL-6",
                Kind.CONTEST,
                Cadence.YEARLY,
                name="Cuộc thi tìm kiếm ý tưởng giải pháp CCHC",
                due=DueRule(within_month=4),
                quote="Tháng 4/2026",
                assumed=(Assumption("due", "Văn bản chỉ ghi tháng"),),
            ),
            duty("PL-7", Kind.MILESTONE, Cadence.ONCE, due=DueRule(within_month=9), quote="Tháng 9/2026"),
            duty("PL-8", Kind.POSTS, Cadence.QUARTERLY, count=2, channel="portal", per_unit=True, lead=ALL),
            duty("PL-9", Kind.POSTS, Cadence.QUARTERLY, count=1, channel="city_page", per_unit=True, lead=ALL),
            duty("PL-12", Kind.CONTINUOUS, None, name="Hướng dẫn dịch vụ công trực tuyến", units=("pvhcc", "mttq")),
        ),
    )


@pytest.fixture
def calendar() -> WorkingCalendar:
    return WorkingCalendar(
        2025,
        2027,
        frozenset({date(2026, 2, day) for day in range(16, 21)} | {date(2026, 4, 30), date(2026, 5, 1)}),
    )


@pytest.fixture
def first_quarter(plan: Plan, calendar: WorkingCalendar) -> Round:
    return find_round(plan, "PL-5", "2026-Q1", calendar)


def post(row: int, title: str, channel: str, on: date = date(2026, 3, 9), **more: str) -> Post:
    given = {"form": "Tin", "link": f"https://phucloi.hanoi.gov.vn/tin/{row}", "author": "", "field": "Chung"} | more
    return Post(row=row, title=title, channel=channel, published=on, **given)


def answer(
    plan: Plan,
    unit: str,
    content: Content | None = None,
    state: State = State.ACCEPTED,
    *,
    late: bool = False,
    reason: str | None = None,
    previous: Content | None = None,
) -> UnitAnswer:
    """A unit's answer; without content and state it is a file accepted in time that tells nothing."""
    told = state in {State.ACCEPTED, State.COMPILED, State.NIL}
    at = (TOO_LATE if late else ON_TIME) if told else None
    held = plan.unit(unit)
    assignment = Assignment("r", unit, held.name, state, reason, 1 if told else None, at, late if told else None)
    return UnitAnswer(held, assignment, (content or Content()) if told else content, previous)


@pytest.fixture
def answers(plan: Plan) -> list[UnitAnswer]:
    """Seven units: four told something (one late), one nothing, one is waived, one never answered."""
    return [
        answer(
            plan,
            "vhxh",
            Content(
                posts=(
                    post(
                        9,
                        "Phường Phúc Lợi ban hành Kế hoạch tuyên truyền cải cách hành chính năm 2026",
                        "portal",
                        author="Trần Thu Hà",
                    ),
                    post(10, "Hướng dẫn nộp hồ sơ trực tuyến toàn trình tại nhà", "portal", date(2026, 3, 11)),
                    post(
                        11,
                        "Chuyện một cửa: trả kết quả trong ngày",
                        "city_page",
                        form="Bài viết",
                        field="Cải cách thủ tục hành chính",
                    ),
                ),
                activities=(
                    Activity(9, "Hội nghị", "Hội nghị quán triệt kế hoạch CCHC", date(2026, 3, 6), "Hội trường", 85),
                ),
            ),
        ),
        answer(
            plan,
            "vp",
            Content(
                posts=(
                    post(
                        9,
                        "Rà soát văn bản quy phạm pháp luật triển khai Luật Thủ đô",
                        "portal",
                        field="Cải cách thể chế",
                    ),
                ),
                remarks=(
                    Remark(
                        9,
                        "difficulty",
                        "Chưa có cán bộ chuyên trách viết tin, bài.",
                        "Phân công kiêm nhiệm, tập huấn kỹ năng viết tin",
                    ),
                ),
            ),
        ),
        answer(
            plan,
            "kthtdt",
            Content(
                posts=(
                    post(
                        9,
                        "Kết quả giải quyết thủ tục hành chính lĩnh vực đất đai tháng 02/2026",
                        "zalo",
                        date(2026, 2, 27),
                        field="Cải cách thủ tục hành chính",
                    ),
                ),
                remarks=(
                    Remark(9, "proposal", "Đề nghị Sở Nội vụ tổ chức tập huấn kỹ năng truyền thông chính sách", ""),
                ),
            ),
            late=True,
        ),
        answer(plan, "pvhcc", state=State.NIL, reason="Mới kiện toàn nhân sự, chưa có tin bài"),
        answer(
            plan,
            "vhtttt",
            Content(
                posts=(
                    post(
                        9,
                        "Bản tin truyền thanh: Người dân với dịch vụ công trực tuyến",
                        "radio",
                        form="Bài phát thanh",
                        link="Lịch phát sóng 06 giờ 30 ngày 10/3/2026",
                    ),
                ),
                activities=(
                    Activity(
                        9,
                        "Tuyên truyền trực quan",
                        "Treo băng rôn tại các khu chung cư",
                        date(2026, 3, 8),
                        "Các chung cư",
                        None,
                    ),
                    Activity(
                        10,
                        "Hội nghị",
                        "Hội nghị giao ban cộng tác viên truyền thanh",
                        date(2026, 3, 10),
                        "Nhà văn hóa",
                        9,
                    ),
                ),
            ),
        ),
        answer(plan, "mttq", state=State.WAIVED, reason="Tập trung phục vụ bầu cử"),
        answer(plan, "bxdd", state=State.OPEN),
    ]


@pytest.fixture
def reports(calendar: WorkingCalendar) -> FormReports:
    return FormReports(TEMPLATES, calendar, TemplateWords(TEMPLATES / "messages"))


@pytest.fixture
def compiled(reports: FormReports, plan: Plan, first_quarter: Round, answers: list[UnitAnswer]) -> CompiledReport:
    return reports.compile(plan, first_quarter, answers)


@pytest.fixture
def many_posts(plan: Plan, answers: list[UnitAnswer]) -> list[UnitAnswer]:
    """The same quarter, but its first unit told 400 posts."""
    told = Content(posts=tuple(post(9 + n, f"Tin số {n:03d} về cải cách hành chính", "portal") for n in range(400)))
    return [dataclasses.replace(answers[0], content=told), *answers[1:]]


@pytest.fixture
def make_post() -> Callable[..., Post]:
    return post


@pytest.fixture
def make_answer(plan: Plan) -> Callable[..., UnitAnswer]:
    return partial(answer, plan)


@pytest.fixture
def choices() -> FormChoices:
    return FormChoices.load(TEMPLATES / "workbooks" / "communication_quarter.yaml")
