"""Which chat belongs to whom, and what the bot has heard: never the words, which are nobody's business afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update

from dinhky.ledger import schema
from dinhky.ledger.rows import Rows
from dinhky.rounds.chatting import ChatState, EnrolledChat, Enrollee, Heard


class ChatRows(Rows):
    """Reads and writes of enrolled chats: one row a contact, found by plan, unit and email."""

    def enrolled_chats(self) -> dict[Enrollee, str]:
        """The addresses of all active chats."""
        table = schema.chats
        found = self._connection.execute(select(table).where(table.c.state == ChatState.ACTIVE.value))
        return {Enrollee(row.plan_id, row.unit, row.email): row.address for row in found}

    def chats(self) -> list[EnrolledChat]:
        """Every chat ever enrolled, by plan, unit and contact."""
        table = schema.chats
        query = select(table).order_by(table.c.plan_id, table.c.unit, table.c.email)
        return [_chat(row) for row in self._connection.execute(query)]

    def enrol_chat(self, whose: Enrollee, address: str, at: datetime) -> EnrolledChat | None:
        """Let this be the contact's chat, and the only one. Returns what was recorded of them before."""
        table = schema.chats
        before = self._connection.execute(select(table).where(*_of(whose))).first()
        values = {"address": address, "state": ChatState.ACTIVE.value, "changed_at": at, "reason": ""}
        if before is None:
            self._insert_unless_present(table, {**whose._asdict(), **values, "enrolled_at": at})
            return None
        if (before.address, before.state) != (address, ChatState.ACTIVE.value):
            self._connection.execute(update(table).where(*_of(whose)).values(**values, enrolled_at=at))
        return _chat(before)

    def end_chat(self, address: str, state: ChatState, at: datetime, reason: str) -> list[EnrolledChat]:
        """End all enrolments of an active chat, and cancel what still waits to go there. Returns those it ended."""
        table = schema.chats
        of_chat = (table.c.address == address, table.c.state == ChatState.ACTIVE.value)
        ended = [_chat(row) for row in self._connection.execute(select(table).where(*of_chat))]
        if ended:
            self._connection.execute(
                update(table).where(*of_chat).values(state=state.value, changed_at=at, reason=reason)
            )
            self._cancel_all_to(address, at, reason)
        return ended

    def _cancel_all_to(self, address: str, at: datetime, reason: str) -> None:
        """Let nothing more go to a chat: what is claimed is lost to its dispatcher, which asks before it sends."""
        table = schema.outbox
        self._connection.execute(
            update(table)
            .where(table.c.state.in_(["queued", "claimed"]), table.c.address == address)
            .values(state="cancelled", settled_at=at, answer=reason, claimed_by=None, lease_until=None)
        )

    def another_chat_took(self, address: str, since: datetime) -> bool:
        """Whether a message to any other chat was taken since then."""
        table = schema.outbox
        others = select(table.c.id).where(
            table.c.state == "sent", table.c.channel == "chat", table.c.address != address, table.c.settled_at >= since
        )
        return self._connection.execute(others.limit(1)).first() is not None

    def forget_chat(self, whose: Enrollee, at: datetime) -> EnrolledChat | None:
        """Keep no longer which chat is a contact's. Returns it, or None if there was nothing to forget."""
        table = schema.chats
        row = self._connection.execute(select(table).where(*_of(whose), table.c.address != "")).first()
        if row is None:
            return None
        gone = {"address": "", "state": ChatState.FORGOTTEN.value, "changed_at": at, "reason": ""}
        self._connection.execute(update(table).where(*_of(whose)).values(**gone))
        return _chat(row)

    def take_heard(self, heard: Heard, at: datetime) -> bool:
        """Record that something was heard; False if it was heard before. Two who hear the same wait for each other."""
        values = {"key": heard.key, "address": heard.address, "heard_at": at, "outcome": "", "answered": False}
        return self._insert_unless_present(schema.chat_updates, values)

    def settle_heard(self, key: str, outcome: str, *, answered: bool) -> None:
        """Record what came of it, and whether it was answered."""
        table = schema.chat_updates
        self._connection.execute(update(table).where(table.c.key == key).values(outcome=outcome, answered=answered))

    def heard_since(self, address: str, since: datetime) -> list[tuple[str, bool]]:
        """Of all that was heard from a chat since then, what came of it and whether it was answered."""
        table = schema.chat_updates
        query = select(table.c.outcome, table.c.answered).where(table.c.address == address, table.c.heard_at >= since)
        return [(row.outcome, row.answered) for row in self._connection.execute(query)]


def _of(whose: Enrollee) -> tuple[ColumnElement[bool], ...]:
    table = schema.chats
    return table.c.plan_id == whose.plan_id, table.c.unit == whose.unit, table.c.email == whose.email


def _chat(row: Row[Any]) -> EnrolledChat:
    return EnrolledChat(
        whose=Enrollee(row.plan_id, row.unit, row.email),
        address=row.address,
        state=ChatState(row.state),
        enrolled_at=row.enrolled_at,
        changed_at=row.changed_at,
        reason=row.reason,
    )
