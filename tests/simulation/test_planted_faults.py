"""The oracle is only worth something if it sees what is wrong: one fault at a time, planted in the system."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from dinhky import bootstrap
from dinhky.domain import assignment, chase, posts, schedule
from dinhky.domain.errors import PermanentDeliveryError
from dinhky.domain.plan import Roll
from dinhky.domain.reminders import Reminders
from dinhky.domain.scoring import told_scores
from dinhky.intake import receive as door
from dinhky.ledger.transaction import SqlTransaction
from dinhky.rounds import chasing, contest_answers, dispatching
from dinhky.rounds.kept_messages import Letter
from dinhky.simulation import playing, tick_grid
from dinhky.simulation.behaviour import Behaviour
from dinhky.simulation.broken import Broken
from dinhky.simulation.played import Played
from dinhky.simulation.promises import broken_in_a_closed_year, broken_promises
from dinhky.simulation.recording import RecordingChannel, Sent
from dinhky.simulation.setting import reading_of


class OtherWords:
    """The office's words, with a change to every message of some templates."""

    def __init__(self, words, begin, change):
        self._words, self._begin, self._change = words, begin, change

    def __getattr__(self, name):
        return getattr(self._words, name)

    def letter(self, name, /, **facts):
        letter = self._words.letter(name, **facts)
        if name.startswith(self._begin):
            return Letter(self._change(letter.subject), self._change(letter.body), self._change(letter.section))
        return letter


def words_changed(begin, change):
    return lambda office: {"words": OtherWords(office.words, begin, change)}


class OtherReports:
    def __init__(self, reports, change):
        self._reports, self._change = reports, change

    def __getattr__(self, name):
        return getattr(self._reports, name)

    def compile(self, plan, round_, answers):
        compiled = self._reports.compile(plan, round_, answers)
        self._change(compiled.facts)
        return compiled


@pytest.mark.parametrize(
    ("plan", "seed"), [("vung-ang-2026", 3), ("xuan-dam-2025", 2), ("canh-vinh-2026", 3), ("canh-vinh-2026", 5)]
)
def test_nothing_is_broken_if_nothing_is_planted(broken_in, plan, seed):
    assert broken_in(plan, seed) == []


@pytest.mark.parametrize("kind", ["opening", "T-3", "T-1", "T-0", "escalation", "tally", "products", "standing"])
def test_a_message_that_is_never_queued(monkeypatch, broken_in, kind):
    queue = SqlTransaction.queue
    dropped: list[str] = []

    def forgetful(self, message, at, **more):
        if message.kind == kind and (not dropped or message.key in dropped):
            dropped.append(message.key)
            return True
        return queue(self, message, at, **more)

    monkeypatch.setattr(SqlTransaction, "queue", forgetful)
    plan, seed = ("canh-vinh-2026", 1) if kind == "tally" else ("xuan-dam-2025", 2)
    broken = broken_in(plan, seed)
    assert dropped
    assert [(promise.what, promise.kind) for promise in broken] == [(Broken.NEVER_SENT, kind)]


def test_an_answer_that_is_never_queued(monkeypatch, kinds_broken_in):
    queue = SqlTransaction.queue
    monkeypatch.setattr(
        SqlTransaction, "queue", lambda self, one, at, **more: one.kind == "accepted-1" or queue(self, one, at, **more)
    )
    assert kinds_broken_in() == {Broken.NEVER_SENT}


def test_a_message_sent_twice(monkeypatch, broken_in):
    send = RecordingChannel.send

    def stammering(self, queued, files, now):
        if queued.message.kind == "T-3" and not any(one.message.kind == "T-3" for one in self.sent):
            send(self, queued, files, now)
        return send(self, queued, files, now)

    monkeypatch.setattr(RecordingChannel, "send", stammering)
    assert [promise.what for promise in broken_in()] == [Broken.SENT_TWICE]


def test_a_duplicate_post_that_is_counted(monkeypatch, kinds_broken_in):
    monkeypatch.setattr(posts, "distinct_posts", lambda told: (list(told), []))
    assert Broken.WRONG_NUMBER in kinds_broken_in("canh-vinh-2026", 3)


def test_messages_at_night(monkeypatch, kinds_broken_in):
    monkeypatch.setattr(dispatching, "in_office_hours", lambda now, calendar: True)
    assert Broken.OUTSIDE_HOURS in kinds_broken_in("canh-vinh-2026", 1)


def test_wrong_days_left(kinds_broken_in):
    one_more = words_changed(
        "reminder", lambda text: re.sub(r"òn (\d+) ngày", lambda m: f"òn {int(m[1]) + 1} ngày", text)
    )
    assert kinds_broken_in(spoil=one_more) == {Broken.WRONG_DAYS_LEFT}


