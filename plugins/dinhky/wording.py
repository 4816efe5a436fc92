"""Every sentence a person reads, rendered from `include/templates/messages/`.

`problems/*.yaml` map a problem's code to its sentence; `*.txt` are whole messages whose first line is the subject, most
of them letters with the greeting and closing of `layout/`; `words.yaml` holds the names of weekdays and the like.
Jinja, sandboxed and strict: a missing variable is an error, not a blank.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from dinhky.domain.errors import DinhKyError, Problem
from dinhky.domain.local_time import local
from dinhky.domain.period import Cadence, Period
from dinhky.rounds.kept_messages import Letter

_EMPTY_LINES = re.compile(r"\n{3,}")


class TemplateWords:
    """The commune's wording, read once from its folder of templates."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def render(self, text: str, /, **facts: Any) -> str:
        """A template's text, filled in: with the commune's filters, strict and sandboxed, like everything here."""
        return self._compiled(text).render(**facts)

    def sentence(self, problem: Problem) -> str:
        """The problem as one sentence: where, what was found, what is expected. KeyError for a code without wording."""
        return tidy(self.render(self._problems[problem.code], where=problem.where, **problem.params))

    def explain(self, error: DinhKyError) -> str:
        """An error as one sentence for the person who caused it."""
        return self.sentence(Problem(error.code, params=error.params))

    def message(self, name: str, /, **facts: Any) -> tuple[str, str]:
        """Subject (one line) and body of the message `name`."""
        letter = self.letter(name, **facts)
        return letter.subject, letter.body

    def letter(self, name: str, /, **facts: Any) -> Letter:
        """The message `name` as a letter of its own, and the section of it that a letter about several things takes.

        What has no layout, such as an answer in a chat, is all section.
        """
        written = self._environment.get_template(f"{name}.txt").make_module(facts)
        subject, _, body = str(written).partition("\n")
        section = getattr(written, "letter_section", body)
        return Letter(tidy(getattr(written, "letter_subject", subject)), paragraphs(body), paragraphs(section))

    def file_name(self, name: str, /, **facts: Any) -> str:
        """The name under which a person sees a file, from `file_names` in `words.yaml`."""
        return tidy(self.render(self.words["file_names"][name], **facts))

    def texts(self, name: str, /, **facts: Any) -> dict[str, str]:
        """The short texts that belong together under one name in `words.yaml`, each filled in."""
        return {key: self.render(text, **facts) for key, text in self.words[name].items()}

    @cached_property
    def words(self) -> dict[str, Any]:
        """The content of `words.yaml`."""
        loaded: dict[str, Any] = yaml.safe_load((self._folder / "words.yaml").read_text("utf-8"))
        return loaded

    @cached_property
    def _problems(self) -> dict[str, str]:
        sentences: dict[str, str] = {}
        for file in sorted((self._folder / "problems").glob("*.yaml")):
            sentences |= yaml.safe_load(file.read_text("utf-8"))
        return sentences

    @cached_property
    def _compiled(self) -> Callable[[str], Template]:
        """Compiling a sentence takes longer than filling it in, and the same few are said again and again."""
        return lru_cache(maxsize=256)(self._environment.from_string)

    @cached_property
    def _environment(self) -> SandboxedEnvironment:
        environment = SandboxedEnvironment(
            loader=FileSystemLoader(self._folder),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,  # whoever opens the office looks whether a template has changed
        )
        environment.filters |= self.filters
        return environment

    @property
    def filters(self) -> dict[str, Callable[..., str]]:
        """The Jinja filters that every template of the commune may use."""
        return {
            "day": short_day,
            "weekday": self.weekday_and_day,
            "moment": lambda instant: f"{local(instant):%H:%M} {self.weekday_and_day(instant)}",
            "period": self.period_name,
            "phase": lambda phase: str(self.words["phases"][str(phase)]),
            "upper_first": lambda text: text[:1].upper() + text[1:],
            "lower_first": lambda text: text[:1].lower() + text[1:],
            "single_line": lambda text: " ".join(str(text).split()),
        }

    def weekday_and_day(self, moment: date | datetime) -> str:
        """`thứ Hai, 16/3/2026`, in Vietnamese local time."""
        day = local(moment).date() if isinstance(moment, datetime) else moment
        return f"{self.words['weekdays'][day.weekday()]}, {short_day(day)}"

    def period_name(self, label: str) -> str:
        """`quý I/2026` for `2026-Q1`; months, half-years and years alike.

        A label may come from a unit's file: text that names no period is shown as it is.
        """
        try:
            period = Period.parse(label)
        except ValueError:
            return label
        year, number = period.year, period.index
        match period.cadence:
            case Cadence.MONTHLY:
                # Decree 30/2020: the months 1 and 2 are written with a zero, the others without.
                return str(self.words["month"]).format(number=f"{number:02d}" if number <= 2 else number, year=year)
            case Cadence.QUARTERLY:
                return str(self.words["quarter"]).format(number=self.words["roman"][number - 1], year=year)
            case Cadence.HALF_YEARLY:
                return str(self.words["halves"][number - 1]).format(year=year)
            case _:
                return str(self.words["year"]).format(year=year)


def paragraphs(text: str) -> str:
    """A text of several lines, ending in one: never more than one empty line between two."""
    lines = (visible(line).rstrip() for line in text.strip().split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)) + "\n"


def visible(text: str) -> str:
    """A line without what no reader can see: control, direction and other characters that only pretend.

    What a sender's file says reaches messages by way of facts; here it can neither break a line nor turn it round.
    """
    if text.isprintable():
        return text
    return "".join(one for one in text.replace("\t", " ") if one.isprintable() or unicodedata.category(one) == "Zs")


def tidy(text: str) -> str:
    """A text as one visible line."""
    return " ".join(visible(" ".join(text.split())).split())


def short_day(moment: date | datetime) -> str:
    """`16/3/2026`: days below 10 and months 1 and 2 zero-padded, as in official documents (Decree 30/2020)."""
    day = local(moment).date() if isinstance(moment, datetime) else moment
    return f"{day.day:02d}/{day.month:02d}/{day.year}" if day.month <= 2 else f"{day.day:02d}/{day.month}/{day.year}"
