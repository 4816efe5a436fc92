"""People come, go away for a while, and leave: who is written to in their place, and by which ways."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Way(StrEnum):
    """How a contact wants to be reached."""

    EMAIL = "email"
    CHAT = "chat"


@dataclass(frozen=True)
class Deputy:
    """Who answers for somebody who is away."""

    name: str
    email: str


@dataclass(frozen=True)
class Absence:
    """Somebody is away from `since` to `until`, both included, and `deputy` answers for them."""

    since: date
    until: date
    deputy: Deputy

    def covers(self, day: date) -> bool:
        """Whether they are away on that day."""
        return self.since <= day <= self.until


@dataclass(frozen=True)
class Contact:
    """A person who speaks for a unit, up to and including the day `until`. `chat` names the environment variable
    holding an apprise URL, never the URL; `channels` are the ways by which they want to be written to."""

    name: str
    email: str
    chat: str | None = None
    channels: frozenset[Way] = frozenset(Way)
    away: tuple[Absence, ...] = ()
    until: date | None = None

    def on(self, day: date) -> Contact | None:
        """Who is written to on that day: themselves, the deputy while they are away, nobody once they have left."""
        if self.until and day > self.until:
            return None
        deputy = next((absence.deputy for absence in self.away if absence.covers(day)), None)
        return Contact(deputy.name, deputy.email) if deputy else self


@dataclass(frozen=True)
class Person:
    """Someone named by the plan: `user` is the name they log in with."""

    user: str
    name: str
    email: str
    title: str = ""
