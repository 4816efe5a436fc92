"""How a contest ends: its results are told, what was sent on is recorded, and its documents are filed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from dinhky.domain.contest import PhaseKind
from dinhky.domain.errors import CompilingRefused, SendingRefused
from dinhky.domain.plan import Plan
from dinhky.domain.schedule import Round, in_force
from dinhky.rounds.contest_answers import contest_of, entries_in, phase_round, played_by, whole_contest
from dinhky.rounds.correspondence import to_approver, to_units
from dinhky.rounds.kept_messages import Attachment
from dinhky.rounds.kept_reports import ReportVersion
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.reporting import copy_out, record_filed, refusal, refuse_if_damaged

RESULTS = "contest-results"
AWARD = "contest-award"
SENT_ON = "contest-sent-on"
ENDING = (PhaseKind.ENTRIES, PhaseKind.PRELIMINARY, PhaseKind.FINAL)
"""The phases that end with something to approve."""


def announce_results(office: Office, round_id: str, now: datetime) -> ReportVersion:
    """Tell the approved results of the final (`round_id`) to every unit that entered, and hand the proposal of awards
    to whoever signs and issues it: the approver, and the contest's lead.

    Raises SendingRefused without an approval of exactly these bytes. Repeating it sends nothing again.
    """
    plan, round_ = round_of(office, round_id)
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_id)
        version = ledger.latest_report(round_id)
        if version is None:
            raise SendingRefused("no_report_compiled", round_id=round_id)
        if refused := refusal(ledger, version):
            raise refused
        refuse_if_damaged(office, version)
        facts: dict[str, Any] = {"results": ledger.report_facts(version.id), "contest": contest_of(plan, round_)}
        _tell_units(office, ledger, plan, round_, version, facts, now)
        _hand_over_proposal(office, ledger, plan, round_, version, facts, now)
        ledger.set_report_state(version.id, "sent", now, "dinhky")
    return version


def close_sent_on(office: Office, round_id: str, now: datetime) -> tuple[str, ...]:
    """Record which entries went to the higher level's contest, and tell the supervisor and the units whose they are.

    `round_id` is the phase's. Returns the entries' codes, best first. Raises CompilingRefused until the proof is in.
    """
    plan, round_ = round_of(office, round_id)
    whole = whole_contest(office, round_)
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_id)
        parts = ledger.assignments(round_id)
        waiting = [one.unit_name for one in parts if not one.settled]
        if waiting or not parts:
            raise CompilingRefused("units_still_open", round_id=round_id, units=waiting, locks=round_.locks)
        results = ledger.report_facts(played_by(ledger, round_)["results"])
        proofs = [
            proof for one in parts if one.submission_id for proof in ledger.content_of(one.submission_id).evidence
        ]
        sent = results["sent_on"]["entries"]
        codes = tuple(entry["entry"] for entry in sent)
        if not any(event["kind"] == "entries_sent_on" for event in ledger.events(whole.id)):
            ledger.event(
                "entries_sent_on",
                at=now,
                actor="dinhky",
                round_id=whole.id,
                to=results["sent_on"]["to"],
                entries=list(codes),
                proofs=[
                    {"title": proof.title, "number": proof.number, "issued": proof.issued.isoformat()}
                    for proof in proofs
                ],
            )
        facts = {"contest": contest_of(plan, round_), "results": results, "proofs": proofs}
        _tell_sent_on(office, ledger, plan, round_, set(codes), facts, now)
    return codes


def file_contest(office: Office, round_id: str, now: datetime) -> Path:
    """Put the contest's approved documents where people look for them, `<archive>/<plan>/<ref>.<phase>/<period>/…`.

    `round_id` is the whole contest's. Raises SendingRefused until its results were told. Idempotent.
    """
    plan, round_ = round_of(office, round_id)
    contest = contest_of(plan, round_)
    with office.ledger.snapshot() as ledger:
        versions = [
            version
            for kind in ENDING
            if contest.has_phase(kind)
            if (version := ledger.latest_report(phase_round(office, round_, kind).id))
        ]
    if not versions or versions[-1].state != "sent":
        raise SendingRefused("nothing_to_file", round_id=round_id)
    folders = [copy_out(office, version, office.archive) for version in versions]
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_id)
        for version, folder in zip(versions, folders, strict=True):
            record_filed(ledger, version, folder, now)
    return office.archive / plan.id


def _tell_units(
    office: Office,
    ledger: LedgerTransaction,
    plan: Plan,
    round_: Round,
    version: ReportVersion,
    facts: dict[str, Any],
    now: datetime,
) -> None:
    entered = {entry.unit for entry in entries_in(ledger, played_by(ledger, round_)["entries"])}
    notices = to_units(
        office,
        plan,
        round_,
        [unit.code for unit in plan.units if unit.code in entered],
        f"{RESULTS}-v{version.version}",
        template="contest_results",
        now=now,
        attachments=(Attachment(version.document_name, version.document_sha256),),
        office_hours_only=True,
        **facts,
    )
    for notice in notices:
        ledger.queue(notice, now)


def _hand_over_proposal(
    office: Office,
    ledger: LedgerTransaction,
    plan: Plan,
    round_: Round,
    version: ReportVersion,
    facts: dict[str, Any],
    now: datetime,
) -> None:
    kind = f"{AWARD}-v{version.version}"
    both = (
        Attachment(version.document_name, version.document_sha256),
        Attachment(version.annex_name, version.annex_sha256),
    )
    words: dict[str, Any] = {"template": "contest_award", "now": now, "attachments": both, **facts}
    issued_by = in_force(plan.obligation(round_.ref), round_.period).lead
    ledger.queue(to_approver(office, plan, round_, kind, **words), now)
    for notice in to_units(office, plan, round_, issued_by, kind, office_hours_only=True, **words):
        ledger.queue(notice, now)


def _tell_sent_on(
    office: Office,
    ledger: LedgerTransaction,
    plan: Plan,
    round_: Round,
    codes: set[str],
    facts: dict[str, Any],
    now: datetime,
) -> None:
    words: dict[str, Any] = {"template": "contest_sent_on", "now": now, **facts}
    ledger.queue(to_approver(office, plan, round_, SENT_ON, **words), now)
    final = phase_round(office, round_, PhaseKind.FINAL)
    entries = entries_in(ledger, played_by(ledger, final)["entries"])
    owners = dict.fromkeys(entry.unit for entry in entries if entry.code in codes)
    for notice in to_units(office, plan, round_, owners, SENT_ON, office_hours_only=True, **words):
        ledger.queue(notice, now)
