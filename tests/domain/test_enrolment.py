"""Codes that people type into a chat."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinhky.domain.enrolment import LETTERS, asks_to_stop, code_of, codes_in
from dinhky.signing import HmacSigner

SIGNER = HmacSigner(b"0123456789abcdef")
CODES = st.text(max_size=50).map(lambda text: code_of(SIGNER.sign("chat enrolment", text)))


@given(code=CODES)
def test_a_code_is_two_times_four_letters_that_no_keyboard_and_no_eye_makes_another_of(code):
    assert re.fullmatch(f"[{LETTERS}]{{4}}-[{LETTERS}]{{4}}", code)
    assert not set(LETTERS) & set("AĂÂBDEÊIOÔƠUƯWYLSZ0158")


@given(text=st.text(max_size=50), another=st.text(max_size=50))
def test_a_code_belongs_to_what_was_signed(text, another):
    assert (code_of(SIGNER.sign("chat enrolment", text)) == code_of(SIGNER.sign("chat enrolment", another))) == (
        text == another
    )


@pytest.mark.parametrize(
    "typed",
    [
        "{}",
        "{}.",
        "Mã của tôi: {}",
        "{} ạ, em cảm ơn",
        "“{}”",
        "\n{}\n",
        "(mã {})",
    ],
)
@pytest.mark.parametrize(
    "spelt", ["PT7K-3M2Q", "pt7k-3m2q", "PT7K3M2Q", "Pt7k 3m2q", "PT7K – 3M2Q", "PT7K_3M2Q", "ＰＴ７Ｋ－３Ｍ２Ｑ"]
)
def test_a_code_is_found_however_it_is_typed(typed, spelt):
    assert codes_in(typed.format(spelt)) == ("PT7K-3M2Q",)


@pytest.mark.parametrize(
    "text", ["", "PT7K", "PT7K-3M2", "XPT7K-3M2QX", "PT7K-3M2Q4", "0PT7K3M2Q", "PT7K----3M2Q", "Chào anh chị", "😀"]
)
def test_what_is_no_code_is_taken_for_none(text):
    assert codes_in(text) == ()


@given(codes=st.lists(CODES, max_size=4))
def test_several_codes_in_one_text_are_all_found_each_once_in_order(codes):
    assert codes_in("Mã: " + ", ".join(codes)) == tuple(dict.fromkeys(codes))


@pytest.mark.parametrize("text", ["DỪNG", "dừng", " Dừng! ", "DUNG", "stop", "STOP.", "Hủy", "HUỶ", "ngừng"])
def test_who_says_no_more_than_stop_is_stopped(text):
    assert asks_to_stop(text)


@pytest.mark.parametrize("text", ["", "dùng", "Dừng họp lúc 9 giờ", "đừng", "không dừng", "stop it", "PT7K-3M2Q"])
def test_who_says_anything_else_is_not(text):
    assert not asks_to_stop(text)
