"""Every number and name of a contest's documents, in one place, as JSON types; they follow from the plan, the entries
and the rankings alone, never from the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from dinhky.domain.contest import Contest, PhaseKind
from dinhky.domain.contest_entries import Entry
from dinhky.domain.plan import Letterhead, Plan
from dinhky.domain.ranking import LetOff, Ranking, awards, changed_counts, sent_on, shortlist
from dinhky.report.notation import points, printable

_USUAL_PLACES = 2
_MOST_PLACES = 6


def contest_facts(
    plan: Plan,
    ref: str,
    entries: Sequence[Entry],
    final: Ranking,
    preliminary: Ranking | None = None,
) -> dict[str, Any]:
    """The facts of the contest of obligation `ref`. `entries` are all that were numbered; `final` ranks those that
    reached the final, `preliminary` all of them, where the contest has that phase. Raises UnknownName, ValueError.
    """
    obligation = plan.obligation(ref)
    contest = obligation.contest
    if contest is None:
        raise ValueError(f"{ref} is no contest")
    known = {entry.code: _entry(plan, entry) for entry in entries}
    award_day = contest.phase(PhaseKind.AWARD).due
    asked = invited(plan, contest, obligation.units)
    finalists = shortlist(contest, preliminary) if preliminary else tuple(known)
    rankings = {PhaseKind.PRELIMINARY: preliminary} if preliminary else {}
    rankings[PhaseKind.FINAL] = final
    given = awards(contest, final)
    best = sent_on(contest, final)
    mean_of = {place["entry"]: place for place in ranking_facts(contest, final, known)["places"]}
    return printable(  # type: ignore[no-any-return]
        {
            "plan": plan.id,
            "ref": ref,
            "obligation": obligation.name,
            "commune": plan.commune,
            "year": plan.year,
            "document": plan.document,
            "compiler": plan.unit(plan.compiler).name,
            "name": contest.name or obligation.name,
            "letterhead": asdict(plan.letterhead),
            "recipients": [recipient.name for recipient in plan.report_to],
            "proposal": _proposal(plan),
            "due": award_day.isoformat(),
            "signing": {"year": award_day.year, "month": award_day.month},
            "phases": [
                {"kind": phase.kind.value, "opens": phase.opens.isoformat(), "due": phase.due.isoformat()}
                for phase in contest.phases
            ],
            "criteria": [asdict(criterion) for criterion in contest.criteria],
            "most_points": contest.most_points,
            "tie_criteria": [criterion.name for criterion in contest.tie_criteria],
            "jurors": _jurors(plan, contest, rankings),
            "totals": {
                "entries": len(entries),
                "units": len({entry.unit for entry in entries}),
                "finalists": len(finalists),
                "awards": len(given),
            },
            "units": _units(plan, asked, entries, finalists),
            "silent": [plan.unit(code).name for code in asked if code not in {entry.unit for entry in entries}],
            "shortlist": {"planned": contest.finalists, "entries": list(finalists)},
            "preliminary": ranking_facts(contest, preliminary, known) if preliminary else None,
            "final": ranking_facts(contest, final, known),
            "awards": [mean_of[award.entry] | asdict(award) for award in given],
            "changed_counts": [asdict(change) for change in changed_counts(contest, final)],
            "sent_on": {
                "to": contest.sent_on_to,
                "planned": contest.sent_on_count,
                "entries": [mean_of[code] for code in best],
            },
        }
    )


def invited(plan: Plan, contest: Contest, units: Iterable[str]) -> tuple[str, ...]:
    """Those of the contest's units that could enter: that existed on the last day on which entries were taken."""
    return plan.existing(units, contest.phase(PhaseKind.ENTRIES).due)


