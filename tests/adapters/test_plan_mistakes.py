"""Every mistake a plan file can hold, and its answer: the line, what was found, what is expected, the nearest name."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dinhky.domain.errors import PlanError, Problem
from dinhky.plan_files import Surroundings, read_plan
from dinhky.wording import TemplateWords

TEMPLATES = Path(__file__).parents[2] / "include/templates/messages"
WORDS = TemplateWords(TEMPLATES)
GOOD = (Path(__file__).parent / "plans/thu-2026.yaml").read_text("utf-8")
AROUND = Surroundings(
    forms=("communication_quarter", "training_year"), users=("admin", "lanhdao"), years=range(2000, 2099)
)


def problems_of(path: Path) -> tuple[Problem, ...] | None:
    """Everything wrong with a file, or None if it is a plan."""
    try:
        read_plan(path, AROUND)
    except PlanError as refused:
        return refused.problems
    return None


def line_of(text: str, within: str = GOOD) -> int:
    return within[: within.index(text)].count("\n") + 1


# (what is wrong, the good text, the bad text, the code, the text on whose line it is told, what the sentence says)
MISTAKES = [
    ("a tab for indentation", "  place: Thử", "\tplace: Thử", "yaml_tab", "\tplace: Thử", "phím Tab"),
    ("an unclosed bracket", "units: [vhxh, vp]", "units: [vhxh, vp", "yaml_syntax", "  - ref: T-3", "ref: T-3"),
    ("two colons", "title: Kế hoạch thử", "title: Kế hoạch: thử", "yaml_syntax", "title:", "Kế hoạch: thử"),
    ("an asterisk", "place: Thử", "place: *Thu", "yaml_alias", "place: *Thu", "ngoặc kép"),
    ("a control character", "place: Thử", "place: Th\x07ử", "yaml_character", "place: Th\x07ử", "U+0007"),
    ("a list as a key", "  portal: Cổng", "  [a]: x\n  portal: Cổng", "yaml_key_is_not_text", "  [a]: x", "tên mục"),
    ("the same key twice", "year: 2026", "year: 2026\nyear: 2027", "yaml_duplicate_key", "year: 2027", "dòng 4"),
    ("an unknown key", "    cadence: monthly", "    cadense: 1\n    cadence: monthly", "yaml_unknown_key",
     "cadense", "Có phải là “cadence”?"),
    ("an unknown key at the top", "subject:", "subjects: x\nsubject:", "yaml_unknown_key",
     "subjects", "Có phải là “subject”?"),
    ("an unknown key in due", "roll: forward", "rol: forward", "yaml_unknown_key", "rol: f", "Có phải là “roll”?"),
    ("an unknown key of a contact", "chat: DINHKY", "chatt: DINHKY", "yaml_unknown_key", "chatt", "Có phải là “chat”?"),
    ("a missing key", "    source: Mục 2\n", "", "yaml_missing_key", "ref: T-2", "thiếu mục “source”"),
    ("a missing key at the top", "subject: công tác tuyên truyền\n", "", "yaml_missing_key", "id:", "“subject”"),
    ("a key left empty", "  signer: Nguyễn Văn Thử", "  signer:", "yaml_missing_key", "  signer:", "“signer”"),
    ("text for a group", "due: {day_of_last_month: 15, roll: forward}", "due: ngày 15", "yaml_expected_group",
     "due: ngày 15", "ngày 15"),
    ("a list for a group", "  portal: Cổng thông tin", "  - portal", "yaml_expected_group", "channels:", "portal"),
    ("text for a list", "units: [vhxh, vp]", "units: vhxh", "yaml_expected_list", "units: vhxh", "ghi all nếu"),
    ("an empty list", "units: [vhxh, vp]", "units: []", "yaml_empty_list", "units: []", "ít nhất một"),
    ("text for a list of groups",
     "contacts:\n      - {name: Trần Thử, email: vhxh@thu.example, chat: DINHKY_CHAT_VHXH}",
     "contacts: Trần Thử", "yaml_expected_list", "contacts: Trần", "Trần Thử"),
    ("a list for text", "place: Thử", "place: [Thử]", "yaml_expected_text", "place: [Thử]", "một dòng chữ"),
    ("blank text", "place: Thử", 'place: " "', "yaml_expected_text", "place:", "một dòng chữ"),
    ("a word for a number", "count: 2", "count: hai", "yaml_expected_number", "count: hai", "“hai”"),
    ("a number out of range", "day_of_last_month: 15", "day_of_last_month: 32", "yaml_expected_number",
     "day_of_last_month: 32", "từ 1 đến 31"),
    ("a word for yes or no", "per_unit: true", "per_unit: có", "yaml_expected_yes_no", "per_unit: có", "true"),
    ("a day that does not exist", "effective_from: 2026-03-05", "effective_from: 2026-02-30", "yaml_expected_day",
     "effective_from", "2026-02-30"),
    ("a day written the Vietnamese way", "effective_from: 2026-03-05", "effective_from: 05/3/2026",
     "yaml_expected_day", "effective_from", "05/3/2026"),
    ("no hour", "locks_at: 10:00", "locks_at: 10h", "yaml_expected_hour", "locks_at: 10h", "“10h”"),
    ("an hour that does not exist", "locks_at: 10:00", "locks_at: 25:00", "yaml_expected_hour", "locks_at", "25:00"),
    ("an unknown kind", "kind: posts", "kind: post", "yaml_unknown_value", "kind: post\n", "Có phải là “posts”?"),
    ("an unknown cadence", "cadence: monthly", "cadence: month", "yaml_unknown_value", "cadence: month\n",
     "Có phải là “monthly”?"),
    ("an unknown roll", "roll: forward", "roll: foward", "yaml_unknown_value", "foward", "Có phải là “forward”?"),
    ("an unknown window", "count: 2", "count: 2\n    window: calender", "yaml_unknown_value", "calender",
     "Có phải là “calendar”?"),
    ("an unknown assumed field", "field: locks", "field: lock", "yaml_unknown_value", "field: lock", "“locks”"),
    ("a unit code with accents", "    name: Văn phòng", "    name: Văn phòng\n  - {code: văn hóa, name: Hai}",
     "yaml_bad_name", "code: văn", "“vhxh”"),
    ("a ref with a space", "ref: T-3", "ref: T 3", "yaml_bad_name", "ref: T 3", "“PL-5”"),
    ("no email address", "vhxh@thu.example", "vhxh.thu.example", "yaml_bad_email", "vhxh.thu", "vhxh.thu.example"),
    ("a chat that is a secret", "DINHKY_CHAT_VHXH", '"zalo://token/42"', "yaml_secret_in_file", "zalo:",
     "biến môi trường"),
    ("a chat that is no variable", "DINHKY_CHAT_VHXH", "nhom-vhxh", "yaml_not_an_environment_variable", "nhom-",
     "DINHKY_CHAT_VHTTTT"),
    ("a chat that is any other variable", "DINHKY_CHAT_VHXH", "DINHKY_SMTP", "plan_chat_prefix", "DINHKY_SMTP",
     "bắt đầu bằng DINHKY_CHAT_,"),
    ("a chat without a name of its own", "DINHKY_CHAT_VHXH", "DINHKY_CHAT_", "plan_chat_prefix", "DINHKY_CHAT_}",
     "DINHKY_CHAT_VHTTTT"),
    ("a form without templates", "form: communication_quarter", "form: comunication_quarter", "plan_unknown_form",
     "form: comuni", "Có phải là “communication_quarter”?"),
    ("an approver who cannot log in", "user: lanhdao", "user: lanh_dao", "plan_unknown_user", "user: lanh_dao",
     "Có phải là “lanhdao”?"),
    ("a year whose holidays nobody can tell", "year: 2026", "year: 2100", "plan_year_without_calendar", "year: 2100",
     "đến năm 2098"),
    ("a report whose units are due with it", "unit_due_working_days_before: 1", "unit_due_working_days_before: 0",
     "plan_report_without_room", "unit_due_working_days_before: 0", "từ 1"),
    ("a report whose units' due date nobody set", "    unit_due_working_days_before: 1\n", "",
     "plan_report_without_room", "kind: report", "ghi unit_due_working_days_before"),
    ("a report with neither units' due date nor hour", "    unit_due_working_days_before: 1\n    locks_at: 10:00\n",
     "", "plan_report_without_room", "kind: report", "T-1"),
    ("a ref that the ledger cannot hold", "ref: T-3", "ref: T-" + "3" * 19, "yaml_too_long", "ref: T-33",
     "21 ký tự, chỉ nhận nhiều nhất 20"),
    ("a unit code that the ledger cannot hold", "    name: Văn phòng",
     f"    name: Văn phòng\n  - {{code: {'v' * 41}, name: Hai}}", "yaml_too_long", "code: vvv", "nhiều nhất 40"),
    ("a unit name that the ledger cannot hold", "    name: Văn phòng", "    name: Văn phòng " + "ă" * 191,
     "yaml_too_long", "name: Văn phòng ă", "201 ký tự"),
    ("an address that the ledger cannot hold", "vhxh@thu.example", "v" * 189 + "@thu.example", "yaml_too_long",
     "email: vvv", "201 ký tự, chỉ nhận nhiều nhất 200"),
    ("no channel at all", "chat: DINHKY_CHAT_VHXH}", "channels: []}", "yaml_empty_list", "channels: []", "ít nhất một"),
    ("an unknown channel of a person", "chat: DINHKY_CHAT_VHXH}", "channels: [emial]}", "yaml_unknown_value", "[emial]",
     "Có phải là “email”?"),
    ("an absence that ends before it begins", "chat: DINHKY_CHAT_VHXH}",
     "away: [{from: 2026-07-17, until: 2026-07-06, deputy: {name: A, email: a@x.example}}]}",
     "plan_ends_before_it_begins", "away: [", "2026-07-06"),
    ("an absence without a deputy", "chat: DINHKY_CHAT_VHXH}", "away: [{from: 2026-07-06, until: 2026-07-17}]}",
     "yaml_missing_key", "away: [", "“deputy”"),
    ("a misspelt key of an absence", "chat: DINHKY_CHAT_VHXH}",
     "away: [{form: 2026-07-06, from: 2026-07-06, until: 2026-07-17, deputy: {name: A, email: a@x.example}}]}",
     "yaml_unknown_key", "away: [", "Có phải là “from”?"),
    ("away twice at once", "chat: DINHKY_CHAT_VHXH}",
     "away: [{from: 2026-07-06, until: 2026-07-17, deputy: {name: A, email: a@x.example}},\n"
     "        {from: 2026-07-17, until: 2026-07-20, deputy: {name: B, email: b@x.example}}]}",
     "plan_away_twice", "        {from: 2026-07-17", "trùng"),
    ("everybody leaves", "chat: DINHKY_CHAT_VHXH}", "until: 2026-08-31}", "plan_nobody_left", "    contacts:",
     "ít nhất một người"),
    ("an approver who cannot log in", "name: Báo cáo quý", "name: Báo cáo quý\n"
     "    approver: {user: lanhdo, name: A, title: B, email: a@x.example}", "plan_unknown_user", "user: lanhdo",
     "Có phải là “lanhdao”?"),
    ("an unknown unit", "units: [vhxh, vp]", "units:\n      - vhxh\n      - vhxhh", "plan_unknown_unit",
     "      - vhxhh", "Có phải là “vhxh”?"),
    ("an unknown lead", "lead: [vp]", "lead: [vpp]", "plan_unknown_unit", "[vpp]", "Có phải là “vp”?"),
    ("an unknown compiler", "compiler: vhxh", "compiler: vhx", "plan_unknown_unit", "compiler", "Có phải là “vhxh”?"),
    ("an unknown channel", "channel: portal", "channel: portall", "plan_unknown_channel", "portall",
     "Có phải là “portal”?"),
    ("the same ref twice", "ref: T-3", "ref: T-2", "plan_duplicate_ref", "ref: T-2\n    source: Mục 3",
     f"dòng {line_of('ref: T-2')}"),
    ("the same unit twice", "code: vp\n    name: Văn phòng", "code: vp\n    name: Văn phòng\n  - {code: vp, name: Hai}",
     "plan_duplicate_unit", "{code: vp", f"dòng {line_of('code: vp')}"),
    ("a report without a cadence", "    cadence: quarterly\n", "", "plan_key_needed_by_kind", "kind: report",
     "cadence"),
    ("a report without a form", "    form: communication_quarter\n", "", "plan_key_needed_by_kind", "kind: report",
     "form"),
    ("posts without a count", "    count: 2\n", "", "plan_key_needed_by_kind", "kind: posts", "count"),
    ("posts without a cadence", "    cadence: monthly\n", "", "plan_key_needed_by_kind", "kind: posts", "cadence"),
    ("a standing duty with a cadence", "kind: continuous", "kind: continuous\n    cadence: yearly",
     "plan_key_meaningless_for_kind", "cadence: yearly", "continuous"),
    ("posts that lock at an hour", "count: 2", 'count: 2\n    locks_at: "10:00"', "plan_key_meaningless_for_kind",
     'locks_at: "10:00"', "không có tác dụng"),
    ("a report that counts", "form: communication_quarter", "form: communication_quarter\n    count: 3",
     "plan_key_meaningless_for_kind", "count: 3", "“count”"),
    ("two due rules", "cadence: quarterly\n    due: {day_of_last_month: 15, roll: forward}",
     "cadence: yearly\n    due:\n      day_of_last_month: 15\n      within_month: 4", "plan_due_alternatives",
     "within_month: 4", "2 cách"),
    ("one day for many rounds", "day_of_last_month: 15", "on: 2026-03-16", "plan_due_once_a_year", "on: 2026-03-16",
     "quarterly"),
    ("a month for many rounds", "day_of_last_month: 15", "within_month: 4", "plan_due_once_a_year", "within_month: 4",
     "yearly hoặc once"),
    ("a due day of another year", "cadence: quarterly\n    due: {day_of_last_month: 15",
     "cadence: once\n    due: {on: 2027-03-15", "plan_day_outside_year", "on: 2027", "năm 2026"),
    ("a plan that takes effect after its year", "effective_from: 2026", "effective_from: 2027",
     "plan_day_outside_year", "effective_from", "2027-03-05"),
    ("a deadline that nobody set", "    quote: 02 tin bài/tháng\n", "", "plan_when_neither_quoted_nor_assumed",
     "ref: T-2", "assumed"),
    ("a rota of duties that each unit has", "per_unit: true", "per_unit: true\n    rota: true",
     "plan_rota_of_each_unit", "rota: true", "chỉ chọn một cách"),
    ("a reminder set twice", "count: 2", "count: 2\n    reminders: {before: [3, 1, 3]}", "plan_reminder_twice",
     "reminders: {before", "ghi 3 nhiều lần"),
    ("a reminder too far ahead", "year: 2026", "year: 2026\nreminders:\n  before: [3, 21]", "yaml_expected_number",
     "  before: [3, 21]", "từ 0 đến 20"),
    ("an overdue reminder on the day itself", "year: 2026", "year: 2026\nreminders:\n  overdue: [0, 1]",
     "yaml_expected_number", "  overdue: [0, 1]", "từ 1 đến 20"),
    ("a reminder in words", "year: 2026", "year: 2026\nreminders:\n  after_return: hai ngày", "yaml_expected_number",
     "  after_return: hai", "“hai ngày”"),
    ("one number for a list of reminders", "year: 2026", "year: 2026\nreminders: {before: 3}", "yaml_expected_list",
     "reminders: {before: 3}", "“before”"),
    ("a misspelt kind of reminder", "year: 2026", "year: 2026\nreminders: {befor: [3]}", "yaml_unknown_key",
     "reminders: {befor", "Có phải là “before”?"),
    ("reminders of a standing duty", "kind: continuous", "kind: continuous\n    reminders: {before: [1]}",
     "plan_key_meaningless_for_kind", "reminders: {before", "“reminders”"),
    ("an override of no rota", "    per_unit: true\n",
     "    rota_overrides:\n      - {period: 2026-03, units: [vp], reason: Nghỉ phép}\n", "plan_override_without_rota",
     "rota_overrides", "rota: true"),
    ("a rota for a report", "form: communication_quarter", "form: communication_quarter\n    rota: true",
     "plan_key_meaningless_for_kind", "rota: true", "“rota”"),
    ("a longer report of nothing", "    unit_due_working_days_before: 1\n", "    compiled_from: T-9\n",
     "plan_unknown_shorter_report", "compiled_from", "“T-9”"),
    ("a moved period that the duty has not", "    count: 2\n",
     "    count: 2\n    moved:\n      - {period: 2026-Q2, due: 2026-06-17, reason: Bận}\n", "plan_unknown_period",
     "{period: 2026-Q2", "2026-02"),
    ("a cancelled period twice", "    count: 2\n",
     "    count: 2\n    cancelled:\n      - {period: 2026-08, reason: Bão}\n"
     "      - {period: 2026-08, reason: Lụt}\n", "plan_period_twice", "{period: 2026-08, reason: Lụt", "đã ghi ở dòng"),
    ("a due date moved to another time altogether", "    count: 2\n",
     "    count: 2\n    moved:\n      - {period: 2026-08, due: 2036-08-17, reason: Bận}\n", "plan_day_outside_year",
     "2036-08-17", "2036"),
    ("a unit that ends before it begins", "    name: Văn phòng",
     "    name: Văn phòng\n    since: 2026-07-01\n    until: 2026-06-30", "plan_ends_before_it_begins",
     "until: 2026-06-30", "2026-07-01"),
    ("a duty that ends before it begins", "    count: 2\n",
     "    count: 2\n    since: 2026-07-01\n    until: 2026-06-30\n",
     "plan_ends_before_it_begins", "until: 2026-06-30", "2026-07-01"),
    ("a successor of a unit that goes on", "    name: Văn phòng", "    name: Văn phòng\n    succeeded_by: [vhxh]",
     "plan_successor_without_end", "succeeded_by", "until"),
    ("a unit that succeeds itself", "    name: Văn phòng",
     "    name: Văn phòng\n    until: 2026-06-30\n    succeeded_by: [vp]", "plan_successor_of_itself", "succeeded_by",
     "chính mình"),
    ("an unknown successor", "    name: Văn phòng",
     "    name: Văn phòng\n    until: 2026-06-30\n    succeeded_by: [vpp]", "plan_unknown_unit", "succeeded_by",
     "Có phải là “vp”?"),
    ("an id that is not the file's", "id: thu-2026", "id: thu-2027", "plan_id_is_not_file_name", "id:",
     "thu-2027.yaml"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("good", "bad", "code", "told_at", "said"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES]
)
def test_every_mistake_is_told_by_line_with_what_is_expected(
    tmp_path: Path, good: str, bad: str, code: str, told_at: str, said: str
) -> None:
    assert good in GOOD
    text = GOOD.replace(good, bad, 1)
    path = tmp_path / "thu-2026.yaml"
    path.write_bytes(text.encode())

    [problem] = problems_of(path) or ()

    line = line_of(told_at, text)
    assert (problem.code, problem.where, problem.params["line"]) == (code, f"thu-2026.yaml:{line}", line)
    sentence = WORDS.sentence(problem)
    assert sentence.startswith(f"thu-2026.yaml, dòng {line}: ")
    assert said in sentence


def test_a_longer_report_needs_a_shorter_one(tmp_path: Path) -> None:
    longer = """  - ref: T-4
    source: Mục 4
    quote: 6 tháng
    name: Báo cáo 6 tháng
    kind: report
    cadence: quarterly
    compiled_from: T-1
    form: communication_quarter
    lead: [vhxh]
    units: all
