"""Numbers, text and links: what is taken, what is not, and that nothing typed can make the parsers fail."""

from __future__ import annotations

import math
import unicodedata
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinhky.domain.same_item import bare_link, is_web_link
from dinhky.workbook.cell_text import clean, comparable
from dinhky.workbook.typed_values import LARGEST_COUNT, NO_COUNT, TypedCount, read_count

ANYTHING = st.one_of(
    st.text(), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(), st.times(), st.timedeltas()
)


@given(ANYTHING)
def test_nothing_makes_the_parsers_fail(value):
    count = read_count(value)
    assert count.number is None or (type(count.number) is int and abs(count.number) <= LARGEST_COUNT)
    assert count.number is None or count.could_be is None
    assert is_web_link(str(value)) in (True, False)


@given(st.integers(-LARGEST_COUNT, LARGEST_COUNT))
def test_a_number_is_read_back_however_it_is_written(number):
    assert read_count(number) == read_count(float(number)) == read_count(f" {number} ") == TypedCount(number)
    by_dots = read_count(f"{number:,}".replace(",", "."))
    assert by_dots == TypedCount(number, was_grouped=abs(number) >= 1000)


@given(st.integers(1000, LARGEST_COUNT))
def test_thousands_grouped_by_commas_are_asked_about_not_guessed(number):
    """Vietnamese write a comma before decimals: 10,361 is a little more than ten, or ten thousand in English."""
    assert read_count(f"{number:,}") == TypedCount(could_be=number)


@pytest.mark.parametrize(("value", "could_be"), [(10.361, 10361), (1.005, 1005), (999.999, 999999)])
def test_a_cell_with_three_decimals_may_have_been_meant_for_thousands(value, could_be):
    assert read_count(value) == TypedCount(could_be=could_be)


@pytest.mark.parametrize(
    "value",
    ["", "45 người", "1,5", "1.5", "1.50", "10.36", "0.361", "1.2345", "1 000", "²", "٤٥", "1e3", "--1", 12.5,
     math.nan, math.inf, -math.inf, True, date(2026, 3, 1), time(8)],
)  # fmt: skip
def test_what_is_not_one_certain_whole_number_is_none(value):
    assert read_count(value) == NO_COUNT


@pytest.mark.parametrize("value", [1e300, -1e300, 912345678, "0912345678", "100.000.001"])
def test_a_number_that_counts_nobody_is_told_from_words(value):
    assert read_count(value) == TypedCount(is_too_large=True)


@given(st.text())
def test_cleaning_is_done_in_one_go(text):
    assert clean(clean(text)) == clean(text)
    assert comparable(text) == comparable(clean(text))
    assert not set(clean(text)) & {"\x00", "\x07", "\u202e", "\u200b", "\ufeff", "\u00a0"}
    assert clean(text + "\u200b") == clean(text), "the quick way for plain text and the careful way agree"


@pytest.mark.parametrize("written", ["NFC", "NFD"])
@given(gap=st.integers(0, 200))
def test_a_long_text_is_composed_wherever_it_is_cut(written, gap):
    text = ("x" * gap + "Tổ chức phổ biến, giáo dục pháp luật; nghiệm thu đường ngõ xóm. ") * 9
    assert clean(unicodedata.normalize(written, text)) == text.strip()


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
        ("https://phucloi.example/tin;https://phucloi.example/bai", False),
        ("https://phucloi.example/chia-se?u=https://phucloi.example/bai", True),
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
