"""A letter as a mail program shows it: the same words, safe, readable on a phone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email.headerregistry import Address
from html.parser import HTMLParser

import pytest

from dinhky import bootstrap
from dinhky.channels.email import compose
from dinhky.channels.letter_html import HEADING, LONGEST_PREVIEW, Block, BlockKind, LetterHtml, Span, SpanKind
from dinhky.cli.message_samples import Samples, template_of
from dinhky.cli.sample_facts import PORTAL
from dinhky.rounds.kept_messages import Attachment, Message, QueuedMessage

SETTINGS = replace(bootstrap.settings({}), portal_url=PORTAL)
OFFICE = bootstrap.office(SETTINGS)
SAMPLES = Samples(OFFICE).all()
HTML: LetterHtml = bootstrap.letter_html(SETTINGS)
LINK = f"{PORTAL}/u/abc.phuc-loi-2026.vp.20260530.0"


class Seen(HTMLParser):
    """What a reader sees of a page, and where its links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self._hidden = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attrs)
        if found.get("href"):
            self.links.append(found["href"] or "")
        self._hidden += "display:none" in (found.get("style") or "") or tag == "title"

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= self._hidden > 0 and tag in {"div", "title"}

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


def plain(text: str, kind: SpanKind = SpanKind.PLAIN) -> tuple[Span, ...]:
    return (Span(kind, text),)


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ("Một.\nHai.\n", [Block(BlockKind.PARAGRAPH, (plain("Một."), plain("Hai.")))]),
        ("A.\n\nB.\n", [Block(BlockKind.PARAGRAPH, (plain("A."),)), Block(BlockKind.PARAGRAPH, (plain("B."),))]),
        ("- a\n- b\n", [Block(BlockKind.BULLETS, (plain("a"), plain("b")))]),
        ("Vì:\n1. a\n2. b\n", [
            Block(BlockKind.PARAGRAPH, (plain("Vì:"),)), Block(BlockKind.NUMBERED, (plain("a"), plain("b")))
        ]),
        ("3. c\n", [Block(BlockKind.NUMBERED, (plain("c"),), 3)]),
        ("1. Việc\n----------\nNội dung.\n", [
            Block(BlockKind.HEADING, (plain("1. Việc"),), colour=HEADING),
            Block(BlockKind.PARAGRAPH, (plain("Nội dung."),))
        ]),
        (f"Trang:\n{LINK}\nXin giữ kín.\n", [
            Block(BlockKind.PARAGRAPH, (plain("Trang:"),)),
            Block(BlockKind.BUTTON, (plain(LINK, SpanKind.LINK),)),
            Block(BlockKind.PARAGRAPH, (plain("Xin giữ kín."),)),
        ]),
        ("- Hạn: thứ Hai, 16/3/2026.\n", [
            Block(BlockKind.BULLETS, ((Span(SpanKind.PLAIN, "Hạn: "), Span(SpanKind.STRONG, "thứ Hai, 16/3/2026"),
                                       Span(SpanKind.PLAIN, ".")),))
        ]),
        ("----------\n", []),
        ("", []),
    ],
)  # fmt: skip
def test_plain_conventions_become_structure(body, blocks):
    assert list(HTML.blocks(body)) == blocks


def test_a_heading_has_the_colour_of_its_first_words():
    body = "".join(f"{heading}\n----------\n- x\n\n" for heading in ("Đỏ: 1", "Vàng: 2", "Xanh: 3", "Việc khác"))
    colours = [block.colour for block in HTML.blocks(body) if block.kind is BlockKind.HEADING]
    assert len(set(colours)) == 3
    assert colours[0] == colours[3] == HEADING
    assert all(f"4px solid {colour}" in HTML("x", body) for colour in colours)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_every_word_of_a_letter_is_in_its_html_and_nothing_comes_from_outside(name):
    letter = OFFICE.words.letter(template_of(name), **SAMPLES[name])
    page = HTML(letter.subject, letter.body)
    seen = Seen(page)
    for line in letter.body.splitlines():
        told = re.sub(r"^(- |\d+\. (?=\S))", "", line) if not re.fullmatch("-{5,}", line) else ""
        assert " ".join(told.split()) in seen.words
    assert not seen.tags & {"img", "script", "style", "link", "iframe", "form"}
    assert all(link.startswith(f"{PORTAL}/u/") for link in seen.links)
    assert "max-width:600px" in page


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '" onmouseover="alert(1)',
        "javascript:alert(1)",
        "https://xau.example/u/1",
        "https://cchc.phucloi.example.xau.example/u/1",
        "http://cchc.phucloi.example/u/1",
        f'{PORTAL}/u/1"><script>alert(1)</script>',
        "{{ 7 * 7 }}",
    ],
)
def test_what_a_sender_wrote_is_shown_and_nothing_else(hostile):
    seen = Seen(HTML(f"Tệp “{hostile}”", f"Kính gửi: A,\n\nTệp “{hostile}” chưa ghi nhận.\n{hostile}\n- {hostile}\n"))
    assert "script" not in seen.tags
    assert "img" not in seen.tags
    assert all(link == f"{PORTAL}/u/1" for link in seen.links)
    assert f"Tệp “{hostile}” chưa ghi nhận." in seen.words


@pytest.mark.parametrize(
    ("name", "preview"),
    [
        ("opening", "Hạn nộp của đơn vị: thứ Sáu, 13/3/2026, còn 7 ngày làm việc."),
        ("reminder", "Hạn nộp: thứ Sáu, 13/3/2026, còn 2 ngày làm việc."),
        ("reminder.last_day", "Hạn nộp: thứ Sáu, 13/3/2026 (hôm nay)."),
    ],
)
def test_below_the_subject_a_phone_shows_the_sentence_that_matters(name, preview):
    body = OFFICE.words.letter(template_of(name), **SAMPLES[name]).body
    assert HTML.preview(body) == preview


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_preview_is_short_and_ends_at_a_word(name):
    preview = HTML.preview(OFFICE.words.letter(template_of(name), **SAMPLES[name]).body)
    assert len(preview) <= LONGEST_PREVIEW
    assert preview == preview.strip()


def test_an_email_holds_the_letter_twice_the_plain_one_first_and_its_attachments_once():
    letter = OFFICE.words.letter("opening", **SAMPLES["opening"])

    class Stored:
        def get(self, sha256: str) -> bytes:
            return b"PK"

    message = Message(
        key="k", kind="opening", channel="email", address="vp@phucloi.example", recipient="Lê Quốc Hưng",
        subject=letter.subject, body=letter.body, not_before=datetime(2026, 3, 4, tzinfo=UTC),
        attachments=(Attachment("Bieu.xlsx", "0" * 64),),
    )  # fmt: skip
    queued = QueuedMessage(1, message, "<1@x.invalid>", 1)
    email = compose(queued, Stored(), Address("Định Kỳ", "dk", "x.invalid"), message.not_before, html=HTML)
    assert email.get_content_type() == "multipart/mixed"
    text, attached = email.iter_parts()
    assert [part.get_content_type() for part in text.iter_parts()] == ["text/plain", "text/html"]
    plain_part, html_part = text.iter_parts()
    assert plain_part.get_content().splitlines() == letter.body.splitlines()
    assert html_part.get_content().split() == HTML(letter.subject, letter.body).split()
    assert attached.get_filename() == "Bieu.xlsx"
