"""The words that simulated units type, from `include/data/samples/simulated-units.yaml` and the forms' own lists."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Vocabulary:
    """Texts to type, with `{number}` and the like still to be filled in; `choices` are the form's lists by name."""

    texts: dict[str, Any]
    choices: dict[str, list[str]]

    @classmethod
    def load(cls, include: Path) -> Vocabulary:
        """The commune's vocabulary. Raises OSError."""
        texts = yaml.safe_load((include / "data" / "samples" / "simulated-units.yaml").read_text("utf-8"))
        form = yaml.safe_load((include / "templates" / "workbooks" / "communication_quarter.yaml").read_text("utf-8"))
        choices = {
            name: list(options.values()) if isinstance(options, dict) else options
            for name, listed in form["choices"].items()
            if isinstance(options := listed["options"], dict | list)
        }
        return cls(texts, choices)
