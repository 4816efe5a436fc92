"""The ledger on both databases: migrations, idempotent writes, instants, and an event log that only grows."""

from __future__ import annotations

import ast
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import StatementError

import dinhky.ledger
from dinhky import bootstrap
from dinhky.domain.assignment import State
from dinhky.domain.content import Content
from dinhky.domain.errors import IllegalTransition, Problem
from dinhky.domain.people import Contact
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.ledger import SqlLedger
from dinhky.ledger.schema import metadata
from dinhky.rounds.correspondence import LONGEST_KEY, message_key, to_unit
from dinhky.rounds.kept_messages import Attachment, Message
from dinhky.rounds.kept_reports import CompiledReport, Decision
from dinhky.rounds.lookup import round_of
from dinhky.rounds.opening import open_round
from dinhky.rounds.ports import Office

ROUND = "phuc-loi-2026/PL-5/2026-Q1"
NOW = datetime.fromisoformat("2026-03-12T09:00+07:00")
DOCUMENT, ANNEX = Attachment("Báo cáo.docx", "d" * 64), Attachment("Phụ lục.xlsx", "a" * 64)


@pytest.fixture
def ledger(ledger_url: str) -> SqlLedger:
    made = SqlLedger(ledger_url)
    made.migrate()
    return made


@pytest.fixture
def office(ledger: SqlLedger, tmp_path: Path) -> Office:
    return replace(bootstrap.office(bootstrap.settings({"DINHKY_HOME": str(tmp_path)})), ledger=ledger)


@pytest.fixture
def opened(office: Office) -> tuple[Plan, Round]:
    plan, round_ = round_of(office, ROUND)
    with office.ledger.transaction() as ledger:
        ledger.open_round(round_, [plan.unit(code) for code in round_.units], NOW)
    return plan, round_


def message(key: str, **changes) -> Message:
    given = Message(key, "test", "email", "a@x.example", "Bà Lan", "Nhắc", "Nội dung", NOW)
    return replace(given, **changes)


def test_migrations_make_exactly_the_tables_that_the_code_declares(ledger):
    with create_engine(ledger.url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "version_table": "dinhky_version"})
        assert compare_metadata(context, metadata) == []
        inspector = inspect(connection)
        for table in metadata.tables.values():
            declared = {item.name for item in table.constraints if type(item).__name__ == "UniqueConstraint"}
            declared |= {f"uq_{table.name}_{column.name}" for column in table.columns if column.unique}
            assert {item["name"] for item in inspector.get_unique_constraints(table.name)} == declared


def test_migrating_again_changes_nothing(ledger):
    with ledger.transaction() as one:
        one.queue(message("kept"), NOW)
    ledger.migrate()
    with ledger.snapshot() as one:
        assert one.message_keys("") == {"kept"}


def test_a_ledger_of_the_first_version_keeps_its_rows_and_goes_on(ledger_url, tmp_path):
    office = replace(bootstrap.office(bootstrap.settings({"DINHKY_HOME": str(tmp_path)})), ledger=SqlLedger(ledger_url))
    config = Config()
    config.set_main_option("script_location", str(Path(dinhky.ledger.__file__).parent / "migrations"))
    opened_then = {"opens": NOW, "unit_due": NOW, "due": NOW, "locks": NOW, "opened_at": NOW}
    with create_engine(ledger_url).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO rounds (id, plan_id, ref, period, window_start, window_end, opens, unit_due, due, locks,"
                " opened_at) VALUES (:id, 'phuc-loi-2026', 'PL-5', '2026-Q1', '2025-12-15', '2026-03-14', :opens,"
                " :unit_due, :due, :locks, :opened_at)"
            ),
            {"id": ROUND} | {name: f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}" for name, at in opened_then.items()},
        )
        connection.commit()
    office.ledger.migrate()
    with office.ledger.snapshot() as ledger:
        assert ledger.opened_round_ids() == [ROUND]
    open_round(office, ROUND, NOW)
    with office.ledger.transaction() as ledger:
        assert len(ledger.assignments(ROUND)) == 7
        reports = [CompiledReport(digest * 64, b"", b"", {}) for digest in "121"]
        versions = [ledger.add_report(ROUND, report, DOCUMENT, ANNEX, {}, NOW).version for report in reports]
        assert versions == [1, 2, 3], "figures that return to those of an older version make a new one"


