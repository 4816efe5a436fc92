"""Commands that stand for a unit: its workbook, a file it sends, an item it tells of."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from dinhky.cli.command import OK, PROBLEMS_FOUND, json_option, moment, opened, print_json
from dinhky.service.console import Console

if TYPE_CHECKING:
    from dinhky.cli.command import Commands


def register(commands: Commands) -> None:
    """Add these commands to the parser."""
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
    receive.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where to put the file with its problems marked, if it has any",
    )
    json_option(receive)
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


def _workbook(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.asking import prefilled_for
    from dinhky.rounds.lookup import round_of

    _, office = opened()
    plan, round_ = round_of(office, f"{parsed.plan}/{parsed.ref}/{parsed.period}")
    unit = plan.unit(parsed.unit)
    with office.ledger.snapshot() as ledger:
        prefilled = prefilled_for(office, ledger, plan, round_, unit)
    parsed.output.write_bytes(office.workbooks.build(plan, round_, unit, prefilled))
    console.say("workbook_written", file=parsed.output)
    return OK


def _receive(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.intake.answering import in_words
    from dinhky.intake.receive import receive

    current, office = opened()
    receipt = receive(
        office,
        parsed.file.read_bytes(),
        file_name=parsed.file.name,
        unit_code=parsed.unit,
        plan_id=parsed.plan,
        now=moment(parsed.at) if parsed.at else current.clock.now(),
        route="command line",
    )
    marked_name = ""
    if parsed.output and receipt.answer:
        parsed.output.write_bytes(office.files.get(receipt.answer.sha256))
        marked_name = parsed.output.name
    if parsed.format == "json":
        print_json(
            {
                "verdict": receipt.verdict.value,
                "round": receipt.round_id,
                "unit": receipt.unit,
                "number": receipt.number,
                "late": receipt.late,
                "again": receipt.again,
                "sha256": receipt.sha256,
                "counted": dict(receipt.counted),
                "answer_sha256": receipt.answer.sha256 if receipt.answer else None,
                **{
                    name: [
                        {"code": problem.code, "where": problem.where, "sentence": office.words.sentence(problem)}
                        for problem in problems
                    ]
                    for name, problems in (("problems", receipt.problems), ("questions", receipt.questions))
                },
            }
        )
    else:
        print(in_words(office, receipt, marked_name), end="")
    return OK if receipt.is_taken else PROBLEMS_FOUND


def _post(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.domain.posts import EvidenceKind, ToldPost
    from dinhky.rounds.kept_messages import Attachment
    from dinhky.rounds.posting import tell_post

    current, office = opened()
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
