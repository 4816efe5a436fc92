"""What the settings make of the folders and variables around them, and what is noticed while the service runs."""

from __future__ import annotations

import gc
import shutil
import weakref
from datetime import date
from pathlib import Path

import pytest

from dinhky import bootstrap
from dinhky.bootstrap import Settings
from dinhky.cli import main
from dinhky.domain.schedule import find_round, year_of
from dinhky.workbook.form import Form

REPOSITORY = Path(__file__).parents[1]
SMALL_PLAN = (REPOSITORY / "tests/adapters/plans/thu-2026.yaml").read_text("utf-8")


@pytest.fixture
def include(tmp_path: Path) -> Path:
    """A copy of what is shipped, with the plan of Phúc Lợi alone, free to be edited."""
    shutil.copytree(REPOSITORY / "include", tmp_path / "include")
    for plan in (tmp_path / "include/data/plans").glob("*.yaml"):
        if plan.stem != "phuc-loi-2026":
            plan.unlink()
    return tmp_path / "include"


@pytest.fixture
def current(tmp_path: Path, include: Path) -> Settings:
    return bootstrap.settings(
        {
            "DINHKY_HOME": str(tmp_path / "home"),
            "DINHKY_INCLUDE": str(include),
            "DINHKY_CLOCK": "2026-03-05T07:00+07:00",
        }
    )


def small_plan(year: int) -> str:
    """A plan of that year; its id is `thu-<year>`."""
    return SMALL_PLAN.replace("2026", str(year))


def test_settings_can_be_printed_without_showing_a_secret() -> None:
    shown = repr(
        bootstrap.settings(
            {
                "DINHKY_SMTP": "smtp://lan:hunter2@mail.example:587",
                "DINHKY_IMAP": "imaps://lan:hunter2@mail.example",
                "DINHKY_LEDGER": "postgresql+psycopg2://dinhky:correct-horse@db/dinhky",
            }
        )
    )

    assert "hunter2" not in shown
    assert "correct-horse" not in shown


def test_mail_from_our_own_addresses_is_known_for_our_own() -> None:
    environment = {
        "DINHKY_IMAP": "imaps://NhanTep%40x.example:hunter2@mail.example?authserv=mx.x.example",
        "DINHKY_SENDER": "dinhky@x.example",
        "DINHKY_REPLY_TO": "TraLoi@x.example",
    }
    _, reader = bootstrap.intake_mailbox(bootstrap.settings(environment), "test")
    assert reader.ours == {"nhantep@x.example", "dinhky@x.example", "traloi@x.example"}
    assert reader.authserv == "mx.x.example"