def test_writing_the_same_fact_twice_is_writing_it_once(office, opened):
    plan, round_ = opened
    units = [plan.unit(code) for code in round_.units]
    compiled = CompiledReport("1" * 64, b"", b"", {"a": 1})
    with office.ledger.transaction() as ledger:
        report = ledger.add_report(ROUND, compiled, DOCUMENT, ANNEX, {}, NOW)
    decision = Decision(report.id, DOCUMENT.sha256, ANNEX.sha256, True, "", "lanhdao", NOW)
    writes = {
        "open": lambda ledger: ledger.open_round(round_, units, NOW + timedelta(days=1)),
        "queue": lambda ledger: ledger.queue(message("k"), NOW),
        "missed after queued": lambda ledger: ledger.record_missed(message("k"), NOW),
        "compile": lambda ledger: ledger.add_report(ROUND, compiled, DOCUMENT, ANNEX, {}, NOW + timedelta(days=1)).id,
        "decide": lambda ledger: ledger.record_decision(decision),
        "state": lambda ledger: ledger.set_report_state(report.id, "approved", NOW, "lanhdao"),
    }

    def everything() -> list[list]:
        with create_engine(office.ledger.url).connect() as connection:
            return [connection.execute(table.select()).fetchall() for table in metadata.sorted_tables]

    for write in writes.values():
        with office.ledger.transaction() as ledger:
            write(ledger)
    before = everything()
    for name, write in writes.items():
        with office.ledger.transaction() as ledger:
            assert write(ledger) in {None, False, report.id}, name
    assert everything() == before


def test_a_key_that_is_taken_stays_taken_whatever_became_of_its_message(ledger):
    with ledger.transaction() as one:
        assert one.record_missed(message("missed"), NOW)
        assert not one.queue(message("missed"), NOW)
        assert one.claim(by="x", now=NOW, lease=timedelta(minutes=1), limit=9) == []


def test_a_transaction_that_fails_leaves_nothing(ledger):
    with pytest.raises(ZeroDivisionError), ledger.transaction() as one:  # noqa: PT012
        one.queue(message("lost"), NOW)
        one.event("something", at=NOW, actor="x")
        raise ZeroDivisionError
    with ledger.snapshot() as one:
        assert (one.messages(), one.events("")) == ([], [])


def test_a_naive_datetime_is_refused_everywhere_an_instant_is_stored(office, opened):
    naive = NOW.replace(tzinfo=None)
    with office.ledger.transaction() as ledger:
        report = ledger.add_report(ROUND, CompiledReport("1" * 64, b"", b"", {}), DOCUMENT, ANNEX, {}, NOW)
    decision = Decision(report.id, "", "", True, "", "lanhdao", naive)
    writes = [
        lambda ledger: ledger.queue(message("k"), naive),
        lambda ledger: ledger.queue(message("k", not_before=naive), NOW),
        lambda ledger: ledger.event("something", at=naive, actor="x"),
        lambda ledger: ledger.record_decision(decision),
        lambda ledger: ledger.move(ROUND, "vp", State.WAIVED, at=naive, actor="x", reason="y"),
        lambda ledger: ledger.claim(by="x", now=naive, lease=timedelta(minutes=1), limit=1),
    ]
    for write in writes:
        with pytest.raises(StatementError, match="aware"), office.ledger.transaction() as ledger:
            write(ledger)


