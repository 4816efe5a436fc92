"""The email route of a commune."""

from __future__ import annotations

from typing import Any

import pytest
from a_mailbox import Post


@pytest.fixture
def post(commune: Any) -> Post:
    """Of one whose first quarter has just opened."""
    return Post(commune)
