"""What the words of messages ought to say: counts, names, days and hours, each read from the text and given as it
should be.

Every function yields pairs of what stands in the text and what should, equal if all is well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from dinhky.domain.local_time import local
from dinhky.simulation.post_truth import TrueTally

PROGRESS = re.compile(r"đã có (\d+/\d+)")
WHOLE = re.compile(r"Đã có (\d+/\d+) [^\n]*còn thiếu (\d+)")
LACKING = re.compile(r"còn thiếu (\d+)")
DAYS = re.compile(r"từ (\d+/\d+/\d{4}) đến hết (\d+/\d+/\d{4})")
ENTRY_DAYS = re.compile(r"từ (\d+/\d+/\d{4}) đến hết (?:thứ|Chủ)")
HOUR = re.compile(r"(\d\d:\d\d) ((?:thứ \w+|Chủ nhật), \d+/\d+/\d{4})")
AT_LATEST = re.compile(r"chậm nhất ((?:thứ \w+|Chủ nhật), \d+/\d+/\d{4})")
IN_FILE = {
    "posts": re.compile(r"(?:Tin, bài trong tệp: |ghi nhận: )(\d+)(?:\.| tin bài)"),
    "activities": re.compile(r"(\d+) hoạt động"),
    "remarks": re.compile(r"(\d+) khó khăn"),
    "entries": re.compile(r"Số bài dự thi ghi nhận: (\d+)"),
    "scores": re.compile(r"Số bài đã chấm: (\d+)"),
}
BY_UNIT = "Theo đơn vị:"
UNIT_LINE = re.compile(r"^- (.+?): (?:đã có )?(\d+(?:/\d+)?)")
NAMED_LINE = re.compile(r"^- (.+?): (.+)$", re.MULTILINE)
NOT_PROVED, NOT_TOLD = "chưa báo kết quả.", "không báo cáo nội dung nào trong kỳ"
EXCUSED = "được miễn báo cáo kỳ này"
GIVEN_LONGER = " (được gia hạn đến "
LONGER = re.compile(r" \(được gia hạn đến [^)]*\)")
REPORTED_LATE = "(báo muộn)"
PRODUCT_ENDS = re.compile(r", số |, ngày | – | \(báo muộn\)")
SILENT = re.compile(r": (\d+) nội dung")

Pairs = Iterator[tuple[Any, Any]]
Codes = Callable[[str], str]
"""The code of the unit that has, or had, this name; the name itself if there is none."""


def official(day: date) -> str:
    """A day as official documents write it: days below 10 and the months 1 and 2 with a zero."""
    return f"{day.day:02d}/{f'{day.month:02d}' if day.month <= 2 else day.month}/{day.year}"


def weekday_and_day(moment: datetime, weekdays: Sequence[str]) -> str:
    day = local(moment).date()
    return f"{weekdays[day.weekday()]}, {official(day)}"


def of_extended(listed: Sequence[str], longer: Mapping[str, datetime | None], weekdays: Sequence[str]) -> Pairs:
    """Until when those were given longer of whom the supervisor reads so."""
    found = [name.partition(GIVEN_LONGER)[2].rstrip(")") for name in listed if GIVEN_LONGER in name]
    given = [until for until in longer.values() if until]
    yield sorted(found), sorted(f"{local(until):%H:%M} {weekday_and_day(until, weekdays)}" for until in given)


def of_part(body: str, tally: TrueTally, unit: str, *, whole_too: bool) -> Pairs:
    """A unit's part of a quota; with `whole_too` also how all stand together, where each has its own part."""
    own = tally.targets.get(unit) is not None
    expected = [tally.progress_of(unit), *([tally.progress] if own and whole_too else [])]
    yield PROGRESS.findall(body), expected
    owes = tally.owes.get(unit, 0)
    yield [int(number) for number in LACKING.findall(body)], [owes] if owes else []


def of_whole(body: str, tally: TrueTally) -> Pairs:
    """How all of a quota stands, in one sentence."""
    found = WHOLE.search(body)
    yield found and (found[1], int(found[2])), (tally.progress, tally.missing)


def of_units(body: str, tally: TrueTally, codes: Codes, *, only_owing: bool = False) -> Pairs:
    """The lines that say unit by unit how a quota stands."""
    found = {}
    for line in (
        body.partition(BY_UNIT)[2].strip().split("\n\n")[0].splitlines() if BY_UNIT in body else body.split("\n")
    ):
        if read := UNIT_LINE.match(line):
            lacking = LACKING.search(line)
            found[codes(read[1])] = (read[2], int(lacking[1]) if lacking else 0)
    expected = {}
    for unit, target in tally.targets.items():
        if only_owing and target is not None and not tally.owes.get(unit):
            continue
        own = tally.own.get(unit, 0)
        stands = f"{own:02d}" if target is None else f"{own}/{target}"
        expected[unit] = (stands, 0 if target is None else tally.owes.get(unit, 0))
    if not only_owing:
        helpers = {unit: own for unit, own in tally.own.items() if unit not in tally.targets and own}
        expected |= {unit: (f"{own:02d}", 0) for unit, own in helpers.items()}
    yield found, expected


def of_file(body: str, rows: Mapping[str, Sequence[Any]], sheets: Sequence[str]) -> Pairs:
    """How much of each sheet the answer to a file counts."""
    for sheet in sheets:
        found = IN_FILE[sheet].search(body)
        yield (sheet, found and int(found[1])), (sheet, len(rows.get(sheet, ())))


def of_products(body: str, expected: Sequence[tuple[str, str, bool]], missing: Sequence[str], codes: Codes) -> Pairs:
    """The products proved (unit, title, whether late), and the units that proved none."""
    lines = [(codes(name), said) for name, said in NAMED_LINE.findall(body)]
    yield sorted(unit for unit, said in lines if said == NOT_PROVED), sorted(missing)
    proved = [
        (unit, PRODUCT_ENDS.split(said)[0], said.endswith(REPORTED_LATE)) for unit, said in lines if said != NOT_PROVED
    ]
    yield sorted(proved), sorted(expected)


def of_standing(subject: str, body: str, expected: Sequence[tuple[str, str, str]], codes: Codes) -> Pairs:
    """Duty by duty what each unit told: ref, unit and text, empty of a silent one."""
    found, ref = [], ""
    for line in body.splitlines():
        if read := re.match(r"^(\S+)\. ", line):
            ref = read[1]
        elif read := NAMED_LINE.match(line):
            found.append((ref, codes(read[1]), "" if read[2] == NOT_TOLD else read[2]))
    yield sorted(found), sorted(expected)
    counted = SILENT.search(subject)
    yield int(counted[1]) if counted else 0, sum(not text for _, _, text in expected)
