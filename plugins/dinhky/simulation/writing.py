"""What a simulated unit types into a workbook: items really published, in one guise or another, and all else."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from dinhky.domain.plan import Obligation, Plan
from dinhky.domain.schedule import Round
from dinhky.domain.standing import standing_rows
from dinhky.simulation.behaviour import Mark
from dinhky.simulation.vocabulary import Vocabulary

TEXT_EVIDENCE = ("radio", "press", "visual")
"""Channels whose evidence may be words: as the forms' `text_allowed_when` has it."""


@dataclass(frozen=True)
class Told:
    """A row of the sheet `posts`, and what it really is."""

    mark: Mark
    row: dict[str, Any]


@dataclass
class Desk:
    """Where all that is written in a year comes from: numbers every text, and remembers what each unit has told.

    The same random source and the same calls give the same texts.
    """

    plan: Plan
    words: Vocabulary
    rng: random.Random
    told: dict[str, list[Told]] = field(default_factory=dict)
    _count: int = 0

    def number(self) -> int:
        """A number that no other text has."""
        self._count += 1
        return self._count

    def posts(self, unit: str, round_: Round, obligation: Obligation, count: int, last_day: date) -> list[Told]:
        """So many items published by `last_day`; now and then one told before is among them, or one that misses."""
        written = []
        for _ in range(count):
            again = self._again(unit, round_, last_day)
            written.append(again or self._new(round_, obligation, last_day))
        distinct = without_repeats(written)
        self.told.setdefault(unit, []).extend(distinct)
        return distinct

    def _new(self, round_: Round, obligation: Obligation, last_day: date) -> Told:
        rng, number = self.rng, self.number()
        channel = obligation.channel or rng.choice(list(self.plan.channels))
        if rng.random() < 0.06:
            channel = rng.choice(list(self.plan.channels))
        fields = self.words.choices["reform_fields"]
        topic = rng.choice(obligation.fields or fields) if rng.random() < 0.95 else rng.choice(fields)
        published = _day_between(rng, round_.window.start, min(last_day, round_.window.end))
        is_broadcast = channel in TEXT_EVIDENCE and rng.random() < 0.6
        evidence = self.words.texts["broadcast" if is_broadcast else "link"]
        return Told(
            Mark(0 if is_broadcast else number, number),
            {
                "title": rng.choice(self.words.texts["titles"]).format(number=number),
                "form": rng.choice(self.words.choices["post_forms"]),
                "channel": self.plan.channels[channel],
                "published": published,
                "link": evidence.format(number=number, day=published.strftime("%d/%m/%Y")),
                "author": rng.choice(self.words.texts["authors"]),
                "field": topic,
            },
        )

    def _again(self, unit: str, round_: Round, last_day: date) -> Told | None:
        """An item told before, by the same unit or another: by another link to it, or by its title alone."""
        if self.rng.random() >= 0.25:
            return None
        teller = unit if self.rng.random() < 0.8 else self.rng.choice(sorted(self.told) or [unit])
        end = min(last_day, round_.window.end)
        known = [one for one in self.told.get(teller, []) if round_.window.start <= one.row["published"] <= end]
        return self.in_another_guise(self.rng.choice(known)) if known else None

    def in_another_guise(self, told: Told) -> Told:
        """The same item with another query string, or with another link under the same title on its channel."""
        texts, number = self.words.texts, self.number()
        if told.mark.link and self.rng.random() < 0.5:
            title = self.rng.choice(texts["titles"]).format(number=number)
            link = texts["link_again"].format(number=told.mark.link, count=number)
            return Told(Mark(told.mark.link, number), told.row | {"title": title, "link": link})
        title = texts["again"].format(title=told.row["title"]).upper()
        return Told(
            Mark(number, told.mark.title), told.row | {"title": title, "link": texts["link"].format(number=number)}
        )

    def activities(self, round_: Round, count: int, last_day: date) -> list[dict[str, Any]]:
        """Rows of the sheet `activities`; at some nobody counted the people."""
        rng, texts = self.rng, self.words.texts
        return [
            {
                "form": rng.choice(self.words.choices["activity_forms"]),
                "title": rng.choice(texts["activities"]).format(number=self.number()),
                "held": _day_between(rng, round_.window.start, min(last_day, round_.window.end)),
                "place": rng.choice(texts["places"]),
                "participants": rng.choice([None, rng.randint(5, 400), rng.randint(5, 400)]),
            }
            for _ in range(count)
        ]

    def remarks(self, count: int) -> list[dict[str, Any]]:
        """Rows of the sheet `remarks`."""
        rng, texts = self.rng, self.words.texts
        return [
            {
                "kind": rng.choice(self.words.choices["remark_kinds"]),
                "text": rng.choice(texts["remarks"]).format(number=self.number()),
                "remedy": rng.choice(texts["remedies"]),
            }
            for _ in range(count)
        ]

    def standing(self, unit: str, round_: Round) -> list[dict[str, Any]]:
        """What is typed beside each standing duty of the unit, in its workbook's order; often nothing."""
        duties = standing_rows(self.plan, unit, round_.window)
        is_silent = self.rng.random() < 0.25
        return [
            {}
            if is_silent or self.rng.random() < 0.3
            else {"text": self.words.texts["standing"].format(number=self.number())}
            for _ in duties
        ]

    def evidence(self, last_day: date) -> list[dict[str, Any]]:
        """What proves a product: a document, sometimes two."""
        rows = []
        for _ in range(1 + (self.rng.random() < 0.2)):
            number = self.number()
            texts = self.words.texts["evidence"]
            rows.append(
                {
                    "title": texts["title"].format(number=number),
                    "number": texts["number"].format(number=number),
                    "issued": last_day - timedelta(days=self.rng.randint(0, 3)),
                    "note": texts["note"].format(number=number) if self.rng.random() < 0.5 else "",
                }
            )
        return rows

    def entries(self, count: int) -> list[dict[str, Any]]:
        """What is entered in a contest; one in ten is the same entry written twice."""
        rows: list[dict[str, Any]] = []
        for _ in range(count):
            number = self.number()
            rows.append({key: text.format(number=number) for key, text in self.words.texts["entries"].items()})
        return rows


def without_repeats(told: Iterable[Told]) -> list[Told]:
    """One row for each link and title: a workbook that tells a link twice is sent back."""
    links: set[int] = set()
    titles: set[int] = set()
    kept = []
    for one in told:
        if one.mark.title not in titles and (not one.mark.link or one.mark.link not in links):
            kept.append(one)
        links.add(one.mark.link)
        titles.add(one.mark.title)
    return kept


def typed_posts(told: Sequence[Told]) -> tuple[tuple[dict[str, Any], ...], tuple[Mark, ...]]:
    """The rows, and what they really are."""
    return tuple(one.row for one in told), tuple(one.mark for one in told)


def _day_between(rng: random.Random, first: date, last: date) -> date:
    return first + timedelta(days=rng.randint(0, max(0, (last - first).days)))