def _proposal(plan: Plan) -> dict[str, Any]:
    """How the compiler's own proposal to the head of the commune begins and ends.

    Where the plan's documents are the commune's, the compiler writes under a letterhead of its own, derived from it;
    `authority` is then empty: the template says who signs for a division.
    """
    compiler = plan.unit(plan.compiler)
    head: Letterhead = plan.letterhead
    if head.parent:
        _, _, office = head.symbol.partition("-")
        return asdict(head) | {"office": office, "by": " ".join(head.issuer)}
    office = head.filing.rpartition(",")[2].strip()
    return {
        "parent": " ".join(head.issuer),
        "issuer": [compiler.name],
        "place": head.place,
        "office": office,
        "authority": [],
        "signer": compiler.contacts[0].name if compiler.contacts else "",
        "filing": head.filing,
        "by": compiler.name,
    }


def _entry(plan: Plan, entry: Entry) -> dict[str, Any]:
    return asdict(entry) | {"unit": plan.unit(entry.unit).name}


def _units(
    plan: Plan, asked: Iterable[str], entries: Sequence[Entry], finalists: Sequence[str]
) -> list[dict[str, Any]]:
    """Who entered how much, in the plan's order."""
    codes = dict.fromkeys([*asked, *(entry.unit for entry in entries)])
    counted = [(code, [entry.code for entry in entries if entry.unit == code]) for code in codes]
    return [
        {"name": plan.unit(code).name, "entries": len(own), "finalists": len(set(own) & set(finalists))}
        for code, own in counted
        if own
    ]


def _jurors(plan: Plan, contest: Contest, rankings: Mapping[PhaseKind, Ranking]) -> list[dict[str, Any]]:
    """The jury, with the entries that each kept from (their own unit's) and why any was let off."""
    return [
        {
            "name": juror.name,
            "title": juror.title,
            "unit": plan.unit(juror.unit).name if juror.unit else "",
            "conflicts": sorted(
                {
                    conflict.entry
                    for ranking in rankings.values()
                    for conflict in ranking.conflicts
                    if conflict.juror == juror.code
                }
            ),
            "let_off": [
                {"phase": phase.value, "reason": gone.reason.rstrip(". ")}
                for phase, ranking in rankings.items()
                for gone in ranking.let_off
                if gone.juror == juror.code
            ],
        }
        for juror in contest.jurors
    ]


def ranking_facts(contest: Contest, ranking: Ranking, known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A ranking as JSON types; `known` holds what is to be shown of each entry, by code."""
    places = _places([place.mean for place in ranking.places])
    shared = {place.entry for group in ranking.shared for place in group}
    return {
        "places": [
            {
                "rank": place.rank,
                "shared": place.entry in shared,
                "entry": place.entry,
                "title": known[place.entry]["title"],
                "author": known[place.entry]["author"],
                "unit": known[place.entry]["unit"],
                "group": known[place.entry]["group"],
                "mean": points(place.mean, places),
                "exact_mean": str(place.mean),
                "points": [points(place.by_criterion[criterion.code], _USUAL_PLACES) for criterion in contest.criteria],
                "jurors": place.jurors,
            }
            for place in ranking.places
        ],
        "ties": [
            {
                "mean": points(tie.mean, places),
                "ahead": list(tie.ahead),
                "behind": list(tie.behind),
                "criterion": contest.criterion(tie.criterion).name,
                "ahead_points": points(tie.ahead_points, _places([tie.ahead_points, tie.behind_points])),
                "behind_points": points(tie.behind_points, _places([tie.ahead_points, tie.behind_points])),
            }
            for tie in ranking.ties
        ],
        "shared": [
            {"rank": group[0].rank, "mean": points(group[0].mean, places), "entries": [place.entry for place in group]}
            for group in ranking.shared
        ],
        "let_off": [_let_off(contest, gone) for gone in ranking.let_off],
    }


def _let_off(contest: Contest, gone: LetOff) -> dict[str, str]:
    return {"name": contest.juror(gone.juror).name, "reason": gone.reason.rstrip(". ")}


def _places(values: Sequence[Fraction]) -> int:
    """So many decimals that what differs is shown to differ."""
    distinct = set(values)
    for places in range(_USUAL_PLACES, _MOST_PLACES):
        if len({points(value, places) for value in distinct}) == len(distinct):
            return places
    return _MOST_PLACES
