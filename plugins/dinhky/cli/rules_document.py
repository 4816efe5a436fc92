"""Writes docs/what-a-file-is-checked-for.md: every rule for a unit's file, from the one place of its wording.

Run by `make docs`; a test fails while the document says anything else.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dinhky import bootstrap
from dinhky.domain.errors import Problem
from dinhky.wording import TemplateWords
from dinhky.workbook.form import Form, load_form

DOCUMENT = bootstrap.REPOSITORY / "docs" / "what-a-file-is-checked-for.md"
CHAPTERS = {
    "files": (
        "The file itself",
        "Looked at before anything is read. Each stops the file: it is matched to nothing, and the sender is told.",
    ),
    "workbook": (
        "The workbook",
        "Each stops the file: it is returned, with every place marked, and what was accepted before stays.",
    ),
    "questions": (
        "Questions",
        "None stops the file: it is accepted as it was understood, and the answer asks the sender to look again.",
    ),
}
_HEAD = """# What a unit's file is checked for

Made by `make docs` from the wording in `include/templates/messages/problems/` and the rules in
`include/templates/messages/rules.yaml`; edit those. The examples are what a sender reads.
"""


def document(messages: Path) -> str:
    """The document that follows from a folder of messages. Raises KeyError for a sentence without a rule, or the other
    way round."""
    rules = yaml.safe_load((messages / "rules.yaml").read_text("utf-8"))
    usual = rules.pop("usual")
    words = TemplateWords(messages)
    parts = [_HEAD]
    for name, (title, explained) in CHAPTERS.items():
        codes = yaml.safe_load((messages / "problems" / f"{name}.yaml").read_text("utf-8"))
        parts.append(f"## {title}\n\n{explained}\n\n| code | rule | example |\n|---|---|---|\n")
        parts.append("".join(_line(words, code, rules.pop(code), usual) for code in codes) + "\n")
    if rules:
        raise KeyError(f"rules without a sentence: {sorted(rules)}")
    return "\n".join(part.rstrip("\n") + "\n" for part in parts).replace("|---|\n\n|", "|---|\n|")


def _line(words: TemplateWords, code: str, rule: dict[str, Any], usual: dict[str, Any]) -> str:
    facts = {**usual, **rule.get("example", {})}
    where = _form().place(facts["sheet"], "" if facts.get("place") == "sheet" else facts["cell"])
    sentence = words.sentence(Problem(code, where, facts)).replace("|", "\\|").replace("\n", " ")
    return f"| `{code}` | {rule['rule']} | {sentence} |\n"


@cache
def _form() -> Form:
    """Any form: it knows how a place is named."""
    return load_form(bootstrap.settings().include / "templates" / "workbooks" / "communication_quarter.yaml")


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(document(bootstrap.settings().messages), "utf-8")


if __name__ == "__main__":
    main()