def test_a_wrong_date(kinds_broken_in):
    other_year = words_changed("opening", lambda text: text.replace("/2026", "/2027"))
    assert kinds_broken_in(spoil=other_year) == {Broken.WRONG_DATE}


def test_a_wrong_weekday(kinds_broken_in):
    other_day = words_changed("reminder", lambda text: re.sub(r"thứ \w+,", "thứ Tám,", text))
    assert Broken.WRONG_DATE in kinds_broken_in(spoil=other_day)


@pytest.mark.parametrize("figure", ["posts", "activities", "participants"])
def test_a_changed_number_in_a_report(broken_in, figure):
    def change(facts):
        facts["totals"][figure] += 1

    broken = broken_in(spoil=lambda office: {"reports": OtherReports(office.reports, change)})
    assert {(promise.what, promise.kind) for promise in broken} == {(Broken.WRONG_NUMBER, f"report: {figure}")}


def test_a_unit_left_out_of_those_missing_in_a_report(kinds_broken_in):
    def change(facts):
        facts["reporting"]["missing"] = []

    spoil = lambda office: {"reports": OtherReports(office.reports, change)}  # noqa: E731
    assert kinds_broken_in("xuan-dam-2025", 2, spoil) == {Broken.WRONG_NUMBER}


def test_progress_that_is_behind_the_tally(kinds_broken_in):
    stale = words_changed("reminder_posts", lambda text: re.sub(r"mới có \d+/", "mới có 9/", text))
    assert kinds_broken_in("canh-vinh-2026", 1, stale) == {Broken.WRONG_NUMBER}


def test_an_escalation_without_a_name(kinds_broken_in):
    nameless = words_changed("escalation", lambda text: re.sub(r"(?m)^- .*$", "- ?", text))
    assert kinds_broken_in("xuan-dam-2025", 2, nameless) == {Broken.WRONG_NUMBER}


def test_reminders_to_those_who_have_answered(monkeypatch, kinds_broken_in):
    monkeypatch.setattr(assignment, "SETTLED", frozenset({assignment.State.WAIVED}))
    assert Broken.NOT_WANTED in kinds_broken_in()


def test_a_reminder_for_a_day_that_is_over(monkeypatch, kinds_broken_in):
    monkeypatch.setattr(
        chasing, "reminder_due", lambda round_, done, now, calendar, by=None: None if "T-3" in done else "T-3"
    )
    assert Broken.OVERTAKEN in kinds_broken_in()


def test_a_juror_who_counts_for_nothing(monkeypatch, broken_in):
    def scores(juror, rows):
        told = told_scores(juror, rows)
        return told if juror != "gk1" else [replace(one, points=dict.fromkeys(one.points, Fraction())) for one in told]

    monkeypatch.setattr(contest_answers, "told_scores", scores)
    broken = broken_in("chi-minh-2026", 3)
    assert {(promise.what, promise.kind) for promise in broken} >= {(Broken.WRONG_NUMBER, "contest: ranking")}


def test_files_taken_after_the_lock(monkeypatch, kinds_broken_in):
    monkeypatch.setattr(door, "is_closed", lambda *facts: False)
    assert Broken.WRONG_VERDICT in kinds_broken_in("canh-vinh-2026", 1)


def test_a_message_that_stays_behind(monkeypatch, kinds_broken_in):
    send = RecordingChannel.send

    def refusing(self, queued, files, now):
        if queued.message.kind == "opening":
            raise PermanentDeliveryError("smtp_refused", code=550, reason="no")
        return send(self, queued, files, now)

    monkeypatch.setattr(RecordingChannel, "send", refusing)
    assert kinds_broken_in() == {Broken.NEVER_SENT, Broken.STUCK}


def test_a_message_that_no_rule_knows(kinds_broken_in):
    def invent(played):
        sent = played.sent[0]
        played.sent.append(Sent(sent.at, replace(sent.message, kind="greeting")))

    assert kinds_broken_in(after=invent) == {Broken.UNKNOWN_MESSAGE}


def test_a_report_that_never_goes_out(kinds_broken_in):
    assert kinds_broken_in(after=lambda played: played.reports_sent.clear()) >= {Broken.NO_REPORT}


def test_a_round_that_is_never_opened(monkeypatch, broken_in):
    open_ = playing._Player._open
    monkeypatch.setattr(
        playing._Player,
        "_open",
        lambda self, round_, now: round_.id != "xuan-dam-2025/XD-1/2025-Q2" and open_(self, round_, now),
    )
    assert [(one.what, one.about, one.kind) for one in broken_in("xuan-dam-2025", 2)] == [
        (Broken.NEVER_SENT, "xuan-dam-2025/XD-1/2025-Q2", "round")
    ]


