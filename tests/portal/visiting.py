"""A commune's portal as a unit visits it: with its own link, reading what stands on the page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from html import unescape

from starlette.testclient import TestClient

from dinhky.portal.app import create_app
from dinhky.portal.pace import Pace
from dinhky.rounds.links import PersonalLink, token_of
from dinhky.rounds.ports import Office

PLAN = "phuc-loi-2026"
WORKING_DAY = datetime.fromisoformat("2026-03-11T09:00+07:00")
LAST_DAY = date(2026, 5, 15)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass
class Portal:
    """The portal over an office, at a moment that a test may move."""

    office: Office
    now: datetime = WORKING_DAY
    pace: Pace = field(default_factory=lambda: Pace(most=10_000))

    def __post_init__(self) -> None:
        self.client = TestClient(create_app(lambda: (self.office, self.now), self.pace), raise_server_exceptions=False)

    def token(self, unit: str, plan: str = PLAN, expires: date = LAST_DAY, serial: int = 0) -> str:
        return token_of(self.office.signer, PersonalLink(plan, unit, expires, serial))

    def page(self, unit: str, path: str = "") -> str:
        """A page as a person reads it. Asserts that there is one."""
        answer = self.client.get(f"/u/{self.token(unit)}{path}")
        assert answer.status_code == 200, answer.text
        return shown(answer.text)

    def send(self, unit: str, data: bytes, name: str = "biểu số liệu.xlsx"):
        """The unit sends a file by the form; the page it ends up on."""
        return self.client.post(f"/u/{self.token(unit)}/files", files={"file": (name, data, XLSX)})

    def api(self, unit: str, path: str = ""):
        return self.client.get(f"/api/v1/{self.token(unit)}{path}")


def shown(html: str) -> str:
    """What stands on a page: its text, one line a block."""
    body = html[html.index("<main") :]
    text = re.sub(r"<(?!/?(bdi|strong|a|span)\b)[^>]*>", "\n", body)
    lines = (" ".join(unescape(re.sub(r"<[^>]*>", "", line)).split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
