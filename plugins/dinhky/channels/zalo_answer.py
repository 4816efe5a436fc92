"""What Zalo's Bot API answers, and what each answer means for a message.

Zalo says no in three ways: by HTTP status, by `"ok": false` with an `error_code` in an answer with status 200, or by an
`error` number alone. Its documented numbers are 400, 401, 403 (which it calls an internal error), 404, 408 and 429;
none of them says "blocked", so that is read from the description as well.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from dinhky.domain.errors import (
    AccessRefused,
    ChatEnded,
    PermanentDeliveryError,
    ServerUnavailable,
    TemporaryDeliveryError,
    UncertainDelivery,
)

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TIMED_OUT, OVER_LIMIT, GATEWAY_TIMED_OUT = (
    400,
    401,
    403,
    404,
    408,
    429,
    504,
)
NO_NUMBER = -1
"""It refused without saying why."""
LONGEST_REASON = 200
LONGEST_WAIT = timedelta(days=1)
_TOKEN_IN_URL = re.compile(r"/bot[^/\s]+/")


class _WithoutToken(logging.Filter):
    """The token is a part of the URL, and the HTTP library tells its debug log the URL of every request."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _TOKEN_IN_URL.search(said := record.getMessage()):
            record.msg, record.args = _TOKEN_IN_URL.sub("/bot…/", said), ()
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_WithoutToken())


@dataclass(frozen=True)
class ZaloAnswer:
    """An answer as far as it could be understood. `number` is that of the error it tells of, 0 if it tells of none."""

    status: int
    content: dict[str, Any]
    number: int
    reason: str
    retry_after: timedelta

    @classmethod
    def of(cls, response: requests.Response, *hidden: str) -> ZaloAnswer:
        """The answer, its reason without anything `hidden`."""
        try:
            content = response.json()
        except ValueError:
            content = {}
        content = content if isinstance(content, dict) else {}
        reason = str(content.get("description") or content.get("message") or response.reason or "")
        for secret in hidden:
            reason = reason.replace(secret, "…")
        return cls(
            status=response.status_code,
            content=content,
            number=_error_number(response.status_code, content),
            reason=" ".join(reason.split())[:LONGEST_REASON],
            retry_after=_retry_after(response.headers.get("Retry-After"), content, datetime.now(UTC)),
        )

    @property
    def result(self) -> Any:
        return self.content.get("result")

    def receipt(self) -> str:
        """What was said to a message that was taken. Raises DeliveryError for any other answer."""
        if self.number:
            self._refuse()
        if self.content.get("ok") is True or self.content.get("error") == 0:
            message_id = self.result.get("message_id") if isinstance(self.result, dict) else None
            return f"zalo {message_id}" if message_id else "zalo"
        raise UncertainDelivery("chat_answer_unreadable", status=self.status)

    def _refuse(self) -> None:
        number, reason, about = self.number, self.reason, self.reason.casefold()
        if number == UNAUTHORIZED:
            raise AccessRefused("chat_token_refused", reason=reason)
        if number == OVER_LIMIT:
            raise ServerUnavailable("chat_over_limit", reason=reason, retry_after=self.retry_after.total_seconds())
        if number in {TIMED_OUT, GATEWAY_TIMED_OUT}:
            raise UncertainDelivery("chat_silent", reason=f"{number} {reason}".strip())
        if number == FORBIDDEN and "internal" not in about:
            raise ChatEnded("chat_blocked", number=number, reason=reason)
        if number in {BAD_REQUEST, NOT_FOUND} and re.search(r"\b(chat|user|recipient)\b", about):
            raise ChatEnded("chat_gone", number=number, reason=reason)
        if number == BAD_REQUEST:
            raise PermanentDeliveryError("chat_refused", number=number, reason=reason)
        raise TemporaryDeliveryError("chat_refused", number=number, reason=reason)


def _error_number(status: int, content: dict[str, Any]) -> int:
    for name in ("error_code", "error"):
        found = content.get(name)
        if not isinstance(found, bool) and re.fullmatch(r"-?\d{1,9}", str(found)) and int(str(found)):
            return int(str(found))
    if status != requests.codes.ok:
        return status
    return NO_NUMBER if content.get("ok") is False else 0


def _retry_after(header: str | None, content: dict[str, Any], now: datetime) -> timedelta:
    """How long an answer asks us to wait, in its header or its text; nothing if it does not say."""
    parameters = content.get("parameters")
    asked = header or (parameters.get("retry_after") if isinstance(parameters, dict) else None) or 0
    try:
        wait = timedelta(seconds=min(float(asked), LONGEST_WAIT.total_seconds()))
    except (ValueError, TypeError):
        try:
            wait = parsedate_to_datetime(str(asked)) - now
        except (ValueError, TypeError):
            wait = timedelta()
    return max(timedelta(), min(wait, LONGEST_WAIT))
