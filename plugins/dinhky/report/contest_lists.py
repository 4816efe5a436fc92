"""The lists that a contest's supervisor approves before its jurors go on: all entries, and the shortlist."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from dinhky.domain.contest import PhaseKind
from dinhky.domain.contest_entries import Entry
from dinhky.domain.plan import Plan
from dinhky.domain.ranking import shortlist
from dinhky.domain.schedule import Round
from dinhky.report.annex_sheet import AnnexSheet, Styles
from dinhky.report.contest_facts import contest_facts, invited, ranking_facts
from dinhky.report.notation import printable
from dinhky.rounds.ports import ContestSoFar


def facts_of_phase(plan: Plan, round_: Round, so_far: ContestSoFar) -> dict[str, Any]:
    """The facts of what a phase of a contest ends with, as JSON types. Raises UnknownName, ValueError."""
    ref = round_.ref.rpartition(".")[0]
    contest = plan.obligation(ref).contest
    if contest is None:
        raise ValueError(f"{round_.ref} is no phase of a contest")
    if round_.phase is PhaseKind.FINAL:
        if so_far.final is None:
            raise ValueError(f"{round_.ref} is not ranked")
        return contest_facts(plan, ref, so_far.entries, so_far.final, so_far.preliminary)
    found: dict[str, Any] = {
        "plan": plan.id,
        "ref": ref,
        "phase": round_.phase.value if round_.phase else "",
        "commune": plan.commune,
        "year": plan.year,
        "period": round_.period.label,
        "name": contest.name or plan.obligation(ref).name,
        "issuer": list(plan.letterhead.issuer),
        "due": contest.phase(PhaseKind.AWARD).due.isoformat(),
        "entries": [asdict(entry) | {"unit_name": plan.unit(entry.unit).name} for entry in so_far.entries],
        "units": _units(plan, invited(plan, contest, plan.obligation(ref).units), so_far.entries),
    }
    if so_far.preliminary:
        known = {entry.code: asdict(entry) | {"unit": plan.unit(entry.unit).name} for entry in so_far.entries}
        found["criteria"] = [asdict(criterion) for criterion in contest.criteria]
        found["preliminary"] = ranking_facts(contest, so_far.preliminary, known)
        found["shortlist"] = {
            "planned": contest.finalists,
            "entries": list(shortlist(contest, so_far.preliminary)),
        }
    return printable(found)  # type: ignore[no-any-return]


def write_contest_list(
    wording: Mapping[str, Any], facts: Mapping[str, Any], period_name: Callable[[str], str]
) -> bytes:
    """The list of these facts (of the phase of entries or the preliminary) as an Excel file; same facts, same bytes.

    `wording` is `documents/contest_lists.yaml`. Raises ReportError `annex_text_refused`.
    """
    import xlsxwriter

    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    due = date.fromisoformat(facts["due"])
    issuer = " ".join(facts["issuer"])
    book.set_properties({"author": issuer, "created": datetime(due.year, due.month, due.day)})  # noqa: DTZ001
    styles = Styles(book)
    words = {
        "issuer": issuer,
        "commune": facts["commune"],
        "period": period_name(facts["period"]),
        "name": facts["name"],
        "count": str(len(facts["entries"])),
    }
    for described, rows in _sheets(wording, facts, words):
        sheet = AnnexSheet(book, styles, wording, described, words)
        sheet.write_rows([dict(row) | {"no": number} for number, row in enumerate(rows, 1)])
        if described is wording["sheets"]["units"]:
            sheet.write_totals(["entries"], {"entries": len(facts["entries"])})
    book.close()
    return written.getvalue()


def _sheets(
    wording: Mapping[str, Any], facts: Mapping[str, Any], words: dict[str, str]
) -> list[tuple[Mapping[str, Any], list[dict[str, Any]]]]:
    described = wording["sheets"]
    if "shortlist" not in facts:
        return [(described["entries"], facts["entries"]), (described["units"], facts["units"])]
    finalists = set(facts["shortlist"]["entries"])
    words |= {"finalists": str(len(finalists)), "planned": str(facts["shortlist"]["planned"])}
    places = [
        place
        | {f"points_{index}": points for index, points in enumerate(place["points"])}
        | {"into_final": wording["into_final"] if place["entry"] in finalists else ""}
        for place in facts["preliminary"]["places"]
    ]
    return [(_with_criteria(described["shortlist"], facts), places), (described["decided"], _decided(wording, facts))]


def _with_criteria(described: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The sheet with a column for each criterion where its wording says `criterion`."""
    columns = []
    for column in described["columns"]:
        if column["key"] != "criterion":
            columns.append(column)
            continue
        columns += [
            {
                "key": f"points_{index}",
                "header": column["header"].format(name=criterion["name"], max=criterion["max_points"]),
                "width": column["width"],
            }
            for index, criterion in enumerate(facts["criteria"])
        ]
    return {**described, "columns": columns}


def _decided(wording: Mapping[str, Any], facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What told equal entries apart, and which jurors do not count, in words."""
    found = facts["preliminary"]
    lines = [
        wording["tie"].format(**{**tie, "ahead": ", ".join(tie["ahead"]), "behind": ", ".join(tie["behind"])})
        for tie in found["ties"]
    ]
    lines += [
        wording["shared"].format(**{**shared, "entries": ", ".join(shared["entries"])}) for shared in found["shared"]
    ]
    lines += [wording["let_off"].format(**gone) for gone in found["let_off"]]
    return [{"text": line} for line in lines or [wording["nothing_to_decide"]]]


def _units(plan: Plan, asked: tuple[str, ...], entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    """How many entries each unit sent, in the plan's order: those that were invited, whether they entered or not."""
    codes = dict.fromkeys([*asked, *(entry.unit for entry in entries)])
    return [{"name": plan.unit(code).name, "entries": sum(entry.unit == code for entry in entries)} for code in codes]
