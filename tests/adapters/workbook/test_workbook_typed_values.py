"""Dates and numbers: what is taken, what is not, and that nothing typed can make the parsers fail."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinhky.domain.same_item import bare_link, is_web_link
from dinhky.workbook.cell_text import clean, comparable
from dinhky.workbook.typed_values import LARGEST_COUNT, parse_day, parse_whole_number, write_day

ANYTHING = st.one_of(
    st.text(), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(), st.times(), st.timedeltas()
)
THIS_CENTURY = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(st.dates(date(1000, 1, 1)))
def test_a_day_is_read_back_however_it_is_written(day):
    for separator in "/.-":
        assert parse_day(f"{day.day}{separator}{day.month}{separator}{day.year}") == day
        assert parse_day(f" {day.day:02d}{separator}{day.month:02d}{separator}{day.year} ") == day
    assert parse_day(day.isoformat()) == day
    assert parse_day(f"{day.isoformat()} 00:00:00") == day
    assert parse_day(write_day(day)) == day
    assert parse_day(datetime.combine(day, time(23, 59))) == day


@given(THIS_CENTURY)
def test_a_day_that_lost_its_format_is_read_back(day):
    serial = (day - date(1899, 12, 30)).days
    assert parse_day(serial) == parse_day(float(serial)) == day


@given(ANYTHING)
def test_nothing_makes_the_parsers_fail(value):
    day = parse_day(value)
    assert day is None or type(day) is date
    number = parse_whole_number(value)
    assert number is None or (type(number) is int and abs(number) <= LARGEST_COUNT)
    assert is_web_link(str(value)) in (True, False)


@pytest.mark.parametrize(
    "value",
    ["", "15/3", "3/15/2026", "31/2/2026", "15/3/26", "15/3.2026", "2026/3/15", "15 tháng 3", "١٥/٣/٢٠٢٦٠", "0/0/0000",
     20260315, 15032026, -1, math.nan, math.inf, 46083.5, True, time(8), timedelta(days=1), "15/3/2026 và 16/3/2026"],
)  # fmt: skip
def test_what_is_not_one_certain_day_is_no_day(value):
    assert parse_day(value) is None


@given(st.integers(-LARGEST_COUNT, LARGEST_COUNT))
def test_a_number_is_read_back_however_it_is_written(number):
    assert parse_whole_number(number) == parse_whole_number(float(number)) == number
    assert parse_whole_number(f" {number} ") == number
    assert parse_whole_number(f"{number:,}".replace(",", ".")) == number


@pytest.mark.parametrize(
    "value",
    ["", "45 người", "1,5", "1.5", "1.50", "10.36", "0.361", "1.2345", "1 000", "²", "٤٥", "1e3", "--1", "9" * 30, 12.5,
     math.nan, math.inf, -math.inf, 1e300, True, date(2026, 3, 1), time(8)],
)  # fmt: skip
def test_what_is_not_one_certain_whole_number_is_none(value):
    assert parse_whole_number(value) is None


@given(st.text())
def test_cleaning_is_done_in_one_go(text):
    assert clean(clean(text)) == clean(text)
    assert comparable(text) == comparable(clean(text))
    assert not set(clean(text)) & {"\x00", "\x07", "\u202e", "\u200b", "\ufeff", "\u00a0"}
    assert clean(text + "\u200b") == clean(text), "the quick way for plain text and the careful way agree"


@pytest.mark.parametrize(
    ("link", "is_link"),
    [
        ("https://phucloi.example/tin?id=1#a", True),
        ("http://cổng.phúclợi.example/tin", True),
        ("https://phucloi.example:8443", True),
        ("https://localhost/tin", False),
        ("https://", False),
        ("https:// phucloi.example", False),
        ("ftp://phucloi.example", False),
        ("www.phucloi.example", False),
        ("https://phucloi.example/a b", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_links(link, is_link):
    assert is_web_link(link) is is_link


def test_bare_links_keep_what_names_the_page():
    page = bare_link("https://phucloi.example/tin?id=7")
    assert bare_link("http://WWW.phucloi.example/tin/?fbclid=x&id=7&utm_medium=a#dau") == page
    assert bare_link("https://phucloi.example/tin?id=8") != page
    assert bare_link("https://phucloi.example/TIN?id=7") != page
