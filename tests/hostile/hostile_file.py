"""One file of the corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from good_workbook import Good


@dataclass(frozen=True)
class HostileFile:
    """`make` changes the good workbook into this one. `codes` is the expected answer; none: it is accepted as it is."""

    name: str
    make: Callable[[Good], bytes]
    codes: tuple[str, ...] = ()

    @property
    def is_harmless(self) -> bool:
        return not self.codes


def of(code: str, **files: Callable[[Good], bytes]) -> list[HostileFile]:
    """Files that get the same one answer; the empty code: accepted."""
    return [HostileFile(name, make, (code,) if code else ()) for name, make in files.items()]
