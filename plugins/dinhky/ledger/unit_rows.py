"""What concerns one unit: its parts of a plan's rounds, its files, and the serial of its personal links."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from dinhky.domain.assignment import Assignment
from dinhky.ledger import schema
from dinhky.ledger.from_rows import as_assignment, as_opened_round, as_submission
from dinhky.ledger.rows import Rows
from dinhky.rounds.kept_rounds import OpenedRound
from dinhky.rounds.kept_submissions import Submission


class UnitRows(Rows):
    """Reads of one unit's affairs, and the revocation of its links."""

    def parts_of(self, plan_id: str, unit: str) -> list[tuple[OpenedRound, Assignment]]:
        """Every round of the plan, ever opened, in which the unit has a part, with that part; by round."""
        rounds, parts = schema.rounds, schema.assignments
        of_unit = (parts.c.unit == unit, parts.c.round_id.in_(select(rounds.c.id).where(rounds.c.plan_id == plan_id)))
        found = {row.round_id: as_assignment(row) for row in self._connection.execute(select(parts).where(*of_unit))}
        opened = self._connection.execute(
            select(rounds).where(rounds.c.plan_id == plan_id, rounds.c.id.in_(list(found))).order_by(rounds.c.id)
        )
        return [(as_opened_round(row), found[row.id]) for row in opened]

    def submissions_of(self, round_id: str, unit: str) -> list[Submission]:
        """Every file that the unit sent for a round, in order of arrival."""
        table = schema.submissions
        query = select(table).where(table.c.round_id == round_id, table.c.unit == unit).order_by(table.c.number)
        return [as_submission(row) for row in self._connection.execute(query)]

    def link_serial(self, plan_id: str, unit: str) -> int:
        """How often the unit's personal links were revoked: only a link made with this number opens anything."""
        return self.link_serials(plan_id).get(unit, 0)

    def link_serials(self, plan_id: str) -> dict[str, int]:
        """Those of all units of the plan; a unit whose links were never revoked is not in it."""
        table = schema.link_serials
        found = self._connection.execute(select(table.c.unit, table.c.serial).where(table.c.plan_id == plan_id))
        return {row.unit: row.serial for row in found}

    def revoke_links(self, plan_id: str, unit: str, at: datetime, by: str, reason: str) -> int:
        """Let no personal link that the unit ever got open anything again; the serial of the links to come."""
        table = schema.link_serials
        self._insert_unless_present(table, {"plan_id": plan_id, "unit": unit, "serial": 0})
        of_unit = (table.c.plan_id == plan_id, table.c.unit == unit)
        self._connection.execute(update(table).where(*of_unit).values(serial=table.c.serial + 1))
        serial = self.link_serial(plan_id, unit)
        self.event("links_revoked", at=at, actor=by, unit=unit, plan=plan_id, reason=reason, serial=serial)
        return serial
