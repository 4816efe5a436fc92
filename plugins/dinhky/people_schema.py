"""The keys of people in a plan file: contacts, who stands in for them, approvers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo

from dinhky.domain.errors import Problem
from dinhky.domain.people import Absence, Contact, Deputy, Person, Way
from dinhky.plan_names import Address, Chat, known
from dinhky.yaml_document import Place, YamlDocument
from dinhky.yaml_values import Day, Entry, Text, name_like, one_of


def _known_user(user: str, info: ValidationInfo) -> str:
    return known(user, info, "users", "plan_unknown_user")


UserName = Annotated[str, name_like(r"[a-z][a-z0-9._-]*", "lanhdao"), AfterValidator(_known_user)]
WayName = Annotated[Way, one_of(Way)]


class DeputyEntry(Entry):
    """`deputy:` of an absence."""

    name: Text
    email: Address


class AbsenceEntry(Entry):
    """An item of `away:` of a contact."""

    since: Annotated[Day, Field(alias="from")]
    until: Day
    deputy: DeputyEntry


class ContactEntry(Entry):
    """An item of a unit's `contacts:`."""

    name: Text
    email: Address
    chat: Chat | None = None
    channels: Annotated[list[WayName], Field(min_length=1)] = [Way.EMAIL, Way.CHAT]  # noqa: RUF012  (pydantic copies it)
    away: tuple[AbsenceEntry, ...] = ()
    until: Day | None = None

    def contact(self) -> Contact:
        """The same as a value of the domain."""
        return Contact(
            name=self.name,
            email=self.email,
            chat=self.chat,
            channels=frozenset(self.channels),
            away=tuple(Absence(one.since, one.until, Deputy(**dict(one.deputy))) for one in self.away),
            until=self.until,
        )


class PersonEntry(Entry):
    """`approver:`, of the plan or of one obligation."""

    user: UserName
    name: Text
    email: Address
    title: Text

    def person(self) -> Person:
        """The same as a value of the domain."""
        return Person(**dict(self))


def people_contradictions(document: YamlDocument, unit: Any, place: Place) -> Iterator[Problem]:
    """What makes a unit unreachable, or somebody away twice at once. Looks at the text as typed."""
    contacts = unit.get("contacts")
    if not isinstance(contacts, list):
        return
    leaving = []
    for index, contact in enumerate(contacts):
        if not isinstance(contact, dict):
            return
        leaving.append("until" in contact)
        yield from _contradictions_of_absences(document, contact, (*place, "contacts", index))
    if leaving and all(leaving) and "until" not in unit:
        yield document.problem("plan_nobody_left", (*place, "contacts"), found=len(leaving))


def _contradictions_of_absences(document: YamlDocument, contact: dict[str, Any], place: Place) -> Iterator[Problem]:
    absences = contact.get("away")
    before: list[tuple[str, str, int]] = []
    for index, absence in enumerate(absences if isinstance(absences, list) else []):
        if not isinstance(absence, dict):
            continue
        since, until, line = str(absence.get("from", "")), str(absence.get("until", "")), (*place, "away", index)
        if since and until and until < since:
            yield document.problem("plan_ends_before_it_begins", (*line, "until"), found=until, since=since)
        for other_since, other_until, first in before:
            if since <= other_until and other_since <= until:
                yield document.problem("plan_away_twice", line, since=since, until=until, first=first)
                break
        before.append((since, until, document.lines[line]))
