"""Mail servers as settings name them: one URL with user and password, of which no error ever shows a part."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class ServerUrl:
    """`scheme://user:password@host:port/path?security=…&ca=…`. `security` is `none`, `starttls` or `tls`.

    `ca` names a file with the certificates that the server's own is checked against; None: the system's.
    """

    host: str
    port: int
    security: str = "none"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    path: str = ""
    ca: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, url: str, scheme: str, ports: Mapping[str, int]) -> Self:
        """From `scheme://…` or, with TLS from the first byte, `schemes://…`; `ports` are the usual ones by security.

        Raises ValueError, without the URL in it.
        """
        name = scheme.upper()
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # its message would show a part of the URL, maybe of the password
            raise ValueError(
                f"an {name} address has a host, and a number as port; is a sign in the password unquoted?"
            ) from None
        if parts.scheme not in {scheme, f"{scheme}s"} or not parts.hostname:
            raise ValueError(f"an {name} address looks like {scheme}://host:port or {scheme}s://host:port")
        options = dict(parse_qsl(parts.query))
        security = "tls" if parts.scheme == f"{scheme}s" else options.pop("security", "none")
        if security not in {"none", "starttls", "tls"}:
            raise ValueError(f"the security of an {name} address is none, starttls or tls")
        if parts.password and security == "none" and parts.hostname not in LOCAL:
            raise ValueError(
                f"a password is not sent over the network in clear: add ?security=starttls, or use {scheme}s://"
            )
        return cls(
            host=parts.hostname,
            port=port or ports[security],
            security=security,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            path=unquote(parts.path.removeprefix("/")),
            ca=options.pop("ca", None),
            options=options,
        )

    @property
    def is_local(self) -> bool:
        """Whether the server is this very machine."""
        return self.host in LOCAL

    def tls(self) -> ssl.SSLContext:
        """What its certificate and name are checked with."""
        return ssl.create_default_context(cafile=self.ca)