@pytest.mark.parametrize("zone", ["+07:00", "+00:00", "-05:00"])
def test_an_instant_comes_back_as_the_same_instant_in_utc(ledger, zone):
    instant = datetime.fromisoformat(f"2026-03-12T23:30:00.123456{zone}")
    with ledger.transaction() as one:
        one.event("something", at=instant, actor="x")
    with ledger.snapshot() as one:
        (event,) = one.events("")
    assert event["at"] == instant
    assert event["at"].tzinfo is UTC


def test_a_submission_comes_back_with_its_problems_and_dates(office, opened):
    problems = (
        Problem("post_outside_window", "Tin bài, B5", {"found": NOW.date(), "expected": ["a", "b"], "nearest": None}),
        Problem("identity_missing"),
    )
    with office.ledger.transaction() as ledger:
        added = ledger.add_submission(
            round_id=ROUND,
            unit="vp",
            sha256="5" * 64,
            file_name="biểu.xlsx",
            route="test",
            received_at=NOW,
            state="returned",
            late=False,
            problems=problems,
            content=None,
        )
    assert (added.number, added.problems, added.received_at) == (1, problems, NOW)
    with office.ledger.snapshot() as ledger, pytest.raises(LookupError):
        ledger.content_of(added.id)
    assert Content.from_json(Content().to_json()) == Content()


def test_a_move_that_the_states_do_not_allow_is_refused_and_writes_nothing(office, opened):
    with pytest.raises(IllegalTransition), office.ledger.transaction() as ledger:
        ledger.move(ROUND, "vp", State.COMPILED, at=NOW, actor="x")
    with pytest.raises(IllegalTransition, match="reason_missing"), office.ledger.transaction() as ledger:
        ledger.move(ROUND, "vp", State.WAIVED, at=NOW, actor="x", reason="  ")
    with pytest.raises(KeyError), office.ledger.transaction() as ledger:
        ledger.move(ROUND, "tdp", State.WAIVED, at=NOW, actor="x", reason="y")
    with office.ledger.snapshot() as ledger:
        assert ledger.assignment(ROUND, "vp").state is State.OPEN
        assert [event["kind"] for event in ledger.events(ROUND)] == ["round_opened"]


@pytest.mark.parametrize("key", ["a%|b", "a_|b", "a\\|b", "A|b"])
def test_a_prefix_means_itself_and_not_a_pattern(ledger, key):
    with ledger.transaction() as one:
        for queued in (key, "ab|b", "axx|b"):
            one.queue(message(queued), NOW)
        assert one.message_keys(key[:2]) == {key}