def test_a_round_that_opens_a_day_late(monkeypatch, broken_in):
    at_ = playing._Player._at

    def late(self, moment, turn, act):
        is_one = turn is playing._Turn.OPEN and not self._count
        at_(self, moment + timedelta(days=1) if is_one else moment, turn, act)

    monkeypatch.setattr(playing._Player, "_at", late)
    assert [(one.what, one.kind) for one in broken_in("xuan-dam-2025", 2)] == [(Broken.NEVER_SENT, "round")]


@pytest.mark.parametrize("phase", ["preliminary", "final", "award", "sent_on"])
def test_a_contest_that_is_stuck_before_a_phase(monkeypatch, broken_in, phase):
    open_ = playing._Player._open
    monkeypatch.setattr(
        playing._Player, "_open", lambda self, round_, now: round_.phase != phase and open_(self, round_, now)
    )
    broken = broken_in("chi-minh-2026", 3)
    assert [(one.what, one.about, one.kind) for one in broken] == [
        (Broken.STUCK, f"chi-minh-2026/CM-5.{phase}/2026", "phase")
    ]


@pytest.mark.parametrize("phase", ["entries", "preliminary"])
def test_a_contest_that_is_stuck_after_a_phase(monkeypatch, broken_in, phase):
    close = playing._Player._close_phase
    monkeypatch.setattr(
        playing._Player, "_close_phase", lambda self, round_, now: round_.phase == phase or close(self, round_, now)
    )
    broken = broken_in("chi-minh-2026", 3)
    assert [(one.what, one.about, one.kind) for one in broken] == [
        (Broken.STUCK, f"chi-minh-2026/CM-5.{phase}/2026", "phase end")
    ]


@pytest.mark.parametrize(
    ("kind", "plan", "seed"),
    [
        ("approval-request-v", "chi-minh-2026", 3),
        ("approval-request-v", "xuan-dam-2025", 2),
        ("report-returned-v", "xuan-dam-2025", 3),
    ],
)
def test_what_passes_between_approver_and_compiler(monkeypatch, broken_in, kind, plan, seed):
    queue = SqlTransaction.queue
    monkeypatch.setattr(
        SqlTransaction,
        "queue",
        lambda self, one, at, **more: one.kind.startswith(kind) or queue(self, one, at, **more),
    )
    broken = broken_in(plan, seed)
    assert broken
    assert {one.what for one in broken} == {Broken.NEVER_SENT}
    assert all(one.kind.startswith(kind) for one in broken)


def _of_some_channel(facts):
    facts["channels"][0]["lacking"] += 1


def _of_some_unit(facts):
    facts["units"][0]["activities"] = (facts["units"][0]["activities"] or 0) + 1


def _of_those_late(facts):
    facts["reporting"]["late"] = facts["reporting"]["late"][:-1] or [{"name": facts["units"][0]["name"]}]


def _of_those_missing(facts):
    others = [unit["name"] for unit in facts["units"]]
    for one in facts["reporting"]["missing"]:
        one["name"] = next(name for name in others if name != one["name"])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (_of_some_channel, "lacking"),
        (_of_some_unit, "activities by unit"),
        (_of_those_late, "late"),
        (_of_those_missing, "missing"),
    ],
)
def test_a_fact_of_a_report_that_is_wrong(broken_in, change, what):
    broken = broken_in("xuan-dam-2025", 2, lambda office: {"reports": OtherReports(office.reports, change)})
    assert {(one.what, one.kind) for one in broken} == {(Broken.WRONG_NUMBER, f"report: {what}")}


def _one_more(text):
    return str(int(text) + 1)


@pytest.mark.parametrize(
    ("template", "pattern"),
    [
        ("reminder_posts", r"(còn thiếu )(\d+)()"),
        ("reminder_posts", r"(đã có )(\d+)(/)"),
        ("escalation_posts", r"(Đã có )(\d+)(/)"),
        ("escalation_posts", r"(, còn thiếu )(\d+)()"),
        ("escalation_posts", r"(: đã có )(\d+)()"),
        ("file_accepted", r"(tệp: )(\d+)(\.)"),
        ("file_accepted", r"(đã có )(\d+)(/)"),
        ("file_accepted", r"(, còn thiếu )(\d+)()"),
        ("file_accepted", r"(ghi nhận: )(\d+)( tin bài)"),
        ("file_accepted", r"(tin bài, )(\d+)( hoạt động)"),
        ("tally_posts", r"(?m)(^- [^:\n]+: )(\d+)(/\d+)"),
    ],
)
def test_a_number_in_the_words(broken_in, template, pattern):
    said = words_changed(template, lambda text: re.sub(pattern, lambda m: m[1] + _one_more(m[2]) + m[3], text))
    broken = broken_in("canh-vinh-2026", 5, said)
    assert broken
    assert {one.what for one in broken} == {Broken.WRONG_NUMBER}


