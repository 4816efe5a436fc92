"""The report's Excel annex: all that units told, and the tallies with their totals as live formulas.

Text that came from outside is only ever written as text, never as a formula or a link.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from dinhky.report import notation
from dinhky.report.annex_sheet import AnnexSheet, Styles


def write_annex(wording: Mapping[str, Any], facts: Mapping[str, Any], period_name: Callable[[str], str]) -> bytes:
    """The workbook of these facts; the same facts and wording give the same bytes.

    `wording` is the annex's YAML file. Raises ReportError `annex_text_refused` for a text that a cell cannot hold.
    """
    import xlsxwriter

    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    due = date.fromisoformat(facts["due"])
    issuer = " ".join(facts["letterhead"]["issuer"])
    book.set_properties({"author": issuer, "created": datetime(due.year, due.month, due.day)})  # noqa: DTZ001
    styles = Styles(book)
    words = {
        "issuer": issuer,
        "commune": facts["commune"],
        "period": period_name(facts["period"]),
        "start": notation.day(facts["window"]["start"]),
        "end": notation.day(facts["window"]["end"]),
    }
    rows = {
        "channels": [_channel_row(wording, channel) for channel in facts["channels"]],
        "units": [_unit_row(wording, unit, period_name) for unit in facts["units"]],
        "posts": facts["posts"],
        "activities": facts["activities"],
        "remarks": _remark_rows(wording, facts),
        "standing": _standing_rows(wording, facts),
    }
    for key, described in wording["sheets"].items():
        sheet = AnnexSheet(book, styles, wording, described, words)
        sheet.write_rows(_numbered(rows[key]))
        if key == "channels":
            sheet.write_totals(["target", "posts"], _sums(rows[key], ["target", "posts"]))
            highest = max((row[column] or 0 for row in rows[key] for column in ("target", "posts")), default=0)
            sheet.add_chart(described["chart"], "name", ["target", "posts"], highest)
        elif key == "units":
            columns = ["posts", "activities", "participants"]
            sheet.write_totals(columns, _sums(rows[key], columns))
        elif key == "activities":
            sheet.write_totals(["participants"], _sums(rows[key], ["participants"]))
    book.close()
    return written.getvalue()


def _numbered(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [dict(row) | {"no": index} for index, row in enumerate(rows, 1)]


def _sums(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> dict[str, int]:
    return {column: sum(row[column] or 0 for row in rows) for column in columns}


def _channel_row(wording: Mapping[str, Any], channel: Mapping[str, Any]) -> dict[str, Any]:
    parts = [
        wording["target_part"].format(
            count=notation.number(part["count"]),
            times=notation.number(part["times"]),
            per=wording["per"][part["cadence"]],
        )
        for part in channel["parts"]
    ]
    return dict(channel) | {
        "basis": "; ".join(parts) or wording["no_target"],
        "share": channel["posts"] / channel["target"] if channel["target"] else None,
    }


def _unit_row(wording: Mapping[str, Any], unit: Mapping[str, Any], period_name: Callable[[str], str]) -> dict[str, Any]:
    duties = [
        f"{duty['name']}: {'–' if duty['posts'] is None else notation.number(duty['posts'])}"
        f"/{notation.number(duty['target'])}"
        for duty in unit["duties"]
    ]
    if unit["state"] in {"nil", "waived"}:
        standing = unit["state"]
    elif not unit["answered"]:
        standing = "missing"
    else:
        standing = "late" if unit["late"] else "on_time"
    state = wording["states"][standing]
    if unit["missing_periods"]:
        state = wording["missing_periods"].format(periods=", ".join(map(period_name, unit["missing_periods"])))
    return dict(unit) | {"duties": "; ".join(duties), "state": state}


def _remark_rows(wording: Mapping[str, Any], facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        dict(remark) | {"kind": wording["kinds"][kind]}
        for kind in ("difficulties", "proposals")
        for remark in facts[kind]
    ]


def _standing_rows(wording: Mapping[str, Any], facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Duty by duty what each unit told, then those that told nothing."""
    rows = []
    for duty in facts["standing"]["duties"]:
        rows += [{"duty": duty["name"]} | told for told in duty["told"]]
        rows += [{"duty": duty["name"], "unit": unit, "text": wording["silent"]} for unit in duty["silent"]]
    return rows
