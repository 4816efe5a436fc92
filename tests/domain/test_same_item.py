"""When two links, or two titles, are one item's."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinhky.domain.same_item import bare_link, folded_title, has_several_links, is_web_link


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # how it is written
        ("https://phucloi.example/tin/cchc-12", "http://www.PHUCLOI.example/tin/cchc-12/"),
        ("https://phucloi.example/tin/cchc-12", "https://phucloi.example:443/tin/cchc-12#binh-luan"),
        ("https://phucloi.example/c%E1%BA%A3i-c%C3%A1ch-12", "https://phucloi.example/cải-cách-12"),
        ("https://phucloi.example/tin/12", "https://phucloi.example/tin/12;jsessionid=0A"),
        # how the reader came
        ("https://phucloi.example/tin/cchc-12", "https://phucloi.example/tin/cchc-12?utm_source=zalo&utm_medium=oa"),
        ("https://phucloi.example/tin", "https://phucloi.example/tin?fbclid=IwAR0"),
        ("https://phucloi.example/?p=45", "https://phucloi.example?p=45&ref=facebook"),
        ("https://youtu.example/abcDEF", "https://youtu.example/abcDEF?si=xyz"),
        # another query on the article's own path
        ("https://phucloi.example/tin/cchc-12.html", "https://phucloi.example/tin/cchc-12.html?xem=in"),
        ("https://phucloi.example/tin/12?trang=1", "https://phucloi.example/tin/12?trang=2"),
        (
            "https://phucloi.example/ket-qua-cai-cach-hanh-chinh",
            "https://phucloi.example/ket-qua-cai-cach-hanh-chinh?a=b",
        ),
        # the order of what names the item
        ("https://phucloi.example/viewnews.aspx?lang=vi&id=7", "https://phucloi.example/viewnews.aspx?id=7&lang=vi"),
    ],
)
def test_links_to_one_item(one, other):
    assert bare_link(one) == bare_link(other)


@pytest.mark.parametrize(
    "text",
    [
        *(
            f"https://phucloi.example/1{sign}https://phucloi.example/2"
            for sign in (" ", "\n", "\u00a0", ",", "; ", "|", "")
        ),
        *(f"https://phucloi.example/1{sign}https://phucloi.example/2" for sign in ("，", "•", " (", "-", "+")),
        "-https://phucloi.example/1\n-https://phucloi.example/2",
        "Bài 1:https://phucloi.example/1 Bài 2:https://phucloi.example/2",
        "HTTPS://phucloi.example/1|HTTP://phucloi.example/2",
        "https://phucloi.example/1,www.phucloi.example/2",
        "www.phucloi.example/1 www.phucloi.example/2",
    ],
)
def test_texts_with_several_links(text):
    assert has_several_links(text)
    assert not is_web_link(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://www.phucloi.example/1",
        "https://web-luu.example/web/2026/https://phucloi.example/1",
        "https://mang.example/sharer.php?u=https://phucloi.example/1&t=7",
        "https://mang.example/chuyen#https://phucloi.example/1",
        "https://mang.example/story.php?story_fbid=1&id=2",
        "https://tep.example/d/1aB/view?usp=sharing",
        "https://bao.example/tin,tuc/bai;7,2.html?a=1;b=2,3",
    ],
)
def test_texts_with_one_link(text):
    assert not has_several_links(text)
    assert is_web_link(text)


@pytest.mark.parametrize("space", [" ", "\n", "\t", "\u00a0"])
def test_a_link_has_no_space_of_any_kind(space):
    assert not is_web_link(f"https://phucloi.example/1{space}2")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://phucloi.example/?p=45", "https://phucloi.example/?p=46"),
        ("https://phucloi.example/index.php?id=123", "https://phucloi.example/index.php?id=124"),
        ("https://phucloi.example/viewnews.aspx?tin=7", "https://phucloi.example/viewnews.aspx?tin=8"),
        ("https://phucloi.example/default2.aspx?tin=7", "https://phucloi.example/default2.aspx?tin=8"),
        ("https://phucloi.example/news?7", "https://phucloi.example/news?8"),
        ("https://phucloi.example/tin-tuc?id=7", "https://phucloi.example/tin-tuc?id=8"),
        ("https://phucloi.example/thong-tin-tuyen-truyen?ma=7", "https://phucloi.example/thong-tin-tuyen-truyen?ma=8"),
        ("https://video.example/watch?v=abc", "https://video.example/watch?v=abd"),
        ("https://mxh.example/groups/123?view=permalink&id=7", "https://mxh.example/groups/123?view=permalink&id=8"),
        ("https://mxh.example/story.php?story_fbid=7&id=1", "https://mxh.example/story.php?story_fbid=8&id=1"),
        ("https://phucloi.example/#/bai/7", "https://phucloi.example/#/bai/8"),
        ("https://phucloi.example/tin/cchc-12", "https://phucloi.example/tin/cchc-13"),
        ("https://phucloi.example/tin/cchc-12", "https://vanphong.example/tin/cchc-12"),
        ("https://phucloi.example/TIN-12", "https://phucloi.example/tin-12"),
    ],
)
def test_links_to_two_items(one, other):
    assert bare_link(one) != bare_link(other)


def test_what_is_no_address_is_the_same_as_itself_only():
    assert bare_link("http://[phucloi") == "http://[phucloi"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cải cách hành chính quý I", "  CẢI CÁCH  hành chính – quý I. "),
        ("Cải cách hành chính", unicodedata.normalize("NFD", "Cải cách hành chính")),
        ("“Nụ cười công sở”", 'Nụ cười "công sở"!'),
        ("Văn hoá công sở: thuý", "Văn hóa công sở (thúy)"),
        ("Một cửa", "Một\u200b cửa"),
    ],
)
def test_spellings_of_one_title(one, other):
    assert folded_title(one) == folded_title(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bản tin số 1", "Bản tin số 2"),
        ("Bản tin số 1/2", "Bản tin số 12"),
        ("Ngày hội má", "Ngày hội mà"),
        ("Dạy nghề", "Đạy nghề"),
    ],
)
def test_two_titles(one, other):
    assert folded_title(one) != folded_title(other)


def test_a_title_without_words_is_none():
    assert folded_title(" … !") == ""


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing_in_the_comparison(title):
    assert folded_title(title.upper().lower()) == folded_title(title.upper().lower() + " ")
    assert bare_link(title) == bare_link(f" {title} ")
