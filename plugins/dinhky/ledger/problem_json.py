"""Problems as they are kept: a file is answered in the same words however long ago it came."""

from __future__ import annotations

from datetime import date
from typing import Any

from dinhky.domain.errors import Problem


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """Plain types; dates are told from texts."""
    params = {
        name: {"date": value.isoformat()} if isinstance(value, date) else value
        for name, value in problem.params.items()
    }
    return {"code": problem.code, "where": problem.where, "params": params}


def problem_from_json(data: dict[str, Any]) -> Problem:
    """The reverse of `problem_to_json`."""
    params = {
        name: date.fromisoformat(value["date"]) if isinstance(value, dict) and "date" in value else value
        for name, value in data["params"].items()
    }
    return Problem(data["code"], data["where"], params)
