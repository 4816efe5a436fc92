"""What a mail program makes of a letter: its list of mails on a phone, and one mail opened.

The page shows the mail's own HTML part in a frame without scripts, below the headers as they came over the wire.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from email.message import EmailMessage

_FONT = "font-family:system-ui,sans-serif"


def opened_mail(mail: EmailMessage) -> str:
    """One mail as it is read."""
    page = mail.get_body(("html",)).get_content()
    attached = "".join(
        f'<span style="display:inline-block;margin:8px 8px 0 0;padding:6px 10px;border:1px solid #ccc">'
        f"{html.escape(one.get_filename() or '')}</span>"
        for one in mail.iter_attachments()
    )
    people = f"{mail['From']} → {mail['To']}"
    return (
        f'<html><body style="margin:0;{_FONT};font-size:14px;color:#222">'
        f'<div style="padding:12px 16px;background:#f6f7f9;border-bottom:1px solid #ddd">'
        f'<div style="font-size:17px;font-weight:600">{html.escape(mail["Subject"])}</div>'
        f'<div style="color:#555;margin-top:4px">{html.escape(people)}</div>'
        f"{attached}</div>"
        f'<iframe sandbox style="border:0;width:100%" srcdoc="{html.escape(page, quote=True)}"></iframe>'
        "</body></html>"
    )


def list_of_mails(mails: Sequence[EmailMessage], previews: Sequence[str]) -> str:
    """The inbox of a phone: sender, subject and two lines."""
    line = "overflow:hidden;display:-webkit-box;-webkit-box-orient:vertical"
    rows = "".join(
        f'<div style="padding:12px 16px;border-bottom:1px solid #e3e3e3">'
        f'<div style="font-weight:600">{html.escape(mail["From"].addresses[0].display_name)}</div>'
        f'<div style="{line};-webkit-line-clamp:2">{html.escape(mail["Subject"])}</div>'
        f'<div style="color:#666;{line};-webkit-line-clamp:2">{html.escape(preview)}</div></div>'
        for mail, preview in zip(mails, previews, strict=True)
    )
    return f'<html><body style="margin:0;{_FONT};font-size:15px;line-height:1.35">{rows}</body></html>'
