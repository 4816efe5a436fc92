"""What people write to our Zalo bot."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import Any

import requests
from apprise.plugins.zalo import NotifyZalo

from dinhky.channels.zalo_answer import TIMED_OUT, UNAUTHORIZED, ZaloAnswer
from dinhky.domain.errors import TemporaryDeliveryError
from dinhky.rounds.chatting import ZALO, Heard

SEND, READ = "sendMessage", "getUpdates"
CONNECT_SECONDS = 10
UNREADABLE_IN_A_ROW = 20
_CHAT_ID = re.compile(r"[A-Za-z0-9._-]{1,200}")


class ZaloBot:
    """Hands over what people have written to the bot, one message at a time.

    Zalo gives each message out once and knows no offset: what was received and not recorded is gone, and its sender,
    who gets no answer, writes again.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def __repr__(self) -> str:
        return "ZaloBot()"

    def hear(self, wait: timedelta) -> Heard | None:
        """The next message, or None if nobody has written any for as long as `wait`.

        Raises TemporaryDeliveryError if Zalo cannot be asked now, or refuses.
        """
        for _ in range(UNREADABLE_IN_A_ROW):
            update = self._next_update(wait)
            if update is None:
                return None
            if heard := _heard(update):
                return heard
        return None

    def _next_update(self, wait: timedelta) -> dict[str, Any] | None:
        seconds = max(1, round(wait.total_seconds()))
        try:
            response = requests.post(
                NotifyZalo.notify_url.format(token=self._token).replace(SEND, READ),
                json={"timeout": str(seconds)},
                timeout=(CONNECT_SECONDS, seconds + CONNECT_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            reason = type(error).__name__
            raise TemporaryDeliveryError("chat_unreachable", reason=reason) from None  # its text has the token in it
        answer = ZaloAnswer.of(response, self._token)
        if answer.number == TIMED_OUT:
            return None  # Zalo's word for "nobody has written"
        if answer.number == UNAUTHORIZED:
            raise TemporaryDeliveryError("chat_token_refused", reason=answer.reason)
        if answer.number or not answer.content:
            raise TemporaryDeliveryError("chat_refused", number=answer.number or answer.status, reason=answer.reason)
        return answer.result if isinstance(answer.result, dict) and answer.result else None


def _heard(update: dict[str, Any]) -> Heard | None:
    """An update as we take it; None for one that names no chat, or comes from another bot."""
    message = _fields(update.get("message"))
    chat, sender = _fields(message.get("chat")), _fields(message.get("from"))
    chat_id, text = str(chat.get("id") or ""), message.get("text")
    if not _CHAT_ID.fullmatch(chat_id) or sender.get("is_bot") is True:
        return None
    own_id = message.get("message_id") or f"{message.get('date')}|{text}"
    return Heard(
        key=hashlib.sha256(f"{ZALO}{chat_id}|{own_id}".encode("utf-8", "replace")).hexdigest(),
        address=f"{ZALO}{chat_id}",
        text=text if isinstance(text, str) else "",
        is_private=str(chat.get("chat_type") or "PRIVATE").upper() == "PRIVATE",
    )


def _fields(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
