"""Plan files: one YAML file a commune and year, checked as a whole, told by file and line, turned into a `Plan`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dinhky.contest_schema import contest_contradictions
from dinhky.domain.errors import PlanError, Problem
from dinhky.domain.period import MONTHS_PER_PERIOD, Cadence, periods_of
from dinhky.domain.plan import Kind, Plan, nearest
from dinhky.people_schema import people_contradictions
from dinhky.plan_schema import PlanFile
from dinhky.yaml_document import YamlDocument, read_yaml

EVERY_UNIT = "all"
"""`units: all` stands for every unit of the plan, in the plan's order."""

NEEDED_BY_KIND = {
    Kind.REPORT: ("cadence", "form"),
    Kind.POSTS: ("cadence", "count"),
    Kind.MILESTONE: ("cadence",),
    Kind.CONTEST: ("cadence", "contest"),
}
OF_POSTS = ("count", "fields", "rota", "rota_overrides", "carries_surplus")
OF_ROUNDS = ("cadence", "due", "locks_at", "unit_due_working_days_before", "moved", "cancelled", "compiled_from")
MEANINGLESS_FOR_KIND = {
    Kind.CONTINUOUS: (*OF_ROUNDS, *OF_POSTS, "form", "contest", "reminders"),
    Kind.REPORT: (*OF_POSTS, "per_unit", "contest"),
    Kind.POSTS: ("locks_at", "form", "compiled_from", "contest"),
    Kind.MILESTONE: (*OF_POSTS, "locks_at", "form", "compiled_from", "contest"),
    Kind.CONTEST: (*OF_POSTS, "locks_at", "form", "compiled_from"),
}
"""Keys that would have no effect: whoever wrote one expects something that will not happen."""

DUE_ALTERNATIVES = ("day_of_last_month", "within_month", "on")
DUE_ONCE_A_YEAR = ("within_month", "on")
CADENCES_WITH_ONE_ROUND = (Cadence.YEARLY, Cadence.ONCE)
UNIT_LEAD = "unit_due_working_days_before"
"""At least 1 for a report: it is put together between the day its units are due and its lock."""
WHEN = {"cadence", "due"}
"""What an obligation must list as assumed if it quotes nothing: a deadline of ours never passes for the document's."""
_YEAR_OF_DAY = re.compile(r"([0-9]{4})-[0-9]{2}-[0-9]{2}")
_ZERO = re.compile(r"-?0+")


@dataclass(frozen=True)
class Surroundings:
    """What a plan may refer to outside its file. None is not known, and then not checked.

    `forms` have templates, `users` can log in, `years` are those whose rounds the working calendar can date.
    """

    forms: tuple[str, ...] | None = None
    users: tuple[str, ...] | None = None
    years: range | None = None


UNKNOWN = Surroundings()


def read_plan(path: Path, around: Surroundings = UNKNOWN) -> Plan:
    """The plan in a file, read anew if that has changed. Raises PlanError with every problem and its line."""
    with suppress(OSError):  # a file that is not there is told like any other that cannot be read
        status = path.stat()
        return _plan_as_of(path, status.st_mtime_ns, status.st_size, around)
    return _read(path, around)


@lru_cache(maxsize=1024)
def _plan_as_of(path: Path, _changed: int, _size: int, around: Surroundings) -> Plan:
    """Reading a plan takes longer than what most tasks do with it; a hundred communes' would take seconds."""
    return _read(path, around)


def _read(path: Path, around: Surroundings) -> Plan:
    document = read_yaml(path)
    units = document.value_at(("units",))
    codes = [unit["code"] for unit in _groups(units) if isinstance(unit.get("code"), str)]
    for obligation in _groups(document.value_at(("obligations",))):
        if obligation.get("units") == EVERY_UNIT:
            obligation["units"] = codes
    channels = document.value_at(("channels",))
    entry, problems = document.check(
        PlanFile,
        units=codes if isinstance(units, list) else None,
        channels=[*channels] if isinstance(channels, dict) else None,
        forms=around.forms,
        users=around.users,
        years=around.years,
    )
    problems += _contradictions(document)
    if entry is None or problems or document.problems:
        raise document.refusal(problems)
    return entry.plan()


def read_plans(folder: Path, around: Surroundings = UNKNOWN) -> tuple[dict[str, Plan], list[PlanError]]:
    """The usable plans of a folder by id, and the error of each file that is not one. Hidden files are passed over."""
    if not folder.is_dir():
        return {}, [PlanError(folder.name, (Problem("plan_folder_missing", str(folder), {"folder": str(folder)}),))]
    plans, errors = {}, []
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        if path.name.startswith("."):
            continue
        try:
            plan = read_plan(path, around)
        except PlanError as error:
            errors.append(error)
        else:
            plans[plan.id] = plan
    return plans, errors


