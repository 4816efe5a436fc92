"""A commune's portal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from visiting import Portal


@pytest.fixture
def portal(commune) -> Portal:
    """Phúc Lợi's, its first quarter open, on a Wednesday two working days before the units are due."""
    return Portal(commune.office)


@pytest.fixture
def portal_of(commune_of) -> Callable[[str], Portal]:
    return lambda plan: Portal(commune_of(plan).office)
