"""One published item as a person types it into the form, and as the API takes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from dinhky.domain.errors import DinhKyError
from dinhky.domain.plan import Obligation, unknown
from dinhky.domain.posts import EvidenceKind, ToldPost
from dinhky.domain.schedule import in_force
from dinhky.portal.visitors import Visitor
from dinhky.rounds.owed import Affair
from dinhky.rounds.posting import ToldResult, tell_post

LONGEST_TITLE, LONGEST_EVIDENCE, LONGEST_CHOICE = 300, 2000, 100
SOURCE = "web"


def one_line(text: str) -> str:
    """What somebody typed, as it can be stored and shown: one line, without characters that are no text.

    No database takes half a surrogate pair, PostgreSQL no zero; and a character that turns the direction of writing
    makes a link look like another.
    """
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join("".join(char if char.isprintable() else " " for char in whole).split())


def _given(text: str) -> str:
    if not text:
        raise ValueError("nothing but blanks")
    return text


Line = Annotated[str, AfterValidator(one_line)]
GivenLine = Annotated[Line, AfterValidator(_given)]


class TellingRefused(DinhKyError):
    """What was typed of an item cannot be recorded; the code says why."""


class Told(BaseModel):
    """One item: where it was published, what it is called, when, and what shows that it was.

    `evidence` is an address, or for `log` a line of the broadcast log, an issue, a place. `field` is one of the duty's
    fields, where it names any.
    """

    channel: Annotated[Line, Field(max_length=LONGEST_CHOICE)]
    title: Annotated[GivenLine, Field(min_length=1, max_length=LONGEST_TITLE)]
    published: date
    evidence: Annotated[GivenLine, Field(min_length=1, max_length=LONGEST_EVIDENCE)]
    evidence_kind: Literal["link", "log"] = "link"
    field: Annotated[Line, Field(max_length=LONGEST_CHOICE)] = ""


def typed(form: Mapping[str, str]) -> Told:
    """The item that a filled-in form tells of. Raises TellingRefused, with what to write where."""
    title, evidence = one_line(form.get("title", "")), one_line(form.get("evidence", ""))
    if not title:
        raise TellingRefused("told_title_missing")
    if not evidence:
        raise TellingRefused("told_evidence_missing")
    if len(title) > LONGEST_TITLE or len(evidence) > LONGEST_EVIDENCE:
        raise TellingRefused("told_too_long", expected_title=LONGEST_TITLE, expected_evidence=LONGEST_EVIDENCE)
    try:
        published = date.fromisoformat(form.get("published", "").strip())
    except ValueError:
        raise TellingRefused("told_day_missing") from None
    return Told(
        channel=one_line(form.get("channel", ""))[:LONGEST_CHOICE],
        title=title,
        published=published,
        evidence=evidence,
        evidence_kind="log" if form.get("evidence_kind") == "log" else "link",
        field=one_line(form.get("field", ""))[:LONGEST_CHOICE],
    )


def duty_of(visitor: Visitor, affair: Affair) -> Obligation:
    """The duty of an affair, as amended for its period."""
    return in_force(visitor.plan.obligation(affair.round.ref), affair.round.period)


def channels_for(visitor: Visitor, affair: Affair) -> dict[str, str]:
    """The channels on which an item serves the duty, by code: its own, or all of the plan."""
    duty = duty_of(visitor, affair)
    return {code: name for code, name in visitor.plan.channels.items() if duty.channel in (None, code)}


def tell(visitor: Visitor, affair: Affair, told: Told) -> ToldResult:
    """Record the item as told by the visitor for this duty. Repeating it changes nothing.

    Raises TellingRefused (`told_not_asked`) where no items are taken any more; UnknownName for a channel or field that
    the duty does not name; ItemRefused.
    """
    if not affair.takes_posts:
        raise TellingRefused("told_not_asked")
    channels, fields = channels_for(visitor, affair), duty_of(visitor, affair).fields
    if told.channel not in channels:
        raise unknown("unknown_channel", told.channel, [*channels.values()])
    if told.field and told.field not in fields:
        raise unknown("unknown_field", told.field, [*fields])
    post = ToldPost(
        id="",
        unit=visitor.unit.code,
        channel=told.channel,
        title=told.title,
        published=told.published,
        evidence=told.evidence,
        evidence_kind=EvidenceKind(told.evidence_kind),
        told_at=visitor.now,
        field=told.field,
        duty=affair.round.ref,
        source=SOURCE,
    )
    return tell_post(visitor.office, visitor.plan.id, post, visitor.now)
