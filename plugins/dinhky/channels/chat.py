"""Chat (Zalo and whatever else apprise speaks): the plan names an environment variable, the variable holds the URL."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from dinhky.domain.errors import PermanentDeliveryError, TemporaryDeliveryError
from dinhky.rounds.ports import Files, QueuedMessage


class ChatChannel:
    """Sends the subject and text of a message; a chat carries no attachment, so the email beside it does.

    A text longer than the chat takes goes as several messages.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets
        logging.getLogger("apprise").disabled = True  # its lines show the URL of a chat it cannot use

    def send(self, queued: QueuedMessage, _files: Files, _now: datetime) -> str:
        """Send one message. Raises PermanentDeliveryError without a usable URL, TemporaryDeliveryError if not taken."""
        import apprise  # 0.3 s of imports, and most runs send no chat

        url = self._secrets.get(queued.message.address)
        service = apprise.Apprise()
        if not url or not service.add(url):
            raise PermanentDeliveryError("chat_not_configured", variable=queued.message.address)
        for room in service:
            # The default sends all at once, and what exceeds the service's limit is refused or lost there.
            room.overflow_mode = apprise.OverflowMode.SPLIT
        # Our text is plain; without the format apprise would read it as Markdown where the service speaks it.
        taken = service.notify(body=f"{queued.message.subject}\n\n{queued.message.body}", body_format="text")
        if not taken:
            raise TemporaryDeliveryError("chat_not_taken", variable=queued.message.address)
        return "apprise"
