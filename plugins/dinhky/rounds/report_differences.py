"""What is different in a newer version of a report, for whoever has to approve it after another one was sent.

It is read from the facts of the two versions, so it says exactly what their documents state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dinhky.rounds.kept_reports import ReportVersion
from dinhky.rounds.ports import LedgerTransaction

_OF_THE_WHOLE = {"totals": ("posts", "activities", "participants"), "reporting": ("expected", "actual", "on_time")}
_OF_EACH: dict[str, tuple[str, ...]] = {
    "channels": ("posts",),
    "units": ("state", "late", "posts", "activities", "participants"),
}


@dataclass(frozen=True)
class ReportDifference:
    """One figure that is another: `what` names it, `whose` the unit or channel, empty for the whole report.

    `before` or `after` is None where nobody knows the figure, or there was no such unit.
    """

    what: str
    whose: str
    before: Any
    after: Any


def differences_to_sent(
    ledger: LedgerTransaction, version: ReportVersion
) -> tuple[ReportVersion, list[ReportDifference]] | None:
    """The version that was sent before this one, and what is different since; None if none was."""
    sent = ledger.sent_report(version.round_id)
    if sent is None or sent.version >= version.version:
        return None
    return sent, list(differences(ledger.report_facts(sent.id), ledger.report_facts(version.id)))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ReportDifference]:
    """The figures of two versions of a report that are not the same: of the whole, by channel, by unit."""
    for section, figures in _OF_THE_WHOLE.items():
        for name in figures:
            yield from _changed(name, "", before[section][name], after[section][name])
    for listed, names in _OF_EACH.items():
        was, now = _by_code(before[listed]), _by_code(after[listed])
        for code in dict.fromkeys([*was, *now]):
            one, other = was.get(code, {}), now.get(code, {})
            whose = (other or one)["name"]
            for name in names:
                yield from _changed(name, whose, one.get(name), other.get(name))


def _by_code(rows: Any) -> dict[str, dict[str, Any]]:
    return {row["code"]: row for row in rows}


def _changed(what: str, whose: str, before: Any, after: Any) -> Iterator[ReportDifference]:
    if before != after:
        yield ReportDifference(what, whose, before, after)
