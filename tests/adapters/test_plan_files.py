"""What a plan file may say, and how each mistake is answered: file, line, what was found, what is expected."""

import unicodedata
from datetime import date, time
from pathlib import Path

import pytest

from dinhky.calendar_files import working_calendar
from dinhky.domain.errors import PlanError, Problem
from dinhky.domain.period import Cadence, Window
from dinhky.domain.plan import Kind, Roll
from dinhky.domain.reminders import Reminders
from dinhky.domain.schedule import feasibility
from dinhky.plan_files import assumptions, read_plan, read_plans
from dinhky.wording import TemplateWords

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "include/templates/messages"
WORDS = TemplateWords(TEMPLATES)

GOOD = (Path(__file__).parent / "plans/thu-2026.yaml").read_text("utf-8")


def written(folder: Path, text: str, name: str = "thu-2026.yaml") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def problems_in(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(PlanError) as refused:
        read_plan(written(folder, text))
    return refused.value.problems


def test_a_good_file_becomes_a_plan(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, GOOD))
    report, posts, standing = plan.obligations

    assert (plan.id, plan.year, plan.effective_from) == ("thu-2026", 2026, date(2026, 3, 5))
    assert plan.letterhead.issuer == ("ỦY BAN NHÂN DÂN", "PHƯỜNG THỬ")
    assert plan.letterhead.parent is None
    assert plan.unit("vhxh").contacts[0].chat == "DINHKY_CHAT_VHXH"
    assert (report.kind, report.cadence, report.locks_at) == (Kind.REPORT, Cadence.QUARTERLY, time(10, 0))
    assert (report.due.day_of_last_month, report.due.roll) == (15, Roll.FORWARD)
    assert (posts.count, posts.per_unit, posts.channel) == (2, True, "portal")
    assert (standing.cadence, standing.quote) == (None, "")


def test_all_stands_for_every_unit_of_the_plan(tmp_path: Path) -> None:
    assert read_plan(written(tmp_path, GOOD)).obligation("T-1").units == ("vhxh", "vp")


def test_the_window_of_a_report_is_the_decrees_and_of_posts_the_calendars(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, GOOD))

    assert plan.obligation("T-1").window is Window.DECREE
    assert plan.obligation("T-2").window is Window.CALENDAR


def test_an_hour_or_a_day_needs_no_quotes_and_a_key_named_on_is_not_a_truth_value(tmp_path: Path) -> None:
    once = GOOD.replace(
        "kind: continuous", "kind: milestone\n    cadence: once\n    quote: 30/6\n    due: {on: 2026-06-30}"
    )

    assert read_plan(written(tmp_path, once)).obligation("T-3").due.on == date(2026, 6, 30)


def test_a_file_saved_on_a_mac_or_by_notepad_reads_the_same(tmp_path: Path) -> None:
    usual = read_plan(written(tmp_path, GOOD))

    assert read_plan(written(tmp_path, unicodedata.normalize("NFD", GOOD))) == usual
    assert read_plan(written(tmp_path, "\ufeff" + GOOD.replace("\n", "\r\n"))) == usual


def test_a_secret_put_in_a_plan_file_is_not_repeated_by_its_problem(tmp_path: Path) -> None:
    [problem] = problems_in(tmp_path, GOOD.replace("DINHKY_CHAT_VHXH", '"zalo://so-bi-mat/42"'))

    assert "so-bi-mat" not in WORDS.sentence(problem) + repr(problem)


@pytest.mark.parametrize(
    ("data", "code", "where"),
    [
        (GOOD.encode("utf-16"), "yaml_encoding", "thu-2026.yaml:1"),
        (GOOD.encode().replace("phường Thử".encode(), b"ph\xad\xeang Th\xf6"), "yaml_encoding", "thu-2026.yaml:3"),
        (b"", "yaml_empty", "thu-2026.yaml:1"),
        (b"# to be written\n", "yaml_empty", "thu-2026.yaml:1"),
        (b"a: 1\n---\nb: 2\n", "yaml_syntax", "thu-2026.yaml:2"),
        (b"[" * 5000, "yaml_too_deep", "thu-2026.yaml:1"),
        (b"- a list\n", "yaml_expected_group", "thu-2026.yaml:1"),
    ],
)
def test_a_file_that_is_no_plan_at_all_is_answered_too(tmp_path: Path, data: bytes, code: str, where: str) -> None:
    path = tmp_path / "thu-2026.yaml"
    path.write_bytes(data)

    with pytest.raises(PlanError) as refused:
        read_plan(path)

    [problem] = refused.value.problems
    assert (problem.code, problem.where) == (code, where)
    assert WORDS.sentence(problem).startswith("thu-2026.yaml, dòng ")


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "thu-2027.yaml").mkdir()
    for name, code in (("thu-2026.yaml", "yaml_file_missing"), ("thu-2027.yaml", "yaml_file_unreadable")):
        with pytest.raises(PlanError) as refused:
            read_plan(tmp_path / name)
        [problem] = refused.value.problems
        assert problem.code == code
        assert name in WORDS.sentence(problem)


