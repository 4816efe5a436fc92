"""What the commands share: exit statuses, moments, JSON, the office with its ledger up to date."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from dinhky import bootstrap
from dinhky.domain.errors import DinhKyError
from dinhky.domain.local_time import VIETNAM, local
from dinhky.domain.schedule import Round
from dinhky.rounds.ports import Office

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # argparse has no public name for it

OK, PROBLEMS_FOUND, CANNOT_RUN = 0, 1, 2


def opened() -> tuple[bootstrap.Settings, Office]:
    """The settings and the office, its ledger up to date."""
    current = bootstrap.settings()
    bootstrap.ledger(current).migrate()
    return current, bootstrap.office(current)


def round_json(round_: Round) -> dict[str, Any]:
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


def json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["text", "json"], default="text")


def moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise DinhKyError("bad_moment", text=text) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


def print_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2))
