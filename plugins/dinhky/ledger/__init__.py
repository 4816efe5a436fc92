"""The ledger: rounds, assignments, submissions, reports, decisions, messages and events, in SQLite or PostgreSQL."""

from dinhky.ledger.database import SqlLedger

__all__ = ["SqlLedger"]