def assumptions(plan: Plan) -> list[Problem]:
    """What the plan file assumes because its document does not say, one sentence each, for an officer to confirm.

    What concerns the plan as a whole comes first, under the plan's own id.
    """
    of_plan = [
        Problem(
            "plan_assumption",
            plan.id,
            {"ref": plan.id, "name": plan.title, "field": assumed.field, "reason": assumed.reason},
        )
        for assumed in plan.assumed
    ]
    return of_plan + [
        Problem(
            "plan_assumption",
            f"{plan.id}/{obligation.ref}",
            {"ref": obligation.ref, "name": obligation.name, "field": assumed.field, "reason": assumed.reason},
        )
        for obligation in plan.obligations
        for assumed in obligation.assumed
    ]


def _contradictions(document: YamlDocument) -> Iterator[Problem]:
    """What each key alone allows and together cannot be. Looks at the text as typed, so that a mistake elsewhere in
    the file does not hide one of these."""
    plan_id, year = document.value_at(("id",)), document.value_at(("year",))
    if isinstance(plan_id, str) and document.file != f"{plan_id}.yaml":
        yield document.problem("plan_id_is_not_file_name", ("id",), found=plan_id, expected=f"{plan_id}.yaml")
    effective = _YEAR_OF_DAY.fullmatch(str(document.value_at(("effective_from",))))
    if effective and str(year).isdigit() and effective[1] > str(year):
        place = ("effective_from",)
        yield document.problem("plan_day_outside_year", place, key=place[-1], found=effective[0], year=year)
    yield from _contradictions_of_units(document)
    yield from _repeated(document, "units", "code", "plan_duplicate_unit")
    yield from _repeated(document, "obligations", "ref", "plan_duplicate_ref")
    codes = [str(unit.get("code")) for unit in _groups(document.value_at(("units",)))]
    for index, obligation in enumerate(_list(document.value_at(("obligations",)))):
        if isinstance(obligation, dict):
            yield from _contradictions_of_kind(document, index, obligation)
            yield from _contradictions_of_due(document, index, obligation, str(year))
            yield from _contradictions_of_changes(document, index, obligation, str(year))
            yield from contest_contradictions(document, index, obligation, str(year), codes)


def _repeated(document: YamlDocument, group: str, key: str, code: str) -> Iterator[Problem]:
    first_lines: dict[str, int] = {}
    for index, item in enumerate(_list(document.value_at((group,)))):
        name = item.get(key) if isinstance(item, dict) else None
        if not isinstance(name, str):
            continue
        place = (group, index, key)
        if name in first_lines:
            yield document.problem(code, place, found=name, first=first_lines[name])
        else:
            first_lines[name] = document.lines[place]


def _contradictions_of_kind(document: YamlDocument, index: int, obligation: dict[str, Any]) -> Iterator[Problem]:
    if obligation.get("kind") not in [*Kind]:
        return
    kind = Kind(obligation["kind"])
    place, about = ("obligations", index, "kind"), {"kind": kind.value, "ref": obligation.get("ref", "")}
    for key in NEEDED_BY_KIND.get(kind, ()):
        if key not in obligation:
            yield document.problem("plan_key_needed_by_kind", place, key=key, **about)
    for key in MEANINGLESS_FOR_KIND[kind]:
        if key in obligation:
            yield document.problem("plan_key_meaningless_for_kind", (*place[:-1], key), key=key, **about)
    if obligation.get("per_unit") == "true" and obligation.get("rota") == "true":
        yield document.problem("plan_rota_of_each_unit", (*place[:-1], "rota"), **about)
    if "rota_overrides" in obligation and obligation.get("rota") != "true":
        yield document.problem("plan_override_without_rota", (*place[:-1], "rota_overrides"), **about)
    if "compiled_from" in obligation:
        yield from _contradictions_of_longer_report(document, place[:-1], obligation, about)
    elif kind is Kind.REPORT and _ZERO.fullmatch(str(obligation.get(UNIT_LEAD, 0))):
        line = (*place[:-1], UNIT_LEAD) if UNIT_LEAD in obligation else place
        yield document.problem("plan_report_without_room", line, key=UNIT_LEAD, **about)
    told = {item.get("field") for item in _groups(obligation.get("assumed"))}
    if kind is not Kind.CONTINUOUS and "quote" not in obligation and not told & WHEN:
        yield document.problem("plan_when_neither_quoted_nor_assumed", place[:-1], **about)


