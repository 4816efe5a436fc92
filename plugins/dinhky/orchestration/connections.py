"""The mail server as an Airflow Connection: `dinhky_smtp`, where the setting DINHKY_SMTP is empty.

It is asked for within a task, and handed to nothing but the office that sends: not to a log or an XCom.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from dinhky import bootstrap
from dinhky.rounds.ports import Office

CONNECTION = "dinhky_smtp"
_PASSED_ON = ("security", "per_minute", "timeout", "ca")


def sending_office() -> Office:
    """The office with the mail server that the settings name, else the one of the Connection, else a local maildir."""
    current = bootstrap.settings()
    if current.smtp_url is None and (found := _connection()):
        current = replace(current, smtp_url=smtp_url(found))
    return bootstrap.office(current)


def smtp_url(connection: Any) -> str:
    """A Connection as DINHKY_SMTP has it. Its extras are our options, or what Airflow's own SMTP hook calls them:
    `disable_ssl` (else TLS from the first byte) and `disable_tls` (else STARTTLS)."""
    extra: dict[str, Any] = connection.extra_dejson
    options = {name: str(extra[name]) for name in _PASSED_ON if extra.get(name)}
    if "security" not in options:
        options["security"] = "tls" if not _is_on(extra, "disable_ssl") else "starttls"
        if options["security"] == "starttls" and _is_on(extra, "disable_tls"):
            options["security"] = "none"
    scheme = "smtps" if options["security"] == "tls" else "smtp"
    if scheme == "smtps":
        del options["security"]
    user = quote(connection.login or "", safe="")
    if connection.password:
        user += f":{quote(connection.password, safe='')}"
    port = f":{connection.port}" if connection.port else ""
    query = f"?{urlencode(options)}" if options else ""
    return f"{scheme}://{user}{'@' if user else ''}{connection.host or ''}{port}{query}"


def _is_on(extra: dict[str, Any], name: str) -> bool:
    return str(extra.get(name, "")).lower() in {"1", "true", "yes"}


def _connection() -> Any:
    try:
        return Connection.get(CONNECTION)
    except AirflowNotFoundException:
        return None