"""
    path = tmp_path / "thu-2026.yaml"
    path.write_text(GOOD.rstrip() + "\n" + longer, "utf-8")
    [problem] = problems_of(path) or ()
    assert problem.code == "plan_shorter_report_is_not_shorter"
    assert "không ngắn hơn" in WORDS.sentence(problem)

    longer = longer.replace("quarterly", "half_yearly")
    path.write_text(GOOD.rstrip() + "\n" + longer, "utf-8")
    assert problems_of(path) is None

    path.write_text(GOOD.rstrip() + "\n" + longer + "    unit_due_working_days_before: 1\n", "utf-8")
    [problem] = problems_of(path) or ()
    assert problem.code == "plan_longer_report_asks"
    assert "không thu số liệu của đơn vị" in WORDS.sentence(problem)


def test_an_id_that_the_ledger_cannot_hold_is_told_by_its_length(tmp_path: Path) -> None:
    plan_id = "thu-" + "2" * 77
    path = tmp_path / f"{plan_id}.yaml"
    path.write_bytes(GOOD.replace("thu-2026", plan_id, 1).encode())

    [problem] = problems_of(path) or ()

    assert (problem.code, problem.params["line"]) == ("yaml_too_long", 1)
    assert "81 ký tự, chỉ nhận nhiều nhất 80" in WORDS.sentence(problem)


def test_what_just_fits_the_ledger_is_allowed(tmp_path: Path) -> None:
    plan_id = "thu-" + "2" * 76
    path = tmp_path / f"{plan_id}.yaml"
    fitting = GOOD.replace("thu-2026", plan_id, 1).replace("ref: T-3", "ref: T-" + "3" * 18)
    fitting = fitting.replace("name: Văn phòng", "name: Văn phòng " + "ă" * 190)
    path.write_bytes(fitting.replace("vhxh@thu.example", "v" * 188 + "@thu.example").encode())

    assert problems_of(path) is None


def test_every_sentence_about_yaml_and_plan_mistakes_has_a_mistake_that_shows_it() -> None:
    shown_elsewhere = {
        *("yaml_file_missing", "yaml_file_unreadable", "yaml_encoding", "yaml_empty", "yaml_too_deep"),
        *("plan_unusable", "plan_folder_missing", "plan_assumption"),
        *("plan_shorter_report_is_not_shorter", "plan_longer_report_asks"),
    }
    sentences = yaml.safe_load((TEMPLATES / "problems/plan.yaml").read_text("utf-8"))

    written_for = {code for code in sentences if code.startswith(("yaml_", "plan_"))}
    assert written_for == {row[3] for row in MISTAKES} | shown_elsewhere


ODD_VALUES = [
    *("", "~", "[]", "{}", "[[]]", "{a: {b: c}}", "all", "on", "0x1F", "1e9", "٣", "2026-13-01"),
    *("!!python/name:os", "&a b"),
]
lines = GOOD.splitlines()
damage = st.one_of(
    st.tuples(st.just("drop"), st.integers(0, len(lines) - 1), st.just("")),
    st.tuples(st.just("repeat"), st.integers(0, len(lines) - 1), st.just("")),
    st.tuples(st.just("value"), st.integers(0, len(lines) - 1), st.sampled_from(ODD_VALUES)),
    st.tuples(st.just("insert"), st.integers(0, len(lines) - 1), st.text(max_size=8)),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(damage, min_size=1, max_size=4))
def test_however_a_file_is_damaged_it_is_read_or_every_problem_has_a_sentence(
    tmp_path: Path, damages: list[tuple[str, int, str]]
) -> None:
    text = list(lines)
    for what, position, value in damages:
        line = text[min(position, len(text) - 1)]
        changed = {
            "drop": [],
            "repeat": [line, line],
            "value": [line.partition(":")[0] + ": " + value],
            "insert": [value + line],
        }
        text[min(position, len(text) - 1) : min(position, len(text) - 1) + 1] = changed[what] or [""]
    path = tmp_path / "thu-2026.yaml"
    damaged = "\n".join(text)
    path.write_bytes(damaged.encode())

    problems = problems_of(path)

    assert all(WORDS.sentence(problem).startswith("thu-2026.yaml, dòng ") for problem in problems or ())
    assert all(1 <= problem.params["line"] <= len(damaged.splitlines()) + 1 for problem in problems or ())
    assert problems != ()
