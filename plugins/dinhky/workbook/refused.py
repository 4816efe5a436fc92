"""The one way in which a file is turned away before it is parsed."""

from __future__ import annotations

from dinhky.domain.errors import DinhKyError


class WorkbookRefusedError(DinhKyError):
    """A file that must not reach the parser; the code says why."""
