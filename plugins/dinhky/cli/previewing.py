"""The command that shows what people will read, for whoever edits the templates."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dinhky.cli.command import OK
from dinhky.domain.plan import unknown
from dinhky.service.console import Console

if TYPE_CHECKING:
    from dinhky.cli.command import Commands


def register(commands: Commands) -> None:
    """Add these commands to the parser."""
    messages = commands.add_parser("messages", help="what people read").add_subparsers(required=True, metavar="ACTION")
    preview = messages.add_parser("preview", help="every message with sample data, as text or HTML")
    preview.add_argument("name", nargs="?", help="one template, or one of its samples; all of them without it")
    preview.add_argument("--html", action="store_true", help="as a mail program shows it")
    preview.add_argument("--out", type=Path, metavar="DIR", help="into files of this folder, one a sample")
    preview.set_defaults(command=_preview)


def _preview(parsed: argparse.Namespace, console: Console) -> int:
    from dataclasses import replace

    from dinhky import bootstrap
    from dinhky.cli.message_samples import Samples, template_of
    from dinhky.cli.sample_facts import PORTAL

    current = bootstrap.settings()
    current = replace(current, plans=current.include / "data" / "plans", portal_url=PORTAL)
    office = bootstrap.office(current)
    samples = Samples(office).all()
    chosen = [name for name in samples if parsed.name in {None, name, template_of(name)}]
    if not chosen:
        raise unknown("unknown_letter", parsed.name, sorted(samples))
    as_html = bootstrap.letter_html(current)
    for name in chosen:
        letter = office.words.letter(template_of(name), **samples[name])
        text = as_html(letter.subject, letter.body) if parsed.html else f"{letter.subject}\n\n{letter.body}"
        if parsed.out:
            parsed.out.mkdir(parents=True, exist_ok=True)
            file = parsed.out / f"{name}.{'html' if parsed.html else 'txt'}"
            file.write_text(text, "utf-8")
            console.say("preview_written", file=file)
        else:
            print(text if len(chosen) == 1 else f"═══ {name}\n{text}")
    return OK
