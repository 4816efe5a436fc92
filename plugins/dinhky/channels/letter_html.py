"""A letter as HTML, made from its plain text: what a mail program shows, also in the two lines of a phone's list.

Letters are written once, as plain text with the few conventions that everybody uses there: an empty line between
paragraphs, `- ` and `1. ` before items, a line of hyphens below a heading. Everything is escaped; only addresses of our
own portal become links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

LONGEST_PREVIEW = 140
"""About what a phone shows below the subject."""

HEADING = "#b3261e"
"""The colour of any other heading."""
_NOTHING = "(?!)"
_RULE = re.compile(r"-{5,}")
_BULLET = re.compile(r"- (?P<text>.+)")
_NUMBERED = re.compile(r"(?P<number>\d+)\. (?P<text>.+)")


class BlockKind(StrEnum):
    """What a part of a letter is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    BULLETS = "bullets"
    NUMBERED = "numbered"
    BUTTON = "button"


class SpanKind(StrEnum):
    """How a stretch of text is shown."""

    PLAIN = "plain"
    STRONG = "strong"
    LINK = "link"


@dataclass(frozen=True)
class Span:
    """A stretch of text; of a link, the text is its address."""

    kind: SpanKind
    text: str


@dataclass(frozen=True)
class Block:
    """Lines of a paragraph, or items of a list, each as its spans; `first` is the number of the first item, `colour`
    that of a heading."""

    kind: BlockKind
    lines: tuple[tuple[Span, ...], ...]
    first: int = 1
    colour: str = ""


class LetterHtml:
    """Makes HTML of letters, by `letter.html` in the folder of layouts.

    `strong` are regular expressions of what matters most in any letter: days, how many are left, what is overdue.
    `colours` are those of headings, by the words that these begin with.
    """

    def __init__(
        self,
        layouts: Path,
        *,
        strong: Sequence[str],
        brand: str,
        button: str,
        portal_url: str | None,
        colours: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        environment = SandboxedEnvironment(
            loader=FileSystemLoader(layouts),
            undefined=StrictUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._template = environment.get_template("letter.html")
        self._brand = brand
        self._button = button
        self._colours = colours
        ours = rf"{re.escape(portal_url)}/[A-Za-z0-9._~/?=&%+-]*[A-Za-z0-9/_-]" if portal_url else _NOTHING
        matters = "|".join(f"(?:{one})" for one in strong) or _NOTHING
        self._marked = re.compile(f"(?P<link>{ours})|(?P<strong>{matters})")

    def __call__(self, subject: str, body: str) -> str:
        """The letter as one HTML page that needs nothing from outside."""
        return self._template.render(
            title=subject.removeprefix(self._brand).strip(),
            preview=self.preview(body),
            blocks=list(self.blocks(body)),
            button=self._button,
        )

    def preview(self, body: str) -> str:
        """The one sentence that matters: the first line with a day or the like, else the first after the greeting."""
        lines = [line for line in body.splitlines()[1:] if line.strip() and not _RULE.fullmatch(line)]
        telling = next((line for line in lines if (found := self._marked.search(line)) and found["strong"]), None)
        text = (telling or next(iter(lines), "")).removeprefix("- ")
        if len(text) <= LONGEST_PREVIEW:
            return text
        return text[: LONGEST_PREVIEW - 1].rsplit(" ", 1)[0] + "…"

    def blocks(self, body: str) -> Iterator[Block]:
        """The letter's parts in their order."""
        lines = body.splitlines()
        kind, first = BlockKind.PARAGRAPH, 1
        held: list[str] = []
        for line, below in zip(lines, [*lines, ""][1:], strict=True):
            found, text, number = self._read(line, below)
            if found is not kind or not text or kind in {BlockKind.HEADING, BlockKind.BUTTON}:
                if held:
                    yield self._block(kind, held, first)
                held = []
            if text:
                first = first if held else number
                held.append(text)
            kind = found
        if held:
            yield self._block(kind, held, first)

    def _read(self, line: str, below: str) -> tuple[BlockKind, str, int]:
        """What a line is, its text, and its number if it has one; no text for one that only parts others."""
        if not line.strip() or _RULE.fullmatch(line):
            return BlockKind.PARAGRAPH, "", 1
        if _RULE.fullmatch(below):
            return BlockKind.HEADING, line, 1
        if item := _BULLET.fullmatch(line):
            return BlockKind.BULLETS, item["text"], 1
        if item := _NUMBERED.fullmatch(line):
            return BlockKind.NUMBERED, item["text"], int(item["number"])
        if (whole := self._marked.fullmatch(line.strip())) and whole["link"]:
            return BlockKind.BUTTON, line.strip(), 1
        return BlockKind.PARAGRAPH, line, 1

    def _block(self, kind: BlockKind, lines: Sequence[str], first: int) -> Block:
        spans = tuple(tuple(self._spans(line)) for line in lines)
        return Block(kind, spans, first, self._colour(lines[0]) if kind is BlockKind.HEADING else "")

    def _colour(self, heading: str) -> str:
        return next((colour for words, colour in self._colours.items() if heading.startswith(words)), HEADING)

    def _spans(self, line: str) -> Iterator[Span]:
        end = 0
        for found in self._marked.finditer(line):
            if plain := line[end : found.start()]:
                yield Span(SpanKind.PLAIN, plain)
            yield Span(SpanKind.LINK if found["link"] else SpanKind.STRONG, found[0])
            end = found.end()
        if plain := line[end:]:
            yield Span(SpanKind.PLAIN, plain)
