"""What counts as the same, when a year under the real scheduler is held against its simulation."""

from __future__ import annotations

import pytest

from dinhky.service.year_comparison import says_the_same

OPENED = "- Hạn nộp của đơn vị: thứ Hai, 15/6/2026, còn {} ngày làm việc.\n- Kỳ số liệu: quý II/2026."


@pytest.mark.parametrize(
    ("expected", "found", "may_be_later", "is_same"),
    [
        (OPENED.format(36), OPENED.format(36), False, True),
        (OPENED.format(36), OPENED.format(35), False, False),  # a reminder goes out on its day
        (OPENED.format(36), OPENED.format(35), True, True),  # an opening notice once its workbook is made
        (OPENED.format(36), OPENED.format(37), True, False),  # never before its time
        (OPENED.format(36), OPENED.format(31), True, False),  # nor so late
        (OPENED.format(36), OPENED.format(35).replace("II", "III"), True, False),
        ("Hạn: 05/3/2026 (hôm nay).", "Hạn: 05/3/2026 (đã quá hạn).", True, True),  # of a task of one day
        ("Hạn: 05/3/2026 (hôm nay).", "Hạn: 05/3/2026 (đã quá hạn).", False, False),
        (
            "Trang “Tin bài”, ô F3: ngày 25/5/2026.",
            "Trang “Tin bài”, ô E6: ngày 25/5/2026.",
            False,
            True,
        ),  # another file
        ("Trang “Tin bài”, ô F3: ngày 25/5/2026.", "Trang “Tin bài”, ô E6: ngày 26/5/2026.", False, False),
        (OPENED.format(36), "Hôm nay là hạn nộp.", True, False),
    ],
)
def test_texts_are_the_same_but_for_the_days_that_a_workbook_took(expected, found, may_be_later, is_same):
    assert says_the_same(expected, found, may_be_later=may_be_later) is is_same
