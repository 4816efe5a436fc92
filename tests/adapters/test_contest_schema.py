"""The `contest:` of a plan file: read as it is, and every contradiction told by line in a sentence."""

from datetime import date
from pathlib import Path

import pytest

from dinhky.calendar_files import working_calendar
from dinhky.domain.contest import PhaseKind, Prize, contest_feasibility
from dinhky.domain.errors import PlanError, Problem
from dinhky.domain.local_time import local
from dinhky.domain.schedule import find_round
from dinhky.plan_files import read_plan
from dinhky.wording import TemplateWords

REPOSITORY = Path(__file__).parents[2]
WORDS = TemplateWords(REPOSITORY / "include/templates/messages")
PLANS = REPOSITORY / "include/data/plans"
GOOD = (PLANS / "phuc-loi-2026.yaml").read_text("utf-8")
ENTRIES = "{phase: entries, opens: 2026-03-17, due: 2026-04-10}"
FINAL = "{phase: final, opens: 2026-04-20, due: 2026-04-23}"
SENT_ON = "{phase: sent_on, opens: 2026-04-29, due: 2026-04-29}"

# (what is wrong, the good text, the bad text, the code, what the sentence says)
MISTAKES = [
    ("phases in the wrong order", "phase: launch", "phase: award", "contest_phase_order", "preliminary"),
    ("no final", f"        - {FINAL}\n", "", "contest_phase_missing", "“final”"),
    ("an unknown phase", "phase: final", "phase: finals", "yaml_unknown_value", "Có phải là “final”?"),
    ("a phase that ends before it begins", ENTRIES, ENTRIES.replace("04-10", "03-10"), "contest_phase_ends_early",
     "2026-03-10"),
    ("phases that overlap", FINAL, FINAL.replace("04-20", "04-17"), "contest_phase_overlaps", "2026-04-17"),
    ("a phase in another year", SENT_ON, SENT_ON.replace("2026-04", "2027-04"), "plan_day_outside_year", "2027-04-29"),
    ("a phase after the duty is due", SENT_ON, SENT_ON.replace("due: 2026-04-29", "due: 2026-05-04"),
     "contest_ends_after_due", "2026-04-30"),
    ("two jurors of one code", "code: gk2", "code: gk1", "contest_duplicate", "“gk1” đã dùng ở dòng"),
    ("two criteria of one code", "code: effect", "code: reach", "contest_duplicate", "“reach”"),
    ("two prizes of one name", "name: Giải Ba", "name: Giải Nhì", "contest_duplicate", "“Giải Nhì”"),
    ("a juror with a unit's code", "code: gk1", "code: vhxh", "contest_juror_is_unit", "gk_vhxh"),
    ("a juror of an unknown unit", "unit: kthtdt, email: giamkhao3", "unit: kthtd, email: giamkhao3",
     "plan_unknown_unit", "Có phải là “kthtdt”?"),
    ("a tie broken by nothing", "tie_break: [novelty,", "tie_break: [noveltyy,", "contest_unknown_criterion",
     "Có phải là “novelty”?"),
    ("more prizes than finalists", "finalists: 10", "finalists: 9", "contest_too_many_prizes", "tổng cộng 10 giải"),
    ("more sent on than finalists", "count: 3\n    assumed", "count: 30\n    assumed", "contest_too_many_sent_on",
     "30 bài"),
    ("points without end", "max_points: 30", "max_points: 0", "yaml_expected_number", "từ 1 đến 100"),
]  # fmt: skip


def problems_of(text: str, folder: Path) -> tuple[Problem, ...]:
    path = folder / "phuc-loi-2026.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(PlanError) as refused:
        read_plan(path)
    return refused.value.problems


@pytest.mark.parametrize(("good", "bad", "code", "says"), [pytest.param(*row[1:], id=row[0]) for row in MISTAKES])
def test_a_contradiction_is_told_by_line(tmp_path, good, bad, code, says):
    assert good in GOOD
    found = {problem.code: problem for problem in problems_of(GOOD.replace(good, bad, 1), tmp_path)}
    sentence = WORDS.sentence(found[code])
    assert says in sentence
    assert sentence.startswith(f"phuc-loi-2026.yaml, dòng {found[code].params['line']}: ")


def test_a_contest_without_its_section_and_a_section_without_a_contest_are_told(tmp_path):
    start, end = GOOD.index("    contest:\n"), GOOD.index("    assumed:\n", GOOD.index("    contest:\n"))
    section = GOOD[start:end]
    without = problems_of(GOOD.replace(section, ""), tmp_path)
    assert [(problem.code, problem.params["key"]) for problem in without] == [("plan_key_needed_by_kind", "contest")]
    seminar = "    due: {within_month: 9, roll: backward}\n"
    twice = problems_of(GOOD.replace(seminar, seminar + section), tmp_path)
    assert ("plan_key_meaningless_for_kind", "contest") in [
        (problem.code, problem.params.get("key")) for problem in twice
    ]


def test_phuc_lois_contest_is_read():
    contest = read_plan(PLANS / "phuc-loi-2026.yaml").obligation("PL-6").contest
    assert [phase.kind for phase in contest.phases] == [*PhaseKind]
    assert contest.phase(PhaseKind.ENTRIES).due == date(2026, 4, 10)
    assert contest.most_points == 100
    assert [juror.unit for juror in contest.jurors] == [None, "vhxh", "kthtdt", "mttq", None]
    assert contest.prizes[1] == Prize("Giải Nhì", 2)
    assert (contest.finalists, contest.sent_on_count) == (10, 3)


@pytest.mark.parametrize(("plan_id", "ref"), [("phuc-loi-2026", "PL-6"), ("chi-minh-2026", "CM-5")])
def test_the_contests_of_2026_work_on_working_days_and_end_in_time(plan_id, ref):
    calendar = working_calendar(REPOSITORY / "include/data/calendars", 2026, 2026)
    plan = read_plan(PLANS / f"{plan_id}.yaml")
    obligation = plan.obligation(ref)
    round_ = find_round(plan, ref, "2026", calendar)
    assert (
        contest_feasibility(round_.id, obligation.contest, calendar, plan.effective_from, local(round_.due).date())
        == []
    )
    assert obligation.is_assumed("contest")


def test_what_is_advised_before_a_contest_has_sentences(tmp_path):
    text = GOOD.replace("2026-04-13, due: 2026-04-17", "2026-04-11, due: 2026-04-17")
    text = "\n".join(line for line in text.splitlines() if "code: gk5" not in line)
    path = tmp_path / "phuc-loi-2026.yaml"
    path.write_text(text, "utf-8")
    contest = read_plan(path).obligation("PL-6").contest
    calendar = working_calendar(REPOSITORY / "include/data/calendars", 2026, 2026)
    found = contest_feasibility("phuc-loi-2026/PL-6/2026", contest, calendar, date(2026, 3, 14), date(2026, 4, 28))
    sentences = [WORDS.sentence(problem) for problem in found]
    assert "ban hành kế hoạch cuộc thi kết thúc thứ Sáu, 13/3/2026, trước ngày nhiệm vụ có hiệu lực" in sentences[0]
    assert "chấm sơ khảo bắt đầu hoặc kết thúc vào thứ Bảy, 11/4/2026" in sentences[1]
    assert "gửi bài dự thi cấp trên kết thúc thứ Tư, 29/4/2026, sau thời hạn" in sentences[2]
    assert "có 4 người" in sentences[3]
