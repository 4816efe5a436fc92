"""Chat through apprise: the chats of contacts who have enrolled with our Zalo bot, and whatever else apprise speaks.

An address is that of an enrolled chat (`zalo:…`), or the name of an environment variable that the plan gives; the
variable holds the URL. One URL a recipient: of a batch apprise says only whether all of it was taken.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from dinhky.channels.pace import Pace
from dinhky.channels.short_form import short_form
from dinhky.domain.errors import PermanentDeliveryError, Problem, ServerUnavailable, TemporaryDeliveryError
from dinhky.rounds.chatting import ZALO, masked
from dinhky.rounds.kept_messages import Attachment, QueuedMessage
from dinhky.rounds.ports import Files, Words

LONGEST_TEXT = 2000
"""Zalo's limit; whoever reads more reads the email."""
SECONDS_BETWEEN = 1.0
"""Zalo names no figure. apprise's own 5.5 seconds hold within one instance only, and would be nine minutes for the
opening of a round with a hundred contacts."""
REST_AFTER_REFUSAL = 60.0
"""Seconds for which a bot rests whose token was refused, or that is over its limit, if Zalo does not say how long."""


class ChatChannel:
    """Sends a message in its short form; a chat carries no attachment, so the email beside it does."""

    def __init__(
        self, secrets: Mapping[str, str], words: Words, *, zalo_token: str | None = None, pace: Pace | None = None
    ) -> None:
        self._secrets, self._words, self._zalo_token = secrets, words, zalo_token
        self._pace = pace or Pace(SECONDS_BETWEEN)
        logging.getLogger("apprise").disabled = True  # its lines show the URL of a chat it cannot use

    def send(self, queued: QueuedMessage, _files: Files, _now: datetime) -> str:
        """Send one message. Returns what the service answered, as far as it says anything.

        Raises PermanentDeliveryError without a usable URL, ChatEnded if the person has blocked the bot,
        TemporaryDeliveryError if the message was not taken, UncertainDelivery if it may have been.
        """
        message = queued.message
        url = self._url(message.address)
        if url.startswith("zalo://"):
            return self._send_to_zalo(queued, url)
        import apprise  # 0.3 s of imports, and most runs send no chat

        service = apprise.Apprise()
        if not service.add(url):
            raise PermanentDeliveryError("chat_not_configured", variable=message.address)
        self._pace.wait_for(url)
        text = self._text(queued, min(room.body_maxlen for room in service))
        # Our text is plain; without the format apprise would read it as Markdown where the service speaks it.
        if not service.notify(body=text, body_format="text"):
            raise TemporaryDeliveryError("chat_not_taken", variable=message.address)
        return "apprise"

    def _send_to_zalo(self, queued: QueuedMessage, url: str) -> str:
        import apprise

        from dinhky.channels.zalo import ZaloRoom

        shown = masked(queued.message.address)
        try:
            room = ZaloRoom(**(ZaloRoom.parse_url(url) or {}))
        except (apprise.exception.AppriseException, TypeError):
            raise PermanentDeliveryError("chat_not_configured", variable=shown) from None  # its text shows the token
        if len(room.targets) != 1:
            raise PermanentDeliveryError("chat_not_configured", variable=shown)
        self._pace.wait_for(room.token)
        service = apprise.Apprise()
        service.add(room)
        if service.notify(body=self._text(queued, room.body_maxlen), body_format="text"):
            return str(room.answer)
        failure = room.failure or TemporaryDeliveryError("chat_not_taken", variable=shown)
        if isinstance(failure, ServerUnavailable):
            self._pace.close(room.token, failure.params.get("retry_after") or REST_AFTER_REFUSAL, failure)
        raise failure

    def _url(self, address: str) -> str:
        if address.startswith(ZALO):
            if not self._zalo_token:
                raise PermanentDeliveryError("chat_without_bot", chat=masked(address))
            return f"zalo://{self._zalo_token}/{address.removeprefix(ZALO)}"
        url = self._secrets.get(address, "").strip()
        if not url:
            raise PermanentDeliveryError("chat_not_configured", variable=address)
        return url

    def _text(self, queued: QueuedMessage, limit: int) -> str:
        message = queued.message
        return short_form(
            message.subject,
            message.body,
            limit=min(limit, LONGEST_TEXT),
            ending=self._about_files(message.attachments),
            rest_elsewhere=self._words.sentence(Problem("chat_rest_by_email")),
        )

    def _about_files(self, attachments: Sequence[Attachment]) -> str:
        if not attachments:
            return ""
        names = [file.name for file in attachments]
        return self._words.sentence(Problem("chat_files_by_email", params={"names": names}))
