"""The command line: the same use cases as the DAGs, from a shell. Names and keys are stable: `docs/command-line.md`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

from dinhky import bootstrap
from dinhky.domain.errors import DinhKyError, PlanError, Problem
from dinhky.domain.local_time import VIETNAM, local
from dinhky.domain.plan import Kind, Plan, unknown
from dinhky.domain.schedule import Round, feasibility, phases_in, year_of
from dinhky.plan_files import assumptions, read_plan
from dinhky.service.console import Console

OK, PROBLEMS_FOUND, CANNOT_RUN = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0; 1 if what was asked about has problems; 2 if the command could not be carried out."""
    parsed = _parser().parse_args(arguments)
    current = bootstrap.settings()
    console = Console(current.operators, bootstrap.words_of(current))
    try:
        return int(parsed.command(parsed, console))
    except PlanError as error:
        _say_problems(error.problems)
    except DinhKyError as error:
        if error.code in console.lines:
            print(console.line(error.code, **error.params), file=sys.stderr)
        else:
            print(bootstrap.words_of(current).explain(error), file=sys.stderr)
    except OSError as error:
        print(console.line("file_missing", file=error.filename, reason=error.strerror), file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return CANNOT_RUN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dinhky", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    plan = commands.add_parser("plan", help="work with plan files").add_subparsers(required=True, metavar="COMMAND")
    check = plan.add_parser("check", help="check plan files: errors with lines, dates that cannot be kept, assumptions")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    _json_option(check)
    check.set_defaults(command=_plan_check)

    calendar = commands.add_parser("calendar", help="the year's rounds of a plan, with all their dates")
    calendar.add_argument("file", type=Path, metavar="FILE")
    _json_option(calendar)
    calendar.set_defaults(command=_calendar)

    workbook = commands.add_parser("workbook", help="build a unit's workbook for a round")
    workbook.add_argument("plan")
    workbook.add_argument("ref")
    workbook.add_argument("period")
    workbook.add_argument("unit")
    workbook.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    workbook.set_defaults(command=_workbook)

    receive = commands.add_parser("receive", help="receive a unit's file as if it had come by any route")
    receive.add_argument("file", type=Path, metavar="FILE")
    receive.add_argument("--unit", required=True)
    receive.add_argument("--plan")
    receive.add_argument("--at", metavar="ISO", help="the moment of arrival (default: now)")
    _json_option(receive)
    receive.set_defaults(command=_receive)

    post = commands.add_parser("post", help="tell of one published item, with its evidence")
    post.add_argument("plan")
    post.add_argument("--unit", required=True)
    post.add_argument("--channel", required=True)
    post.add_argument("--title", required=True)
    post.add_argument("--date", type=date.fromisoformat, required=True, metavar="DAY", help="day of publication, ISO")
    evidence = post.add_mutually_exclusive_group(required=True)
    evidence.add_argument("--link")
    evidence.add_argument("--log", metavar="TEXT", help="a line of a broadcast log, an issue, a place")
    evidence.add_argument("--file", type=Path)
    post.add_argument("--field", default="", metavar="TEXT")
    post.add_argument("--ref", default="", help="the duty it is told for, if for one")
    post.set_defaults(command=_post)

    status = commands.add_parser("status", help="where every round stands")
    status.add_argument("plan", nargs="?")
    status.add_argument("--at", metavar="ISO", help="judge lateness at this moment (default: now)")
    _json_option(status)
    status.set_defaults(command=_status)

    compile_ = commands.add_parser("compile", help="compile a round's report from its accepted workbooks")
    compile_.add_argument("plan")
    compile_.add_argument("ref")
    compile_.add_argument("period")
    compile_.set_defaults(command=_compile)

    simulate = commands.add_parser("simulate", help="play a plan's whole year and check every promise of it")
    simulate.add_argument("plan", help="the plan's id, or its file")
    chosen = simulate.add_mutually_exclusive_group()
    chosen.add_argument("--seed", type=int, default=1, metavar="N", help="which year: the same seed, the same year")
    chosen.add_argument("--seeds", type=_seed_range, metavar="A-B", help="play several years, say which fail")
    simulate.add_argument("--files", choices=["plain", "real"], default="plain", help="real: through xlsx and docx")
    _json_option(simulate)
    simulate.set_defaults(command=_simulate)

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

    prepare = commands.add_parser(
        "prepare", help="make or update the ledger, the inbox folders and the users' passwords"
    )
    prepare.set_defaults(command=_prepare)

    outbox = commands.add_parser("outbox", help="list the outbox, or send what is due")
    outbox.add_argument("action", nargs="?", choices=["list", "flush"], default="list")
    outbox.set_defaults(command=_outbox)

    serve = commands.add_parser("serve", help="run the service on this machine (make run)")
    serve.add_argument("--port", type=int)
    serve.set_defaults(command=_serve)

    demo = commands.add_parser("demo", help="play one quarter on a fast clock (make demo)")
    demo.add_argument("--port", type=int)
    demo.add_argument("--approve", choices=["auto"], help="answer the approval through the API")
    demo.add_argument("--once", action="store_true", help="end when the report has gone out")
    demo.set_defaults(command=_demo)

    year = commands.add_parser("year", help="play all plans under the real scheduler on a fast clock (make year)")
    year.add_argument("--from", dest="first", metavar="DAY", default="2026-02-02", help="first day, ISO")
    year.add_argument("--to", dest="last", metavar="DAY", default="2027-01-15", help="last day, ISO")
    year.add_argument("--seed", type=int, default=1)
    year.add_argument("--day-seconds", type=_seconds, default=6.0, help="how long an office day takes")
    year.add_argument("--once", action="store_true", help="end when it has been played")
    year.add_argument("--port", type=int)
    year.set_defaults(command=_year)
    return parser


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
        _print_json(results)
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
        _print_json(
            [
                _round_json(round_) | {"phases": [_phase_json(phase) for phase in phases[round_.ref]]}
                for round_ in rounds
            ]
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


def _round_json(round_: Round) -> dict[str, Any]:
    return {
        "ref": round_.ref,
        "obligation": round_.obligation,
        "kind": round_.kind.value,
        "period": round_.period.label,
        "window_start": round_.window.start.isoformat(),
        "window_end": round_.window.end.isoformat(),
        "opens": local(round_.opens).isoformat(),
        "unit_due": local(round_.unit_due).isoformat(),
        "due": local(round_.due).isoformat(),
        "locks": local(round_.locks).isoformat(),
        "units": list(round_.units),
        "asked": list(round_.asked),
        "count": round_.count,
        "moved": round_.moved,
        "cancelled": round_.cancelled,
        "assumed": [{"field": item.field, "reason": item.reason} for item in round_.assumed],
    }


def _workbook(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.asking import prefilled_for
    from dinhky.rounds.lookup import round_of

    current = bootstrap.settings()
    bootstrap.ledger(current).migrate()
    office = bootstrap.office(current)
    plan, round_ = round_of(office, f"{parsed.plan}/{parsed.ref}/{parsed.period}")
    unit = plan.unit(parsed.unit)
    with office.ledger.snapshot() as ledger:
        prefilled = prefilled_for(office, ledger, plan, round_, unit)
    parsed.output.write_bytes(office.workbooks.build(plan, round_, unit, prefilled))
    console.say("workbook_written", file=parsed.output)
    return OK


def _receive(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.intake.receive import Verdict, receive

    current = bootstrap.settings()
    bootstrap.ledger(current).migrate()
    office = bootstrap.office(current)
    receipt = receive(
        office,
        parsed.file.read_bytes(),
        file_name=parsed.file.name,
        unit_code=parsed.unit,
        plan_id=parsed.plan,
        now=_moment(parsed.at) if parsed.at else current.clock.now(),
        route="command line",
    )
    sentences = [office.words.sentence(problem) for problem in receipt.problems]
    if parsed.format == "json":
        _print_json(
            {
                "verdict": receipt.verdict.value,
                "round": receipt.round_id,
                "unit": receipt.unit,
                "number": receipt.number,
                "late": receipt.late,
                "again": receipt.again,
                "sha256": receipt.sha256,
                "problems": [
                    {"code": problem.code, "where": problem.where, "sentence": sentence}
                    for problem, sentence in zip(receipt.problems, sentences, strict=True)
                ],
            }
        )
    else:
        print("\n".join(office.words.message("folder_answer", receipt=receipt, sentences=sentences)))
    return OK if receipt.verdict in {Verdict.ACCEPTED, Verdict.HELD} else PROBLEMS_FOUND


def _post(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.domain.posts import EvidenceKind, ToldPost
    from dinhky.rounds.ports import Attachment
    from dinhky.rounds.posting import tell_post

    current = bootstrap.settings()
    bootstrap.ledger(current).migrate()
    office = bootstrap.office(current)
    kind, evidence, stored = EvidenceKind.LINK, parsed.link, None
    if parsed.log:
        kind, evidence = EvidenceKind.LOG, parsed.log
    elif parsed.file:
        kind, evidence = EvidenceKind.FILE, parsed.file.name
        stored = Attachment(parsed.file.name, office.files.put(parsed.file.read_bytes()))
    now = current.clock.now()
    post = ToldPost(
        id="",
        unit=parsed.unit,
        channel=parsed.channel,
        title=parsed.title,
        published=parsed.date,
        evidence=evidence,
        evidence_kind=kind,
        told_at=now,
        field=parsed.field,
        duty=parsed.ref,
        source="told",
    )
    result = tell_post(office, parsed.plan, post, now, stored)
    console.say("post_told" if result.is_new else "post_told_before", post=result.post)
    for tally in result.tallies:
        console.say("post_tally", tally=tally)
    return OK


def _status(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.lookup import plan_of
    from dinhky.rounds.standing import Standing, standings

    current = bootstrap.settings()
    bootstrap.ledger(current).migrate()
    office = bootstrap.office(current)
    now = _moment(parsed.at) if parsed.at else current.clock.now()
    plans: list[Plan] = [plan_of(office, parsed.plan)] if parsed.plan else list(office.plans.values())
    found: list[Standing] = [standing for plan in plans for standing in standings(office, plan)]
    if parsed.format == "json":
        _print_json([_standing_json(standing, now) for standing in found])
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
    return _round_json(standing.round) | {
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

    current = bootstrap.settings()
    bootstrap.ledger(current).migrate()
    office = bootstrap.office(current)
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
    from dinhky.domain.plan import unknown
    from dinhky.rounds.contests import let_off
    from dinhky.rounds.lookup import plan_of

    current = bootstrap.settings()
    bootstrap.ledger(current).migrate()
    office = bootstrap.office(current)
    plan, ref = plan_of(office, parsed.plan), f"{parsed.ref}.{parsed.phase}"
    rounds = [round_ for round_ in office.rounds.values() if (round_.plan_id, round_.ref) == (plan.id, ref)]
    if not rounds:
        contests = [obligation.ref for obligation in plan.obligations if obligation.contest]
        raise unknown("unknown_obligation", parsed.ref, contests)
    let_off(office, rounds[0].id, parsed.juror, parsed.reason, parsed.by, current.clock.now())
    console.say("let_off", juror=plan.unit(parsed.juror), round=rounds[0])
    return OK


def _outbox(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.dispatching import flush_outbox

    current = bootstrap.settings()
    bootstrap.ledger(current).migrate()
    office = bootstrap.office(current)
    if parsed.action == "flush":
        now = current.clock.now()
        done = flush_outbox(office, by=f"command line {now.isoformat()}", clock=current.clock.now)
        with office.ledger.snapshot() as ledger:
            waiting = sum(row["state"] == "queued" and row["office_hours_only"] for row in ledger.messages())
        console.say(
            "flushed", sent=done.sent, put_off=done.put_off, failed=done.failed, unknown=done.unknown, waiting=waiting
        )
        return PROBLEMS_FOUND if done.failed or done.unknown else OK
    with office.ledger.snapshot() as ledger:
        for row in ledger.messages():
            console.say("outbox_row", **row)
    return OK


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
        _print_json([as_json(year) for year in years] if parsed.seeds else as_json(years[0]))
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


def _prepare(_parsed: argparse.Namespace, _console: Console) -> int:
    from dinhky.service.airflow_environment import passwords
    from dinhky.service.running import prepare

    current = bootstrap.settings()
    prepare(current)
    passwords(current.home)
    return OK


def _serve(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.service.running import interrupt_on_terminate, serve

    interrupt_on_terminate()
    with suppress(KeyboardInterrupt):  # how it is meant to end
        serve(bootstrap.settings(), console, port=parsed.port)
    return OK


def _demo(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.service.demo import Demo
    from dinhky.service.running import interrupt_on_terminate

    interrupt_on_terminate()
    Demo(console, approve=parsed.approve == "auto", once=parsed.once, port=parsed.port).play()
    return OK


def _year(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.service.running import interrupt_on_terminate
    from dinhky.service.year import Year

    interrupt_on_terminate()
    year = Year(
        console,
        first=_moment(parsed.first),
        last=_moment(parsed.last),
        seed=parsed.seed,
        day_seconds=parsed.day_seconds,
        once=parsed.once,
        port=parsed.port,
    )
    return PROBLEMS_FOUND if year.play() else OK


def _json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["text", "json"], default="text")


def _seconds(text: str) -> float:
    """A positive number of seconds."""
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError(text)
    return seconds


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise DinhKyError("bad_moment", text=text) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


def _say_problems(problems: Sequence[Problem]) -> None:
    words = bootstrap.words_of()
    for problem in problems:
        print(words.sentence(problem), file=sys.stderr)


def _print_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    sys.exit(main())
