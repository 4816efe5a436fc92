"""Who speaks for a unit on a day."""

from __future__ import annotations

from datetime import date

import pytest

from dinhky.domain.people import Absence, Contact, Deputy
from dinhky.domain.plan import Unit

MAI = Deputy("Mai", "mai@x.example")
AWAY = Absence(date(2026, 7, 6), date(2026, 7, 17), MAI)
HUNG = Contact("Hưng", "hung@x.example", away=(AWAY,))
LAN = Contact("Lan", "lan@x.example", until=date(2026, 7, 10))
TUNG = Contact("Tùng", "tung@x.example")


@pytest.mark.parametrize(
    ("contacts", "day", "written_to"),
    [
        ((HUNG,), "2026-07-05", ["hung"]),
        ((HUNG,), "2026-07-06", ["mai"]),
        ((HUNG,), "2026-07-17", ["mai"]),
        ((HUNG,), "2026-07-18", ["hung"]),
        ((LAN, TUNG), "2026-07-10", ["lan", "tung"]),
        ((LAN, TUNG), "2026-07-11", ["tung"]),
        ((HUNG, TUNG), "2026-07-07", ["mai", "tung"]),
        ((HUNG, Contact("Mai", "mai@x.example")), "2026-07-07", ["mai"]),
        ((), "2026-07-07", []),
    ],
)
def test_a_deputy_speaks_for_who_is_away_and_nobody_for_who_has_left(contacts, day, written_to):
    unit = Unit("vp", "Văn phòng", contacts)
    found = [contact.email.partition("@")[0] for contact in unit.contacts_on(date.fromisoformat(day))]
    assert found == written_to


@pytest.mark.parametrize(("day", "may_send"), [("2026-07-07", ["hung", "lan"]), ("2026-07-11", ["hung"])])
def test_who_is_away_may_still_send_and_who_has_left_may_not(day, may_send):
    unit = Unit("vp", "Văn phòng", (HUNG, LAN))
    found = [contact.email.partition("@")[0] for contact in unit.still_here_on(date.fromisoformat(day))]
    assert found == may_send