def _contradictions_of_longer_report(
    document: YamlDocument, place: tuple[Any, ...], obligation: dict[str, Any], about: dict[str, Any]
) -> Iterator[Problem]:
    """A report compiled from a shorter one asks nobody, and there must be a shorter one that asks."""
    line = (*place, "compiled_from")
    for key in (UNIT_LEAD, "reminders"):
        if key in obligation:
            yield document.problem("plan_longer_report_asks", (*place, key), key=key, **about)
    asking = {
        str(other.get("ref")): other.get("cadence")
        for other in _groups(document.value_at(("obligations",)))
        if other.get("kind") == Kind.REPORT and "compiled_from" not in other
    }
    wanted, cadence = str(obligation["compiled_from"]), obligation.get("cadence")
    if wanted not in asking:
        yield document.problem(
            "plan_unknown_shorter_report", line, found=wanted, expected=[*asking], nearest=nearest(wanted, [*asking])
        )
    elif cadence in [*Cadence] and asking[wanted] in [*Cadence]:
        months, shorter = MONTHS_PER_PERIOD[Cadence(str(cadence))], MONTHS_PER_PERIOD[Cadence(str(asking[wanted]))]
        if months <= shorter:
            yield document.problem("plan_shorter_report_is_not_shorter", line, found=wanted, **about)


def _contradictions_of_units(document: YamlDocument) -> Iterator[Problem]:
    for index, unit in enumerate(_list(document.value_at(("units",)))):
        if not isinstance(unit, dict):
            continue
        since, until = str(unit.get("since", "")), str(unit.get("until", ""))
        if since and until and until < since:
            yield document.problem("plan_ends_before_it_begins", ("units", index, "until"), found=until, since=since)
        if unit.get("succeeded_by") and not until:
            yield document.problem("plan_successor_without_end", ("units", index, "succeeded_by"), key="until")
        if isinstance(unit.get("succeeded_by"), list) and unit.get("code") in unit["succeeded_by"]:
            yield document.problem("plan_successor_of_itself", ("units", index, "succeeded_by"), found=unit["code"])
        yield from people_contradictions(document, unit, ("units", index))


def _contradictions_of_changes(
    document: YamlDocument, index: int, obligation: dict[str, Any], year: str
) -> Iterator[Problem]:
    """Changes during the year must name a period that the duty has, each once."""
    cadence, place = obligation.get("cadence"), ("obligations", index)
    since, until = str(obligation.get("since", "")), str(obligation.get("until", ""))
    if since and until and until < since:
        yield document.problem("plan_ends_before_it_begins", (*place, "until"), found=until, since=since)
    if cadence not in [*Cadence] or not year.isdigit() or not 1 <= int(year) <= 9999:
        return
    periods = [period.label for period in periods_of(Cadence(str(cadence)), int(year))]
    for group in ("moved", "cancelled", "rota_overrides"):
        seen: dict[str, int] = {}
        for number, item in enumerate(_list(obligation.get(group))):
            if not isinstance(item, dict) or "period" not in item:
                continue
            line, found = (*place, group, number, "period"), str(item["period"])
            if found not in periods:
                near = nearest(found, periods)
                yield document.problem("plan_unknown_period", line, found=found, expected=periods, nearest=near)
            elif found in seen:
                yield document.problem("plan_period_twice", line, found=found, first=seen[found])
            else:
                seen[found] = document.lines[line]
            day = _YEAR_OF_DAY.fullmatch(str(item.get("due")))
            if day and day[1] not in {year, str(int(year) + 1)}:
                yield document.problem("plan_day_outside_year", (*line[:-1], "due"), key="due", found=day[0], year=year)


def _contradictions_of_due(
    document: YamlDocument, index: int, obligation: dict[str, Any], year: str
) -> Iterator[Problem]:
    due, cadence = obligation.get("due"), obligation.get("cadence")
    if not isinstance(due, dict):
        return
    place = ("obligations", index, "due")
    rules = [key for key in due if key in DUE_ALTERNATIVES]
    if len(rules) > 1:
        yield document.problem("plan_due_alternatives", (*place, rules[1]), found=rules, expected=[*DUE_ALTERNATIVES])
    for key in rules:
        if key in DUE_ONCE_A_YEAR and cadence in [*Cadence] and cadence not in CADENCES_WITH_ONE_ROUND:
            expected = [*CADENCES_WITH_ONE_ROUND]
            yield document.problem(
                "plan_due_once_a_year", (*place, key), key=key, found=cadence, expected=[*map(str, expected)]
            )
    day = _YEAR_OF_DAY.fullmatch(str(due.get("on")))
    if day and year.isdigit() and day[1] != year:
        yield document.problem("plan_day_outside_year", (*place, "on"), key="on", found=day[0], year=year)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _groups(value: Any) -> list[dict[str, Any]]:
    return [item for item in _list(value) if isinstance(item, dict)]