def test_all_mistakes_of_a_file_are_told_at_once_in_file_order(tmp_path: Path) -> None:
    bad = GOOD
    for good, wrong in [
        ("year: 2026", "year: hai nghìn"),
        ("year: hai nghìn", "year: hai nghìn\nyear: 2026"),
        ("compiler: vhxh", "compiler: vhx"),
        ("kind: posts", "kind: post"),
        ("ref: T-3", "ref: T-2"),
    ]:
        bad = bad.replace(good, wrong, 1)

    problems = problems_in(tmp_path, bad)

    assert [problem.code for problem in problems] == [
        "yaml_expected_number",
        "yaml_duplicate_key",
        "plan_unknown_unit",
        "yaml_unknown_value",
        "plan_duplicate_ref",
    ]
    lines = [problem.params["line"] for problem in problems]
    assert lines == sorted(lines)


def test_missing_units_are_told_once_and_not_again_wherever_one_is_named(tmp_path: Path) -> None:
    start, end = GOOD.index("units:\n"), GOOD.index("obligations:")

    problems = problems_in(tmp_path, GOOD[:start] + GOOD[end:])

    assert ("yaml_missing_key", "units") in [(problem.code, problem.params["key"]) for problem in problems]
    assert "plan_unknown_unit" not in [problem.code for problem in problems]


def test_a_folder_gives_its_good_plans_and_the_errors_of_the_others(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    written(tmp_path, GOOD, "thu-2027.yaml")
    written(tmp_path, GOOD, "thu-2026.yml")
    written(tmp_path, "not a plan", ".thu-2026.yaml")

    plans, errors = read_plans(tmp_path)

    assert list(plans) == ["thu-2026"]
    assert [(error.file, error.problems[0].code) for error in errors] == [
        ("thu-2026.yml", "plan_id_is_not_file_name"),
        ("thu-2027.yaml", "plan_id_is_not_file_name"),
    ]
    assert WORDS.explain(errors[0]) == "Tệp thu-2026.yml chưa dùng được: có 1 chỗ cần sửa."


def test_a_folder_that_is_not_there_is_an_error_and_not_an_empty_list_of_plans(tmp_path: Path) -> None:
    plans, [error] = read_plans(tmp_path / "plans")

    assert plans == {}
    assert str(tmp_path / "plans") in WORDS.sentence(error.problems[0])


def test_a_plan_issued_on_a_reports_due_day_is_warned_that_its_units_are_due_after_the_lock(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, GOOD.replace("effective_from: 2026-03-05", "effective_from: 2026-03-16")))

    warnings = feasibility(plan, working_calendar(ROOT / "include/data/calendars", 2025, 2028))

    [late] = [WORDS.sentence(problem) for problem in warnings if problem.code == "units_due_after_lock"]
    assert late.startswith("T-1, quý I")
    assert "16/3/2026" in late


def test_what_a_plan_assumes_is_told_with_its_reason(tmp_path: Path) -> None:
    [assumed] = assumptions(read_plan(written(tmp_path, GOOD)))

    assert assumed.where == "thu-2026/T-1"
    assert "Văn bản không ghi giờ" in WORDS.sentence(assumed)


def test_reminders_are_as_usual_or_as_the_plan_says_or_as_a_duty_says_for_itself(tmp_path):
    usual = read_plan(written(tmp_path, GOOD))
    assert (usual.reminders, usual.obligation("T-2").reminders) == (Reminders((3, 1, 0), (1, 3), 2), None)
    text = GOOD.replace("year: 2026", "year: 2026\nreminders:\n  before: [0, 5]\n  overdue: []", 1)
    text = text.replace("count: 2", "count: 2\n    reminders: {overdue: [4, 2], after_return: 0}", 1)
    plan = read_plan(written(tmp_path, text))
    assert plan.reminders == Reminders((5, 0), (), 2)
    assert plan.obligation("T-2").reminders == Reminders((5, 0), (2, 4), 0)
