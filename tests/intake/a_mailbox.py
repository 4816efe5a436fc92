"""Mail as people's programs write it, and a mailbox in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from dinhky.intake.mailbox import HandledMail, Reader, WaitingMail, read_mailbox

OURS = frozenset({"dinhky@phucloi.example"})
XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def letter(
    sender: str = "Lê Quốc Hưng <vanphong@phucloi.example>",
    *files: tuple[str, bytes],
    message_id: str = "<1@phucloi.example>",
    subject: str = "Nộp báo cáo quý I",
    **headers: str,
) -> EmailMessage:
    """A mail with files attached; `Auto_Submitted="…"` and the like are headers."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = "nhantep@phucloi.example"
    mail["Subject"] = subject
    if message_id:
        mail["Message-ID"] = message_id
    mail.set_content("Kính gửi, em gửi tệp ạ.\n")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    for name, data in files:
        mail.add_attachment(data, maintype=XLSX[0], subtype=XLSX[1], filename=name)
    return mail


class Died(BaseException):
    """The reader's process ends here: nothing after it runs, not even what catches every exception."""


@dataclass
class Box:
    """A mailbox in memory. `before` is called with every step, and may end the process there."""

    inbox: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    folders: dict[str, list[bytes]] = field(default_factory=dict)
    before: Callable[[str], None] = lambda step: None
    announced_sizes: dict[str, int] = field(default_factory=dict)

    def add(self, mail: EmailMessage | bytes, arrived: datetime) -> str:
        uid = str(len(self.inbox) + sum(map(len, self.folders.values())) + 1)
        self.inbox[uid] = (mail if isinstance(mail, bytes) else mail.as_bytes(policy=SMTP), arrived)
        return uid

    def waiting(self) -> Iterator[WaitingMail]:
        self.before("list")
        for uid, (data, arrived) in list(self.inbox.items()):
            yield WaitingMail(uid, self.announced_sizes.get(uid, len(data)), arrived)

    def read(self, uid: str) -> bytes | None:
        self.before("read")
        assert uid not in self.announced_sizes, "too large to be fetched"
        return self.inbox[uid][0] if uid in self.inbox else None

    def read_head(self, uid: str) -> bytes | None:
        self.before("read head")
        return self.inbox[uid][0].partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if uid in self.inbox else None

    def file_away(self, uid: str, folder: str) -> None:
        self.before("move")
        if uid in self.inbox:
            self.folders.setdefault(folder, []).append(self.inbox.pop(uid)[0])
        self.before("moved")


@dataclass
class Post:
    """The email route of a commune: bring mails, and have them read at a moment of the office."""

    commune: Any
    box: Box = field(default_factory=Box)

    def read(self, now: datetime, *, by: str = "reader", authserv: str | None = None) -> list[HandledMail]:
        reader = Reader(by=by, ours=OURS, clock=lambda: now, office_time=lambda real: real, authserv=authserv)
        return read_mailbox(self.commune.office, self.box, reader)

    def bring(self, mail: EmailMessage | bytes, now: datetime, **reading: Any) -> HandledMail:
        """One mail arrives and is read at once."""
        self.box.add(mail, now)
        (handled,) = self.read(now, **reading)
        return handled

    def answers(self, *kinds: str) -> list[dict[str, Any]]:
        """What was queued since the round opened: openings left out."""
        return [row for row in self.commune.messages(*kinds) if row["kind"] != "opening"]

    @property
    def folders(self) -> dict[str, int]:
        return {name: len(mails) for name, mails in self.box.folders.items()}
