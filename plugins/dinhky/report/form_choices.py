"""What a form's choices are called: the codes that units pick in their workbook, and the names people read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DIFFICULTY = "difficulty"
"""The code of a remark that tells a difficulty; every other kind is a proposal."""


@dataclass(frozen=True)
class FormChoices:
    """The named choices of one form by code, in the order in which it offers them.

    A value without a name (typed by hand, or from an older form) is its own name.
    """

    post_forms: Mapping[str, str] = field(default_factory=dict)
    reform_fields: Mapping[str, str] = field(default_factory=dict)
    activity_forms: Mapping[str, str] = field(default_factory=dict)
    remark_kinds: Mapping[str, str] = field(default_factory=dict)

    def is_difficulty(self, kind: str) -> bool:
        """Whether a remark of this kind, code or name, is a difficulty rather than a proposal."""
        return kind in {DIFFICULTY, self.remark_kinds.get(DIFFICULTY)}

    @classmethod
    def load(cls, file: Path) -> FormChoices:
        """The choices of a workbook's description (`workbooks/<form>.yaml`). Raises FileNotFoundError."""
        import yaml

        lists = yaml.safe_load(file.read_text("utf-8"))["choices"]
        return cls(**{name: _by_code(lists[name]["options"]) for name in cls.__dataclass_fields__ if name in lists})


def _by_code(options: Any) -> dict[str, str]:
    return dict(options) if isinstance(options, dict) else {option: option for option in options}
