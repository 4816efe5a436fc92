"""What a person at the terminal reads, from `include/templates/operators/console.yaml`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from dinhky.wording import TemplateWords


class Console:
    """Prints the commune's own lines."""

    def __init__(self, operators: Path, words: TemplateWords) -> None:
        self._file = operators / "console.yaml"
        self._words = words

    def say(self, name: str, /, **facts: Any) -> None:
        """Print one line at once, also into a pipe."""
        print(self.line(name, **facts), flush=True)

    def line(self, name: str, /, **facts: Any) -> str:
        """The line `name`, filled in. Raises KeyError for a name that has no wording."""
        return self._words.render(self.lines[name], **facts)

    @cached_property
    def lines(self) -> dict[str, Any]:
        """All lines by name."""
        loaded: dict[str, Any] = yaml.safe_load(self._file.read_text("utf-8"))
        return loaded