def test_a_chat_variable_left_empty_is_a_chat_not_configured(
    current: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DINHKY_CHAT_VHXH", "json://127.0.0.1/room")
    monkeypatch.setenv("DINHKY_CHAT_VP", "")
    monkeypatch.setenv("DINHKY_CHAT_TDP", "  ")

    assert {"DINHKY_CHAT_VHXH", "DINHKY_CHAT_VP", "DINHKY_CHAT_TDP"} & bootstrap.office(current).chats == {
        "DINHKY_CHAT_VHXH"
    }


def test_the_calendar_reaches_from_the_year_before_the_plans_to_two_years_after(current: Settings) -> None:
    assert (bootstrap.calendar_of(current).first_year, bootstrap.calendar_of(current).last_year) == (2025, 2028)

    (current.plans / "thu-2031.yaml").write_text(small_plan(2031), "utf-8")

    calendar = bootstrap.calendar_of(current)
    assert (calendar.first_year, calendar.last_year) == (2025, 2033)
    assert all(year_of(plan, calendar) for plan in bootstrap.plans(current)[0].values())


def test_the_present_is_dated_even_where_every_plan_lies_far_from_it(current: Settings) -> None:
    (current.plans / "phuc-loi-2026.yaml").unlink()
    (current.plans / "thu-2031.yaml").write_text(small_plan(2031), "utf-8")

    assert bootstrap.calendar_of(current).is_working_day(date(2026, 3, 5))


def test_a_plan_may_have_any_year_whose_rounds_the_calendar_can_date(current: Settings) -> None:
    last = bootstrap.PLAN_YEARS[-1]
    for year in (2000, last, last + 1):
        (current.plans / f"thu-{year}.yaml").write_text(small_plan(year), "utf-8")

    plans, [error] = bootstrap.plans(current)

    assert set(plans) == {"phuc-loi-2026", "thu-2000", f"thu-{last}"}
    assert [(problem.code, problem.where) for problem in error.problems] == [
        ("plan_year_without_calendar", f"thu-{last + 1}.yaml:4")
    ]
    assert all(year_of(plan, bootstrap.calendar_of(current)) for plan in plans.values())


def test_a_swap_decided_while_the_service_runs_counts_at_once(current: Settings) -> None:
    assert bootstrap.calendar_of(current).is_working_day(date(2027, 3, 15))

    (current.include / "data/calendars/vn-2027.yaml").write_text(
        "year: 2027\ndays_off: [{day: 2027-03-15, reason: Hoán đổi, source: Công văn thử}]\n", "utf-8"
    )

    assert not bootstrap.calendar_of(current).is_working_day(date(2027, 3, 15))


def test_a_form_is_known_once_it_has_its_workbook_and_its_document(current: Settings) -> None:
    templates = current.include / "templates"
    plan = SMALL_PLAN.replace("form: communication_quarter", "form: training_year")
    (current.plans / "thu-2026.yaml").write_text(plan, "utf-8")
    shutil.copy(templates / "workbooks/communication_quarter.yaml", templates / "workbooks/training_year.yaml")
    [error] = bootstrap.plans(current)[1]
    assert [problem.code for problem in error.problems] == ["plan_unknown_form"]

    shutil.copy(templates / "documents/communication_quarter.docx", templates / "documents/training_year.docx")

    assert "thu-2026" in bootstrap.plans(current)[0]


def test_a_plan_that_lies_elsewhere_is_checked_against_the_same_surroundings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DINHKY_HOME", str(tmp_path / "home"))
    good, bad = tmp_path / "thu-2031.yaml", tmp_path / "thu-2032.yaml"
    good.write_text(small_plan(2031), "utf-8")
    bad.write_text(
        small_plan(2032).replace("user: lanhdao", "user: lanhdo").replace("communication_q", "comunication_q"), "utf-8"
    )

    assert main(["plan", "check", str(good)]) == 0
    assert main(["calendar", str(good)]) == 0
    capsys.readouterr()
    assert main(["plan", "check", str(bad)]) == 1

    said = capsys.readouterr().out
    assert "Có phải là “lanhdao”?" in said
    assert "Có phải là “communication_quarter”?" in said


def test_the_look_of_letters_is_read_once_and_again_when_it_was_edited(current: Settings, include: Path) -> None:
    first = bootstrap.letter_html(current)
    assert bootstrap.letter_html(current) is first, "every look at the ledger asks for an office"
    layout = include / "templates/messages/layout/letter.html"
    layout.write_text(layout.read_text("utf-8").replace("<body", "<body data-edited", 1), "utf-8")
    assert "data-edited" in bootstrap.letter_html(current)("Nhắc", "Kính gửi đơn vị,\n\nNội dung.")


def test_the_forms_are_read_once_and_again_when_one_was_edited(current: Settings, include: Path) -> None:
    """The portal opens an office for every request."""

    def form() -> Form:
        office = bootstrap.office(current)
        return office.workbooks.form(office.plans["phuc-loi-2026"], "PL-5")

    before = form()
    assert form() is before
    file = include / "templates/workbooks/communication_quarter.yaml"
    file.write_text(file.read_text("utf-8").replace("header: Kênh đăng", "header: Nơi đăng"), "utf-8")
    assert "Nơi đăng" in {column.header for sheet in form().sheets for column in sheet.columns}


def test_all_offices_of_a_home_have_one_store_of_files(current: Settings) -> None:
    """It knows which of its folders have reached the disk."""
    assert bootstrap.office(current).files is bootstrap.office(current).files


def test_an_office_that_is_done_with_leaves_no_file_in_memory(current: Settings) -> None:
    """What a unit sent may be thirty megabytes, and must not wait until Python looks for cycles."""
    office = bootstrap.office(current)
    plan = office.plans["phuc-loi-2026"]
    round_ = find_round(plan, "PL-5", "2026-Q1", office.calendar)
    office.workbooks.identity(office.workbooks.build(plan, round_, plan.units[0]))
    workbooks = weakref.ref(office.workbooks)
    gc.disable()
    try:
        del office
        assert workbooks() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, None),
        ({"DINHKY_OPERATOR": "vanhanh@x.example"}, ("", "vanhanh@x.example")),
        ({"DINHKY_OPERATOR": "vanhanh@x.example", "DINHKY_OPERATOR_NAME": "Lê Tuấn"}, ("Lê Tuấn", "vanhanh@x.example")),
        ({"DINHKY_OPERATOR_NAME": "Lê Tuấn"}, None),
    ],
)
def test_who_operates_the_service_is_a_setting(environment: dict[str, str], told: tuple[str, str] | None) -> None:
    operator = bootstrap.office(bootstrap.settings(environment)).operator
    assert (operator and (operator.name, operator.email)) == told


def test_the_office_knows_which_plans_it_cannot_read_just_now(current: Settings) -> None:
    plan = current.plans / "phuc-loi-2026.yaml"
    whole = plan.read_text("utf-8")
    assert bootstrap.office(current).unread_plans == frozenset()
    plan.write_text(whole.replace("units:", "untis:", 1), "utf-8")
    office = bootstrap.office(current)
    assert (set(office.plans), office.unread_plans) == (set(), {"phuc-loi-2026"})
    plan.write_text(whole, "utf-8")
    assert bootstrap.office(current).unread_plans == frozenset()
