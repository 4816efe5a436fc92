"""Commands about plans: check one, show its year, play it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dinhky import bootstrap
from dinhky.cli.command import OK, PROBLEMS_FOUND, json_option, print_json, round_json
from dinhky.domain.errors import PlanError
from dinhky.domain.local_time import local
from dinhky.domain.plan import Kind, Plan, unknown
from dinhky.domain.schedule import Round, feasibility, phases_in, year_of
from dinhky.plan_files import assumptions, read_plan
from dinhky.service.console import Console

if TYPE_CHECKING:
    from dinhky.cli.command import Commands


def register(commands: Commands) -> None:
    """Add these commands to the parser."""
    plan = commands.add_parser("plan", help="work with plan files").add_subparsers(required=True, metavar="COMMAND")
    check = plan.add_parser("check", help="check plan files: errors with lines, dates that cannot be kept, assumptions")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    json_option(check)
    check.set_defaults(command=_plan_check)

    calendar = commands.add_parser("calendar", help="the year's rounds of a plan, with all their dates")
    calendar.add_argument("file", type=Path, metavar="FILE")
    json_option(calendar)
    calendar.set_defaults(command=_calendar)

    simulate = commands.add_parser("simulate", help="play a plan's whole year and check every promise of it")
    simulate.add_argument("plan", help="the plan's id, or its file")
    chosen = simulate.add_mutually_exclusive_group()
    chosen.add_argument("--seed", type=int, default=1, metavar="N", help="which year: the same seed, the same year")
    chosen.add_argument("--seeds", type=_seed_range, metavar="A-B", help="play several years, say which fail")
    simulate.add_argument("--files", choices=["plain", "real"], default="plain", help="real: through xlsx and docx")
    json_option(simulate)
    simulate.set_defaults(command=_simulate)


def _plan_check(parsed: argparse.Namespace, console: Console) -> int:
    words, around = bootstrap.words_of(), bootstrap.surroundings()
    results: list[dict[str, Any]] = []
    for file in parsed.files:
        try:
            plan = read_plan(file, around)
        except PlanError as error:
            sentences = [words.sentence(problem) for problem in error.problems]
            results.append({"file": str(file), "valid": False, "errors": sentences, "warnings": [], "assumed": []})
            continue
        calendar = bootstrap.calendar_of(also=[plan])
        results.append(
            {
                "file": str(file),
                "valid": True,
                "errors": [],
                "warnings": [words.sentence(problem) for problem in feasibility(plan, calendar)],
                "assumed": [
                    {name: problem.params[name] for name in ("ref", "field", "reason")} for problem in assumptions(plan)
                ],
                "units": len(plan.units),
                "obligations": len(plan.obligations),
                "rounds": len(year_of(plan, calendar)),
            }
        )
    if parsed.format == "json":
        print_json(results)
    else:
        for result in results:
            _say_check(console, result)
    return OK if all(result["valid"] for result in results) else PROBLEMS_FOUND


def _say_check(console: Console, result: dict[str, Any]) -> None:
    if not result["valid"]:
        console.say("plan_bad", file=result["file"], count=len(result["errors"]))
        for sentence in result["errors"]:
            print(f"  {sentence}")
        return
    console.say("plan_ok", **result)
    if result["warnings"]:
        console.say("plan_warnings")
        for sentence in result["warnings"]:
            print(f"  {sentence}")
    if result["assumed"]:
        console.say("plan_assumptions")
        for item in result["assumed"]:
            console.say("assumption", **item)


def _calendar(parsed: argparse.Namespace, console: Console) -> int:
    plan = read_plan(parsed.file, bootstrap.surroundings())
    calendar = bootstrap.calendar_of(also=[plan])
    phases = {obligation.ref: phases_in(plan, obligation, calendar) for obligation in plan.obligations}
    rounds = year_of(plan, calendar)
    if parsed.format == "json":
        print_json(
            [round_json(round_) | {"phases": [_phase_json(phase) for phase in phases[round_.ref]]} for round_ in rounds]
        )
        return OK
    names = {unit.code: unit.name for unit in plan.units}
    console.say("calendar_head", plan=plan)
    for round_ in rounds:
        has_rota = plan.obligation(round_.ref).rota
        console.say("calendar_row", round=round_, writers=[names[code] for code in round_.asked] if has_rota else [])
        for phase in phases[round_.ref]:
            console.say("calendar_phase", phase=phase)
    for duty in plan.obligations:
        if duty.kind is Kind.CONTINUOUS:
            console.say("calendar_standing", duty=duty)
    return OK


def _phase_json(phase: Round) -> dict[str, Any]:
    return {
        "phase": str(phase.phase),
        "ref": phase.ref,
        "opens": local(phase.opens).isoformat(),
        "due": local(phase.due).isoformat(),
        "asked": list(phase.asked),
    }


def _simulate(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.simulation.setting import Stage
    from dinhky.simulation.summary import Summary, as_json

    current = bootstrap.settings()
    stage = Stage(current, real_files=parsed.files == "real")
    plan = _plan_named(parsed.plan)
    years: list[Summary] = []
    for seed in parsed.seeds or [parsed.seed]:
        summary = stage.year(plan, seed)
        years.append(summary)
        if parsed.format == "text":
            if parsed.seeds:
                console.say("simulate_seed", seed=seed, summary=summary, total=summary.rates)
            else:
                _say_year(console, summary)
    failing = [year.played.behaviour.seed for year in years if year.broken]
    if parsed.format == "json":
        print_json([as_json(year) for year in years] if parsed.seeds else as_json(years[0]))
    elif parsed.seeds:
        console.say("simulate_seeds", count=len(years), failing=failing, plan=parsed.plan)
        for seed in failing:
            console.say("simulate_reproduce", plan=parsed.plan, seed=seed, files=parsed.files)
    return PROBLEMS_FOUND if failing else OK


def _say_year(console: Console, summary: Any) -> None:
    console.say("simulate_head", plan=summary.played.plan, seed=summary.played.behaviour.seed)
    for duty in summary.duties:
        console.say("simulate_duty", duty=duty)
    console.say("simulate_total", summary=summary, total=summary.rates)
    console.say("simulate_messages", count=len(summary.played.sent))
    for kind, count in summary.messages.items():
        console.say("simulate_kind", name=console.lines["simulate_kinds"].get(kind, kind), count=count)
    for day in summary.worst_days:
        name = console.lines["simulate_temperaments"].get(day.temperament, "")
        console.say("simulate_unit", unit=day, temperament=name)
    console.say("simulate_broken", count=len(summary.broken))
    for broken in summary.broken:
        console.say("simulate_promise", name=console.lines["simulate_promises"][broken.what.value], broken=broken)


def _plan_named(name: str) -> Plan:
    """The plan of that id among the service's own, or the one in that file. Raises UnknownName, PlanError."""
    known = bootstrap.plans()[0]
    if name in known:
        return known[name]
    if Path(name).suffix in {".yaml", ".yml"}:
        return read_plan(Path(name), bootstrap.surroundings())
    raise unknown("unknown_plan", name, [*known])


def _seed_range(text: str) -> range:
    first, dash, last = text.partition("-")
    if not (dash and first.isdigit() and last.isdigit() and int(first) <= int(last)):
        raise argparse.ArgumentTypeError("A-B")
    return range(int(first), int(last) + 1)
