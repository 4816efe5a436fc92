"""Sending to Zalo: apprise's plugin, made to keep what Zalo answered."""

from __future__ import annotations

from typing import Any

import requests
from apprise.plugins.zalo import NotifyZalo
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, SSLError

from dinhky.channels.zalo_answer import ZaloAnswer
from dinhky.domain.errors import DeliveryError, ServerUnavailable, UncertainDelivery

SCHEME = "zalo://"
_OUT_OF_REACH = (NewConnectionError, ConnectTimeoutError, SSLError)


class ZaloRoom(NotifyZalo):
    """One chat of apprise's Zalo plugin, with the request made so that its answer is kept.

    apprise's own says yes or no: to it a time-out and a refused token are the same, the wait that Zalo asks for is
    lost, and an error number without `ok`, or the page of some proxy, counts as sent.
    """

    socket_read_timeout = 30.0
    """Better a long wait than not to know whether a message has gone out."""
    answer = ""
    failure: DeliveryError | None = None

    def send(self, body: str, **_: Any) -> bool:
        """Send one text. Returns whether Zalo took it; `answer` is then what it said, otherwise `failure` tells why."""
        try:
            self.answer = self._post(body)
        except DeliveryError as failure:
            self.failure = failure
        return self.failure is None

    def _post(self, text: str) -> str:
        (chat_id,) = self.targets
        try:
            response = requests.post(  # a connection of its own: one that was kept may be dead, and silent about it
                self.notify_url.format(token=self.token),
                json={"chat_id": chat_id, "text": text},
                verify=self.verify_certificate,
                timeout=self.request_timeout,
                allow_redirects=False,  # what was to go to Zalo goes nowhere else
            )
        except requests.RequestException as error:
            raise _unanswered(error) from None  # its text has the token in it
        return ZaloAnswer.of(response, self.token, chat_id).receipt()


def _unanswered(error: requests.RequestException) -> DeliveryError:
    """Whether the request can have reached Zalo: where there was no connection it cannot, everywhere else it may."""
    cause = error.args[0] if error.args else None
    never_left = isinstance(cause, MaxRetryError) and isinstance(cause.reason, _OUT_OF_REACH)
    if never_left or isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError):
        return ServerUnavailable("chat_unreachable", reason=type(error).__name__)
    return UncertainDelivery("chat_silent", reason=type(error).__name__)