def test_no_code_of_the_ledger_changes_or_removes_an_event_or_a_decision():
    changed = set()
    for file in Path(dinhky.ledger.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if called in {"update", "delete"}:
                    target = node.args[0] if node.args else getattr(node.func, "value", node)
                    changed.add(f"{called} {ast.unparse(target)}".replace("schema.", ""))
    tables = {change.split()[1] for change in changed}
    assert tables <= {"assignments", "items", "outbox", "reports", "table"}  # `table` is checked below
    assert not any(change.startswith("delete") for change in changed)
    for module in ("work", "items", "messages", "chats"):
        tree = ast.parse((Path(dinhky.ledger.__file__).parent / f"{module}.py").read_text("utf-8"))
        named = {
            ast.unparse(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == "table"
            and not isinstance(node.value, ast.Subscript)
        }
        assert named <= {
            "schema.rounds", "schema.assignments", "schema.submissions", "schema.items", "schema.outbox",
            "schema.chats", "schema.chat_updates",
        }  # fmt: skip


LONG_UNIT = Unit("u" * 40, "Đơn vị có tên rất dài " * 9, (Contact("Bà Lan", f"{'a' * 60}@{'b' * 60}.example"),))


def test_a_message_key_fits_the_outbox_however_long_the_names_and_still_tells_addresses_apart():
    round_id, kind = "r" * 120, "k" * 40
    keys = {message_key(round_id, kind, "u" * 40, f"{name}{'x' * 240}@x.example") for name in "abc"}
    assert len(keys) == 3
    assert max(len(key) for key in keys) <= LONGEST_KEY
    assert all(key.startswith(f"{round_id}|{kind}|{'u' * 40}|") for key in keys)
    assert message_key(ROUND, "T-3", "vp", "a@x.example") == f"{ROUND}|T-3|vp|a@x.example"


def test_messages_of_units_and_plans_with_long_names_can_be_queued(office):
    plan, round_ = round_of(office, ROUND)
    long_plan = replace(plan, id="p" * 80, units=(*plan.units, LONG_UNIT))
    long_round = replace(round_, plan_id=long_plan.id, units=(LONG_UNIT.code,))
    told = {"template": "opening", "now": NOW, "links": {}, "is_overdue": False}
    messages = list(to_unit(office, long_plan, long_round, LONG_UNIT, "opening", **told))
    with office.ledger.transaction() as ledger:
        ledger.open_round(long_round, [LONG_UNIT], NOW)
        assert [ledger.queue(one, NOW) for one in messages] == [True]
        assert len(ledger.message_keys(f"{long_round.id}|opening|{LONG_UNIT.code}|")) == 1


def test_transactions_that_read_before_they_write_wait_for_each_other_instead_of_failing(ledger):
    together, added = threading.Barrier(4), []

    def add_one_after_looking(number: int) -> None:
        together.wait()
        for _ in range(10):
            with ledger.transaction() as one:
                one.lock_round(ROUND)
                seen = len(one.message_keys("n|"))
                added.append(one.queue(message(f"n|{seen}"), NOW))

    threads = [threading.Thread(target=add_one_after_looking, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert added == [True] * 40


@pytest.mark.parametrize(("query", "synchronous"), [("", 2), ("?durable=no", 0), ("?durable=yes", 2)])
def test_what_is_only_played_need_not_reach_the_disk_and_all_else_must(tmp_path, query, synchronous):
    opened = SqlLedger(f"sqlite:///{tmp_path / 'ledger.db'}{query}")
    opened.migrate()
    assert (tmp_path / "ledger.db").is_file()
    with opened._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == synchronous


def test_an_event_is_read_in_the_transaction_that_notes_it_in_the_order_of_noting(office, opened):
    _, round_ = opened
    with office.ledger.transaction() as ledger:
        ledger.move(round_.id, "vp", State.NIL, at=NOW, actor="canbo", reason="không phát sinh")
        ledger.event("noted", at=NOW, actor="canbo", round_id=round_.id)
        assert [one["kind"] for one in ledger.events(round_.id)] == ["round_opened", "assignment_nil", "noted"]
        assert ledger.last_events("noted", [round_.id])
        ledger.event("after", at=NOW, actor="canbo", round_id=round_.id)
    with office.ledger.snapshot() as ledger:
        kinds = [one["kind"] for one in ledger.events(round_.id)]
    assert kinds == ["round_opened", "assignment_nil", "noted", "after"]


def test_a_part_that_passes_through_a_state_has_an_event_of_each(office, opened):
    _, round_ = opened
    with office.ledger.transaction() as ledger:
        ledger.move(round_.id, "vp", State.RETURNED, through=State.SUBMITTED, at=NOW, actor="vp", reason="Thiếu tên")
        with pytest.raises(IllegalTransition):
            ledger.move(round_.id, "vhxh", State.ACCEPTED, through=State.COMPILED, at=NOW, actor="vhxh")
    with office.ledger.snapshot() as ledger:
        told = [(one["kind"], one["detail"]["was"], one["detail"]["reason"]) for one in ledger.events(round_.id)[1:]]
        assert ledger.assignment(round_.id, "vhxh").state is State.OPEN
    assert told == [("assignment_submitted", "open", None), ("assignment_returned", "submitted", "Thiếu tên")]
