"""The mail server as an Airflow Connection."""

from __future__ import annotations

import pytest

SECRET = "a/b c@d:e"


@pytest.mark.parametrize(
    ("given", "host", "port", "security", "options"),
    [
        ({"host": "mail.example"}, "mail.example", 465, "tls", {}),
        ({"host": "mail.example", "port": 587, "extra": '{"disable_ssl": true}'}, "mail.example", 587, "starttls", {}),
        ({"host": "127.0.0.1", "extra": '{"disable_ssl": "True", "disable_tls": 1}'}, "127.0.0.1", 25, "none", {}),
        (
            {"host": "mail.example", "extra": '{"security": "starttls", "per_minute": 30}'},
            "mail.example",
            587,
            "starttls",
            {"per_minute": "30"},
        ),
    ],
)
def test_a_connection_means_what_airflows_own_mail_hook_takes_it_for(given, host, port, security, options):
    from airflow.sdk import Connection

    from dinhky.channels.smtp import SmtpSettings
    from dinhky.orchestration.connections import smtp_url

    connection = Connection(conn_id="dinhky_smtp", conn_type="smtp", login="lan@x.example", password=SECRET, **given)
    found = SmtpSettings.from_url(smtp_url(connection))
    assert (found.host, found.port, found.security, found.options) == (host, port, security, options)
    assert (found.user, found.password) == ("lan@x.example", SECRET)


def test_a_server_named_in_the_settings_goes_before_a_connection_and_no_connection_means_a_maildir(
    monkeypatch, tmp_path
):
    from dinhky.channels.email import MaildirChannel
    from dinhky.channels.smtp import SmtpChannel
    from dinhky.orchestration.connections import sending_office

    monkeypatch.setenv("DINHKY_HOME", str(tmp_path))
    monkeypatch.delenv("DINHKY_SMTP", raising=False)
    monkeypatch.setenv("AIRFLOW_CONN_DINHKY_SMTP", "smtp://127.0.0.1:2525?disable_ssl=true&disable_tls=true")
    assert isinstance(sending_office().channels["email"], SmtpChannel)
    monkeypatch.delenv("AIRFLOW_CONN_DINHKY_SMTP")
    assert isinstance(sending_office().channels["email"], MaildirChannel)
    monkeypatch.setenv("DINHKY_SMTP", "smtp://127.0.0.1:1")
    assert isinstance(sending_office().channels["email"], SmtpChannel)
