"""What a unit's task shows, and a round's rates."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dinhky.domain.assignment import State
from dinhky.rounds.lookup import round_of
from dinhky.rounds.reporting import compile_report
from dinhky.rounds.standing import outcome, standings

ROUND = "phuc-loi-2026/PL-5/2026-Q1"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}+07:00")


LOCK = at("16T10:00")
ONE_SECOND = timedelta(seconds=1)


def put(commune, state: State) -> None:
    """Bring the HĐND office's part to a state, as the field would."""
    if state is State.RETURNED:
        commune.receive("vp", commune.sample["vhxh"][0].data, at("12T09:00"))
    if state in {State.ACCEPTED, State.COMPILED}:
        commune.answer("vp")
    if state is State.COMPILED:
        compile_report(commune.office, ROUND, at("13T09:00"))
    if state in {State.SUBMITTED, State.NIL, State.WAIVED}:
        with commune.office.ledger.transaction() as ledger:
            ledger.move(ROUND, "vp", state, at=at("12T09:00"), actor="vhxh", reason="Không phát sinh")


@pytest.mark.parametrize(
    ("state", "until_the_lock", "afterwards"),
    [
        (State.OPEN, "waiting", "missing"),
        (State.SUBMITTED, "waiting", "missing"),
        (State.RETURNED, "waiting", "missing"),
        (State.ACCEPTED, "answered", "answered"),
        (State.COMPILED, "answered", "answered"),
        (State.NIL, "answered", "answered"),
        (State.WAIVED, "waived", "waived"),
    ],
)
def test_what_a_unit_s_task_shows_for_each_state(commune, state, until_the_lock, afterwards):
    put(commune, state)
    assert commune.assignment("vp").state is state
    shown = [outcome(commune.office, ROUND, "vp", moment) for moment in (LOCK - ONE_SECOND, LOCK, LOCK + ONE_SECOND)]
    assert shown == [until_the_lock, until_the_lock, afterwards]


def test_a_unit_that_the_round_does_not_ask_has_no_task(commune):
    with pytest.raises(LookupError, match="tdp"):
        outcome(commune.office, ROUND, "tdp", LOCK)


def test_every_round_of_the_year_stands_in_the_table_and_only_opened_ones_have_assignments(commune):
    found = standings(commune.office, commune.office.plans["phuc-loi-2026"])
    assert [standing.round.due for standing in found] == sorted(standing.round.due for standing in found)
    (opened,) = [standing for standing in found if standing.opened]
    assert (opened.round.id, len(opened.assignments)) == (ROUND, 7)
    assert all(not standing.assignments for standing in found if not standing.opened)


def rates(commune) -> tuple[int, int, int]:
    found = standings(commune.office, commune.office.plans["phuc-loi-2026"])
    (rates,) = [standing.rates for standing in found if standing.opened]
    return rates.expected, rates.actual, rates.on_time


@pytest.mark.parametrize(
    ("state", "moment", "expected"),
    [
        (None, None, (7, 0, 0)),
        (State.ACCEPTED, "13T23:59:59", (7, 1, 1)),
        (State.ACCEPTED, "14T00:00:00", (7, 1, 0)),
        (State.NIL, "13T23:59:59", (7, 1, 1)),
        (State.NIL, "14T00:00:00", (7, 1, 0)),
        (State.WAIVED, "14T00:00:00", (6, 0, 0)),
    ],
)
def test_a_waived_unit_counts_nowhere_and_an_answer_counts_as_on_time_until_the_units_due_second(
    commune, state, moment, expected
):
    if state is State.ACCEPTED:
        commune.answer("vp", at(moment))
    elif state:
        with commune.office.ledger.transaction() as ledger:
            ledger.move(ROUND, "vp", state, at=at(moment), actor="vhxh", reason="Không phát sinh")
    assert rates(commune) == expected


def test_an_id_with_too_many_or_too_few_parts_names_no_round(commune):
    from dinhky.domain.errors import UnknownName

    for wrong in ("phuc-loi-2026", "phuc-loi-2026/PL-5", f"{ROUND}/v1", "x/PL-5/2026-Q1"):
        with pytest.raises(UnknownName):
            round_of(commune.office, wrong)