def test_a_unit_told_to_be_missing_that_proved_its_product(broken_in):
    said = words_changed("milestone_report", lambda text: re.sub(r"(?m)^(- [^:]+: ).+$", r"\1chưa báo kết quả.", text))
    broken = broken_in("xuan-dam-2025", 2, said)
    assert {(one.what, one.kind) for one in broken} == {(Broken.WRONG_NUMBER, "products")}


def test_a_unit_told_to_be_silent_that_was_not(broken_in):
    said = words_changed(
        "standing_report",
        lambda text: re.sub(r"(?m)^(- [^:]+: ).+$", r"\1không báo cáo nội dung nào trong kỳ", text),
    )
    broken = broken_in("xuan-dam-2025", 2, said)
    assert {(one.what, one.kind) for one in broken} == {(Broken.WRONG_NUMBER, "standing")}


@pytest.mark.parametrize(
    ("template", "pattern", "wrong"),
    [
        ("escalation", r"(?<!gia hạn đến )\d\d:\d\d thứ", "11:11 thứ"),
        ("escalation", r"(chậm nhất thứ \w+, )\d+", r"\g<1>28"),
        ("reminder", r"từ \d+/", "từ 02/"),
        ("opening", r"(đến hết )\d+/", r"\g<1>02/"),
        ("opening", r"(hạn(?: nộp)? )\d+/", r"\g<1>02/"),
    ],
)
def test_a_day_or_an_hour_in_the_words(kinds_broken_in, template, pattern, wrong):
    said = words_changed(template, lambda text: re.sub(pattern, wrong, text))
    assert kinds_broken_in("xuan-dam-2025", 2, said) == {Broken.WRONG_DATE}


@pytest.mark.parametrize("part", ["_rolled", "_nominal_due"])
def test_dates_that_are_worked_out_wrongly(monkeypatch, stage, plans, part):
    right = getattr(schedule, part)
    wrong = {
        "_rolled": lambda day, roll, calendar: right(
            day, Roll.FORWARD if roll is Roll.BACKWARD else Roll.BACKWARD, calendar
        ),
        "_nominal_due": lambda rule, period: right(rule, period) - timedelta(days=1),
    }
    monkeypatch.setattr(schedule, part, wrong[part])
    plan = plans["phuc-loi-2026"]
    calendar = bootstrap.calendar_of(stage.settings, also=[plan])
    rounds = {round_.id: round_ for round_ in schedule.all_rounds_of(plan, calendar)}
    played = Played(plan, Behaviour(plan.id, 0, {}, (), {}), rounds)
    broken = broken_promises(played, calendar, reading_of(stage.settings.include))
    assert (Broken.WRONG_DATE, "round: due") in {(one.what, one.kind) for one in broken}


@pytest.mark.parametrize(("days", "broken"), [(-4, Broken.OVERTAKEN), (-2, Broken.WRONG_DATE)])
def test_a_ladder_that_begins_on_another_day(monkeypatch, kinds_broken_in, days, broken):
    right = chase.unit_ladder

    def wrong(round_, calendar):
        ladder = right(replace(round_, reminders=Reminders(before=(-days, 1, 0))), calendar)
        return [replace(due, step="T-3") if due.step == f"T{days}" else due for due in ladder]

    for module in (chase, tick_grid):
        monkeypatch.setattr(module, "unit_ladder", wrong)
    assert broken in kinds_broken_in("xuan-dam-2025", 2)


@pytest.mark.parametrize("days", [-1, 1])
def test_an_escalation_on_another_day(monkeypatch, kinds_broken_in, days):
    right = chase.escalation_at
    for module in (chase, chasing, tick_grid):
        monkeypatch.setattr(
            module, "escalation_at", lambda round_, calendar: right(round_, calendar) + timedelta(days=days)
        )
    assert Broken.WRONG_DATE in kinds_broken_in("xuan-dam-2025", 2)


def test_a_message_of_a_closed_year(stage, plans):
    sent = stage.play(plans["xuan-dam-2025"], 1).sent[:1]
    assert [promise.what for promise in broken_in_a_closed_year(sent)] == [Broken.CLOSED_YEAR]
