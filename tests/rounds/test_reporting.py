"""From accepted workbooks to a filed report. An approval counts for the newest version's bytes and for nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dinhky.domain.assignment import State
from dinhky.domain.errors import CompilingRefused, SendingRefused, UnknownName
from dinhky.intake.receive import Verdict
from dinhky.rounds import reporting
from dinhky.rounds.opening import open_round
from dinhky.rounds.reporting import (
    compile_report,
    compile_when_due,
    draft_folder,
    file_report,
    is_approved,
    record_decision,
    request_approval,
    send_report,
)

ROUND = "phuc-loi-2026/PL-5/2026-Q1"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}+07:00")


COMPILED, DECIDED, SENT = at("16T10:05"), at("16T11:00"), at("16T11:05")


@pytest.fixture
def answered(commune):
    """A commune in which two units have answered."""
    commune.answer("vhxh")
    commune.answer("vp")
    return commune


def decide(commune, version, *, approved: bool = True, moment: datetime = DECIDED) -> None:
    record_decision(commune.office, version.id, approved=approved, comment="Bổ sung", by="lanhdao", at=moment)


def sent_report(commune):
    version = compile_report(commune.office, ROUND, COMPILED)
    decide(commune, version)
    return send_report(commune.office, ROUND, SENT)


def test_compiling_again_gives_the_version_there_is_and_no_second_event(answered):
    first = compile_report(answered.office, ROUND, COMPILED)
    again = compile_report(answered.office, ROUND, COMPILED + timedelta(hours=1))
    assert again == first
    assert [event["kind"] for event in answered.events()].count("report_compiled") == 1
    assert answered.assignment("vp").state == "compiled"
    assert answered.assignment("bxdd").state == "open"


def test_a_file_accepted_after_the_compilation_gives_the_next_version(answered):
    first = compile_report(answered.office, ROUND, COMPILED)
    answered.answer("pvhcc", at("16T09:30"))
    second = compile_report(answered.office, ROUND, COMPILED)
    assert (first.version, second.version) == (1, 2)
    assert first.document_sha256 != second.document_sha256
    assert answered.office.files.get(first.document_sha256)  # the first is still there, as it was


def test_figures_that_return_to_those_of_an_older_version_make_a_new_one_that_can_be_sent(answered):
    def waive(state: State) -> None:
        with answered.office.ledger.transaction() as ledger:
            ledger.move(ROUND, "bxdd", state, at=COMPILED, actor="vhxh", reason="Sáp nhập")

    first = compile_report(answered.office, ROUND, COMPILED)
    waive(State.WAIVED)
    compile_report(answered.office, ROUND, COMPILED)
    waive(State.OPEN)
    third = compile_report(answered.office, ROUND, COMPILED)
    assert (third.version, third.document_sha256) == (3, first.document_sha256)
    decide(answered, third)
    assert send_report(answered.office, ROUND, SENT).version == 3


def test_a_round_that_was_never_opened_cannot_be_compiled(new_commune):
    with pytest.raises(UnknownName) as refused:
        compile_report(new_commune.office, ROUND, COMPILED)
    assert "chưa được mở" in new_commune.office.words.explain(refused.value)


def test_a_round_without_a_single_answer_is_compiled_all_the_same(commune):
    assert compile_report(commune.office, ROUND, COMPILED).version == 1


def test_the_approver_is_asked_once_a_version_with_the_documents_attached(answered):
    version = compile_report(answered.office, ROUND, COMPILED)
    request_approval(answered.office, version, COMPILED)
    request_approval(answered.office, version, COMPILED)
    (request,) = answered.messages("approval-request-v1")
    assert request["address"] == "lanhdao@phucloi.example"
    assert [file["sha256"] for file in request["attachments"]] == [version.document_sha256, version.annex_sha256]
    for file in request["attachments"]:
        draft = draft_folder(answered.office, version) / file["name"]
        assert draft.read_bytes() == answered.office.files.get(file["sha256"])


def undecided(commune, version) -> None:
    pass


def sent_back(commune, version) -> None:
    decide(commune, version, approved=False)


def sent_back_after_an_approval(commune, version) -> None:
    decide(commune, version)
    decide(commune, version, approved=False, moment=DECIDED + timedelta(minutes=1))


def approved_then_compiled_anew(commune, version) -> None:
    decide(commune, version)
    commune.answer("pvhcc", at("16T09:30"))
    compile_report(commune.office, ROUND, COMPILED)


def approved_for_other_bytes(commune, version) -> None:
    decide(commune, replace(version))
    with commune.office.ledger.transaction() as ledger:
        approval = ledger.last_decision(version.id)
        ledger.record_decision(replace(approval, annex_sha256="0" * 64, at=DECIDED + timedelta(minutes=1)))


def approved_but_damaged(commune, version) -> None:
    decide(commune, version)
    path = commune.office.files.path(version.annex_sha256)
    path.chmod(0o640)
    path.write_bytes(b"not what was approved")


def approved_but_lost(commune, version) -> None:
    decide(commune, version)
    commune.office.files.path(version.document_sha256).unlink()


@pytest.mark.parametrize(
    ("fate", "code"),
    [
        (undecided, "not_approved"),
        (sent_back, "sent_back"),
        (sent_back_after_an_approval, "sent_back"),
        (approved_then_compiled_anew, "not_approved"),
        (approved_for_other_bytes, "approval_of_other_bytes"),
        (approved_but_damaged, "document_damaged"),
        (approved_but_lost, "document_damaged"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_nothing_is_sent_without_an_approval_of_exactly_these_bytes(answered, fate: Callable, code: str):
    version = compile_report(answered.office, ROUND, COMPILED)
    fate(answered, version)
    before = answered.events()
    with pytest.raises(SendingRefused) as refused:
        send_report(answered.office, ROUND, SENT)
    assert refused.value.code == code
    assert answered.office.words.explain(refused.value).startswith("Không gửi")
    assert answered.messages("report-v1", "report-v2") == []
    assert answered.events() == before


def test_nothing_is_sent_where_nothing_was_compiled(commune):
    with pytest.raises(SendingRefused, match="no_report_compiled"):
        send_report(commune.office, ROUND, SENT)


def test_an_approval_after_a_return_counts(answered):
    version = compile_report(answered.office, ROUND, COMPILED)
    decide(answered, version, approved=False)
    assert not is_approved(answered.office, version)
    decide(answered, version, moment=DECIDED + timedelta(hours=1))
    assert is_approved(answered.office, version)
    assert send_report(answered.office, ROUND, SENT).state == "approved"


def test_a_return_is_told_to_the_compiler_with_the_comment_once(answered):
    version = compile_report(answered.office, ROUND, COMPILED)
    for _ in range(2):
        decide(answered, version, approved=False)
    (notice,) = [row for row in answered.messages() if row["kind"].startswith("report-returned")]
    assert notice["unit"] == "vhxh"
    assert "Bổ sung" in notice["body"]
    assert [event["kind"] for event in answered.events()].count("report_returned") == 1


def test_the_approved_report_goes_to_each_recipient_once_with_exactly_the_approved_bytes(answered):
    version = sent_report(answered)
    send_report(answered.office, ROUND, SENT + timedelta(hours=1))
    (message,) = answered.messages("report-v1")
    assert message["address"] == "baocao@sonoivu-hanoi.example"
    assert [file["sha256"] for file in message["attachments"]] == [version.document_sha256, version.annex_sha256]
    assert [event["kind"] for event in answered.events()].count("report_sent") == 1


def test_a_sent_version_stays_sent_whatever_is_decided_afterwards(answered):
    version = sent_report(answered)
    decide(answered, version, approved=False, moment=SENT + timedelta(hours=1))
    with answered.office.ledger.snapshot() as ledger:
        assert ledger.report(version.id).state == "sent"
    with pytest.raises(SendingRefused, match="sent_back"):
        send_report(answered.office, ROUND, SENT + timedelta(hours=2))


def test_once_the_report_is_sent_a_further_file_waits_for_a_decision_even_before_the_lock(answered):
    first = sent_report(answered)
    assert answered.answer("pvhcc", at("16T09:30")).verdict is Verdict.HELD
    for again in (compile_report(answered.office, ROUND, SENT), send_report(answered.office, ROUND, SENT)):
        assert (again.id, again.state) == (first.id, "sent")


def test_a_report_is_not_sent_without_the_workbooks_accepted_since_it_was_compiled(answered):
    version = compile_report(answered.office, ROUND, COMPILED)
    decide(answered, version)
    answered.answer("pvhcc", at("16T09:30"))
    with pytest.raises(SendingRefused, match="report_outdated"):
        send_report(answered.office, ROUND, SENT)
    second = compile_report(answered.office, ROUND, COMPILED)
    with pytest.raises(SendingRefused, match="not_approved"):
        send_report(answered.office, ROUND, SENT)
    decide(answered, second)
    assert send_report(answered.office, ROUND, SENT).id == second.id


def test_no_report_is_due_while_units_may_still_answer_whatever_the_states_of_tasks_say(answered):
    with pytest.raises(CompilingRefused, match="units_still_open"):
        compile_when_due(answered.office, ROUND, at("16T09:59"))
    assert compile_when_due(answered.office, ROUND, at("16T10:01")).version == 1


def test_a_report_is_due_before_the_lock_once_every_unit_has_answered(answered):
    with answered.office.ledger.transaction() as ledger:
        for assignment in ledger.assignments(ROUND):
            if not assignment.settled:
                ledger.move(ROUND, assignment.unit, State.NIL, at=at("12T09:00"), actor="vhxh", reason="Không có")
    assert compile_when_due(answered.office, ROUND, at("15T00:01")).version == 1


def test_a_draft_that_is_no_longer_what_was_compiled_is_laid_out_anew(answered):
    version = compile_report(answered.office, ROUND, COMPILED)
    draft = draft_folder(answered.office, version) / version.document_name
    draft.write_bytes(b"something else")
    compile_report(answered.office, ROUND, COMPILED)
    assert draft.read_bytes() == answered.office.files.get(version.document_sha256)


def test_the_approver_is_written_to_again_when_a_report_sent_back_is_asked_about_again(answered):
    version = compile_report(answered.office, ROUND, COMPILED)
    for _ in range(2):
        request_approval(answered.office, version, COMPILED)
    decide(answered, version, approved=False)
    for _ in range(2):
        request_approval(answered.office, version, SENT)
    with answered.office.ledger.snapshot() as ledger:
        kinds = [row["kind"] for row in ledger.messages() if row["kind"].startswith("approval-request")]
    assert kinds == ["approval-request-v1", "approval-request-v1-after-20260316T040000"]


def test_only_what_was_sent_is_filed(answered):
    version = compile_report(answered.office, ROUND, COMPILED)
    for decided in (False, True):
        if decided:
            decide(answered, version)
        with pytest.raises(SendingRefused, match="nothing_to_file"):
            file_report(answered.office, ROUND, SENT)
    assert not answered.office.archive.exists()


def test_filing_again_changes_nothing(answered):
    version = sent_report(answered)
    folder = file_report(answered.office, ROUND, SENT)
    contents = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    assert {name: data for name, (data, _) in contents.items()} == {
        version.document_name: answered.office.files.get(version.document_sha256),
        version.annex_name: answered.office.files.get(version.annex_sha256),
    }
    assert file_report(answered.office, ROUND, SENT + timedelta(days=1)) == folder
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == contents
    assert [event["kind"] for event in answered.events()].count("report_filed") == 1


def test_a_crash_half_way_through_filing_leaves_no_half_document_and_filing_again_completes_it(
    answered, monkeypatch: pytest.MonkeyPatch
):
    version = sent_report(answered)
    whole = Path.write_bytes

    def dies_half_way(path: Path, data: bytes) -> int:
        whole(path, data[: len(data) // 2])
        raise OSError("no space left on device")

    monkeypatch.setattr(reporting.Path, "write_bytes", dies_half_way)
    with pytest.raises(OSError, match="no space"):
        file_report(answered.office, ROUND, SENT)
    monkeypatch.undo()
    folder = file_report(answered.office, ROUND, SENT)
    assert (folder / version.document_name).read_bytes() == answered.office.files.get(version.document_sha256)
    assert [event["kind"] for event in answered.events()].count("report_filed") == 1


def test_a_crash_between_filing_and_its_event_is_mended_by_filing_again(answered, monkeypatch: pytest.MonkeyPatch):
    sent_report(answered)
    transaction = type(answered.office.ledger).transaction
    monkeypatch.setattr(type(answered.office.ledger), "transaction", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        file_report(answered.office, ROUND, SENT)
    monkeypatch.setattr(type(answered.office.ledger), "transaction", transaction)
    file_report(answered.office, ROUND, SENT)
    assert [event["kind"] for event in answered.events()].count("report_filed") == 1


def test_nothing_that_happens_to_a_round_ever_changes_an_event_already_written(answered):
    def written() -> list[str]:
        return [json.dumps(event, default=str, sort_keys=True) for event in answered.events()]

    history = written()
    for happens in (
        lambda: open_round(answered.office, ROUND, COMPILED),
        lambda: compile_report(answered.office, ROUND, COMPILED),
        lambda: answered.answer("pvhcc", at("16T09:30")),
        lambda: sent_report(answered),
        lambda: file_report(answered.office, ROUND, SENT),
    ):
        happens()
        now = written()
        assert now[: len(history)] == history
        history = now
