"""Short signatures of our own texts: on personal links and in the workbooks we hand out.

HMAC with SHA-256 (RFC 2104), the purpose mixed in, so that what was signed for a workbook opens no page.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

KEPT_IN = "signing.key"
SHORTEST_SECRET = 16
_SIGNATURE_BYTES = 15
"""120 bits: 20 characters of a link, without padding."""


class HmacSigner:
    """Signs with one secret. Raises ValueError for one of fewer than `SHORTEST_SECRET` bytes."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"a signing secret has at least {SHORTEST_SECRET} bytes")
        self._secret = secret

    def sign(self, purpose: str, text: str) -> str:
        """The signature of a text for one purpose: 20 characters that a URL carries unquoted."""
        digest = hmac.digest(self._secret, f"{purpose}\0{text}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).decode()

    def is_ours(self, purpose: str, text: str, signature: str) -> bool:
        """Whether that is the signature, compared in constant time."""
        return hmac.compare_digest(self.sign(purpose, text).encode(), signature.encode("utf-8", "replace"))


def kept_secret(home: Path) -> bytes:
    """The secret of the service in `home`: made when first asked for, readable by its owner only."""
    file = home / KEPT_IN
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True)
        made = home / f".{KEPT_IN}.{os.getpid()}"
        handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(32))
        try:
            os.link(made, file)  # whoever was first has made it for all
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return file.read_bytes().strip()
