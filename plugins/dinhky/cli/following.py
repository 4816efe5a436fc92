"""Commands about rounds under way: how they stand, their report, a contest's decisions."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dinhky.cli.command import OK, json_option, moment, opened, print_json, round_json
from dinhky.domain.plan import Plan, unknown
from dinhky.service.console import Console

if TYPE_CHECKING:
    from dinhky.cli.command import Commands


def register(commands: Commands) -> None:
    """Add these commands to the parser."""
    status = commands.add_parser("status", help="where every round stands")
    status.add_argument("plan", nargs="?")
    status.add_argument("--at", metavar="ISO", help="judge lateness at this moment (default: now)")
    json_option(status)
    status.set_defaults(command=_status)

    compile_ = commands.add_parser("compile", help="compile a round's report from its accepted workbooks")
    compile_.add_argument("plan")
    compile_.add_argument("ref")
    compile_.add_argument("period")
    compile_.set_defaults(command=_compile)

    contest = commands.add_parser("contest", help="decide about a contest").add_subparsers(
        required=True, metavar="COMMAND"
    )
    let_off = contest.add_parser("let-off", help="rank a phase without a juror's scores, as the jury's chair decided")
    let_off.add_argument("plan")
    let_off.add_argument("ref")
    let_off.add_argument("phase", choices=["preliminary", "final"])
    let_off.add_argument("juror")
    let_off.add_argument("--reason", required=True, help="stands in the report of the results")
    let_off.add_argument("--by", metavar="NAME", default="command line", help="who has decided it")
    let_off.set_defaults(command=_let_off)


def _status(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.lookup import plan_of
    from dinhky.rounds.standing import Standing, standings

    current, office = opened()
    now = moment(parsed.at) if parsed.at else current.clock.now()
    plans: list[Plan] = [plan_of(office, parsed.plan)] if parsed.plan else list(office.plans.values())
    found: list[Standing] = [standing for plan in plans for standing in standings(office, plan)]
    if parsed.format == "json":
        print_json([_standing_json(standing, now) for standing in found])
        return OK
    for standing in found:
        if not standing.opened:
            console.say("status_not_opened", round=standing.round)
            continue
        console.say("status_row", round=standing.round, rates=standing.rates)
        for assignment in standing.assignments:
            console.say(
                "status_unit",
                name=assignment.unit_name,
                state=console.lines["states"][assignment.state.value],
                late=assignment.late,
                overdue=assignment.overdue(standing.round.unit_due, now),
            )
    return OK


def _standing_json(standing: Any, now: datetime) -> dict[str, Any]:
    return round_json(standing.round) | {
        "opened": standing.opened,
        "expected": standing.rates.expected,
        "actual": standing.rates.actual,
        "on_time": standing.rates.on_time,
        "reporting_rate": standing.rates.reporting_rate,
        "reporting_rate_on_time": standing.rates.on_time_rate,
        "assignments": [
            {
                "unit": assignment.unit,
                "name": assignment.unit_name,
                "state": assignment.state.value,
                "reason": assignment.reason,
                "late": assignment.late,
                "overdue": assignment.overdue(standing.round.unit_due, now),
            }
            for assignment in standing.assignments
        ],
    }


def _compile(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.reporting import compile_report

    current, office = opened()
    round_id = f"{parsed.plan}/{parsed.ref}/{parsed.period}"
    version = compile_report(office, round_id, current.clock.now())
    console.say(
        "compiled",
        round_id=round_id,
        version=version.version,
        document=office.files.path(version.document_sha256),
        annex=office.files.path(version.annex_sha256),
    )
    return OK


def _let_off(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.contests import let_off
    from dinhky.rounds.lookup import plan_of

    current, office = opened()
    plan, ref = plan_of(office, parsed.plan), f"{parsed.ref}.{parsed.phase}"
    rounds = [round_ for round_ in office.rounds.values() if (round_.plan_id, round_.ref) == (plan.id, ref)]
    if not rounds:
        contests = [obligation.ref for obligation in plan.obligations if obligation.contest]
        raise unknown("unknown_obligation", parsed.ref, contests)
    let_off(office, rounds[0].id, parsed.juror, parsed.reason, parsed.by, current.clock.now())
    console.say("let_off", juror=plan.unit(parsed.juror), round=rounds[0])
    return OK
