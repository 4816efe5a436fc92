"""Reminders by other ladders than the usual: nothing is broken by them, and the oracle sees what goes wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from dinhky.domain.plan import MovedDue, Plan
from dinhky.domain.reminder_budget import Leave
from dinhky.domain.reminders import Reminders
from dinhky.ledger.transaction import SqlTransaction
from dinhky.rounds import chasing, last_look
from dinhky.rounds.kept_messages import Letter
from dinhky.simulation import playing
from dinhky.simulation.broken import Broken

OFTEN = Reminders(before=(6, 4, 3, 2, 1, 0), overdue=(1, 2, 3), after_return=1)


def often(plan: Plan) -> Plan:
    """Units are reminded nearly every day: a week's letters do not suffice."""
    return replace(plan, reminders=OFTEN)


def crowded(plan: Plan, day: date = date(2026, 9, 18)) -> Plan:
    """The third quarter's figures are due on Thursday 17 September, and reminded of nearly every day; a product is due
    on the Friday, and reminded of on that day only."""
    friday = {"moved": (MovedDue("2026", day, "Lùi hạn"),), "reminders": Reminders(before=(0,), overdue=(2,))}
    duties = tuple(replace(one, **friday) if one.ref == "VA-4" else one for one in plan.obligations)
    return replace(often(plan), obligations=duties)


@pytest.mark.parametrize(
    ("plan", "seed", "change"),
    [
        ("xuan-dam-2025", 2, often),
        ("vung-ang-2026", 2, often),
        ("vung-ang-2026", 7, crowded),
        ("vung-ang-2026", 8, crowded),
        ("canh-vinh-2026", 5, often),
    ],
)
def test_whatever_ladder_a_plan_sets_every_promise_is_kept(broken_in, plan, seed, change):
    assert broken_in(plan, seed, change=change, whole_year=True) == []


def test_the_budget_ignored(monkeypatch, kinds_broken_in):
    monkeypatch.setattr(last_look, "leave_for", lambda letters, today, calendar, *, is_overdue: Leave(today, today))
    assert Broken.TOO_MANY_A_WEEK in kinds_broken_in("vung-ang-2026", 2, change=often)


def test_a_second_letter_on_a_day(monkeypatch, broken_in):
    def one_by_one(office, batch):
        return [[row] for row in batch]

    monkeypatch.setattr(SqlTransaction, "reminder_letters", lambda self, *about, **more: [])
    monkeypatch.setattr(SqlTransaction, "take_along", lambda self, *about: [])
    monkeypatch.setattr("dinhky.rounds.dispatching.bundles", one_by_one)
    same_day = lambda plan: crowded(plan, date(2026, 9, 17))  # noqa: E731
    assert Broken.TOO_MANY_A_DAY in {
        one.what for one in broken_in("vung-ang-2026", 8, change=same_day, whole_year=True)
    }


def test_what_the_last_letter_of_a_week_ought_to_have_told(monkeypatch, broken_in):
    right = last_look.leave_for
    monkeypatch.setattr(
        last_look,
        "leave_for",
        lambda letters, today, calendar, *, is_overdue: replace(
            right(letters, today, calendar, is_overdue=is_overdue), tells_until=today
        ),
    )
    broken = broken_in("vung-ang-2026", 8, change=crowded, whole_year=True)
    assert {(one.about, one.kind) for one in broken} == {("vung-ang-2026/VA-4/2026", "T-0")}
    assert Broken.NEVER_SENT in {one.what for one in broken}  # to some it went along with what was overdue on Friday


@pytest.mark.parametrize(("late", "plan", "seed"), [("T+1", "xuan-dam-2025", 2), ("T+3", "xuan-dam-2025", 2)])
def test_an_overdue_step_that_is_dropped(monkeypatch, broken_in, late, plan, seed):
    right = chasing.overdue_reminder_due
    monkeypatch.setattr(
        chasing,
        "overdue_reminder_due",
        lambda *facts: None if (step := right(*facts)) == late else step,
    )
    assert {(one.what, one.kind) for one in broken_in(plan, seed)} == {(Broken.NEVER_SENT, late)}


def test_a_file_sent_back_that_nobody_is_reminded_of(monkeypatch, broken_in):
    monkeypatch.setattr(chasing, "_is_to_be_mended", lambda *facts: False)
    assert {(one.what, one.kind) for one in broken_in("vung-ang-2026", 2)} == {(Broken.NEVER_SENT, "mend")}


def test_a_file_sent_back_that_is_reminded_of_too_soon(monkeypatch, broken_in):
    right = chasing.mend_reminder_at
    soon = Reminders(after_return=1)
    monkeypatch.setattr(
        chasing, "mend_reminder_at", lambda round_, *more: right(replace(round_, reminders=soon), *more)
    )
    monkeypatch.setattr(playing, "mend_reminder_at", chasing.mend_reminder_at)
    assert (Broken.WRONG_DATE, "mend") in {(one.what, one.kind) for one in broken_in("vung-ang-2026", 2)}


@pytest.mark.parametrize(
    ("pattern", "wrong", "broken"),
    [(r"(uá hạn )\d+", r"\g<1>9", Broken.WRONG_DAYS_LEFT), (r"\d\d:\d\d thứ", "11:11 thứ", Broken.WRONG_DATE)],
)
def test_a_number_or_an_hour_in_a_reminder_of_what_is_overdue(kinds_broken_in, pattern, wrong, broken):
    class OtherWords:
        def __init__(self, words):
            self._words = words

        def __getattr__(self, name):
            return getattr(self._words, name)

        def letter(self, name, /, **facts):
            letter = self._words.letter(name, **facts)
            if name != "reminder_overdue":
                return letter
            return Letter(*(re.sub(pattern, wrong, text) for text in (letter.subject, letter.body, letter.section)))

    spoil = lambda office: {"words": OtherWords(office.words)}  # noqa: E731
    assert kinds_broken_in("xuan-dam-2025", 2, spoil) <= {broken, Broken.WRONG_NUMBER}
    assert kinds_broken_in("xuan-dam-2025", 2, spoil)
