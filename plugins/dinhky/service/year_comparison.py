"""Whether what happened under the real scheduler is what the simulation says happens, for the same behaviour."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from dinhky.domain.chase import Step
from dinhky.domain.digests import eve_of, week_began
from dinhky.domain.local_time import local, start_of_work
from dinhky.domain.plan import Kind
from dinhky.domain.schedule import Round
from dinhky.rounds.correspondence import EMAIL
from dinhky.rounds.digests import DIGEST
from dinhky.rounds.ports import Office
from dinhky.simulation.played import Played

CLOSED_BEFORE = timedelta(days=7)
"""Rounds that lock later than this before the end may still be on their way to being closed."""
ANSWERS = ("accepted", "returned", "held", "refused")
"""Messages whose text names cells and moments: of these only that they were sent is compared. So it is of digests,
which tell how long a report has waited for an approver who, on a fast clock, needs a day to press a button."""
A_WEEK = timedelta(days=7)
DAYS_TO_OPEN = 3
"""An opening notice goes out once a worker has made the workbooks, by when it may be some days later on a clock that
runs a day in seconds: so many working days less may be left. That the number is right is the simulation's affair."""
_DAYS_LEFT = re.compile(r"còn (\d+) ngày làm việc|\((?:(hôm nay)|đã quá hạn)\)")
_CELL = re.compile(r"\bô [A-Z]{1,2}\d+\b")
"""The simulation's plain files have no heads above their rows, and other columns."""
GONE_OUT = frozenset({"sent"})


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same: `what` (missing, extra, text, facts), of which message or report."""

    what: str
    key: str
    expected: str = ""
    found: str = ""


def differences(office: Office, played: Played, first: datetime, last: datetime) -> list[Difference]:
    """What differs in the rounds that had not locked by `first` and had well before `last`.

    Contests are left out: a phase of one day, at whose end a person decides, has no place on a clock that runs a day in
    seconds. They are compared where time is told, in the tests of the use cases.
    """
    compared = {
        round_.id: round_
        for round_ in played.rounds.values()
        if first < round_.locks < last - CLOSED_BEFORE and round_.kind is not Kind.CONTEST and not round_.phase
    }
    digests = {f"{DIGEST}|{played.plan.id}|{day}" for day in _digest_days(office, compared, first, last)}
    with office.ledger.snapshot() as ledger:
        real = _sent(ledger.messages(), compared, digests)
        reports = {round_id: _report_of(ledger, round_id) for round_id in compared}
    expected = _sent(played.outbox, compared, digests)
    found = [*_messages(expected, real)]
    for round_id, facts in reports.items():
        wanted = [compiled.facts for compiled in played.compiled if compiled.round_id == round_id]
        if (facts is None) != (not wanted):
            found.append(Difference("facts", round_id, str(bool(wanted)), str(facts is not None)))
        elif facts is not None:
            found += _facts(round_id, dict(wanted[-1]), facts)
    return found


def _digest_days(office: Office, compared: Mapping[str, Round], first: datetime, last: datetime) -> set[date]:
    """The days of which the digests are compared: on the others, whether there is one hangs on when a report was
    approved, or a contest's phase opened."""
    rounds, calendar = compared.values(), office.calendar
    hanging = {eve_of(local(round_.due).date(), calendar) for round_ in rounds if round_.kind is Kind.REPORT}
    found = {eve_of(local(round_.unit_due).date(), calendar) for round_ in rounds}
    day, end = local(first + A_WEEK).date(), local(last - CLOSED_BEFORE).date()
    while day < end:
        if week_began(day, calendar) == day and any(
            round_.opens + timedelta(days=DAYS_TO_OPEN) <= start_of_work(day) <= round_.locks for round_ in rounds
        ):
            found.add(day)
        day += timedelta(days=1)
    return {day for day in found - hanging if local(first + A_WEEK).date() <= day < end}


def _sent(
    rows: list[dict[str, Any]], compared: Mapping[str, Round], digests: Collection[str]
) -> dict[str, dict[str, Any]]:
    """The emails of these rounds that went out, and these digests. No chat address is set for a play, so there is none
    under Airflow."""
    return {
        row["key"]: row
        for row in rows
        if row["channel"] == EMAIL
        and row["state"] in GONE_OUT
        and (row["round_id"] in compared or row["key"].rpartition("|")[0] in digests)
    }


def _messages(expected: Mapping[str, dict[str, Any]], real: Mapping[str, dict[str, Any]]) -> Iterator[Difference]:
    for key in sorted(expected.keys() - real.keys()):
        yield Difference("missing", key, expected[key]["subject"])
    for key in sorted(real.keys() - expected.keys()):
        yield Difference("extra", key, found=real[key]["subject"])
    for key in sorted(expected.keys() & real.keys()):
        if not expected[key]["kind"].startswith((*ANSWERS, DIGEST)):
            may_be_later = expected[key]["kind"] == Step.OPENING.value
            for part in ("subject", "body"):
                if not says_the_same(expected[key][part], real[key][part], may_be_later=may_be_later):
                    yield Difference("text", key, expected[key][part], real[key][part])


def says_the_same(expected: str, found: str, *, may_be_later: bool) -> bool:
    """Whether two texts are the same, wherever in a workbook the cells are that they speak of.

    One that `may_be_later` may say that some days less are left.
    """
    expected, found = (_CELL.sub("ô", text) for text in (expected, found))
    if not may_be_later or expected == found:
        return expected == found
    left, left_really = ([_days_left(phrase) for phrase in _DAYS_LEFT.finditer(text)] for text in (expected, found))
    is_near = len(left) == len(left_really) and all(
        0 <= one - really <= DAYS_TO_OPEN for one, really in zip(left, left_really, strict=True)
    )
    return is_near and _DAYS_LEFT.sub("", expected) == _DAYS_LEFT.sub("", found)


def _days_left(phrase: re.Match[str]) -> int:
    """So many, none today, and one less than none once the day is over."""
    days, is_today = phrase.groups()
    return int(days) if days else 0 if is_today else -1


def _facts(round_id: str, expected: Mapping[str, Any], real: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted(expected.keys() | real.keys()):
        wanted, found = _without_rows(expected.get(name)), _without_rows(real.get(name))
        if wanted != found:
            yield Difference("facts", f"{round_id}: {name}", str(wanted), str(found))


def _without_rows(value: Any) -> Any:
    """The same without the numbers of workbooks' rows: the simulation's plain files have no heads above their rows."""
    if isinstance(value, dict):
        return {name: _without_rows(part) for name, part in value.items() if name != "row"}
    return [_without_rows(part) for part in value] if isinstance(value, list) else value


def _report_of(ledger: Any, round_id: str) -> dict[str, Any] | None:
    version = ledger.latest_report(round_id)
    return ledger.report_facts(version.id) if version else None
