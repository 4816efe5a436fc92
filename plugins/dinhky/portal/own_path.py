"""A request's path as the portal knows it, wherever it is mounted."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any


def own_path(scope: MutableMapping[str, Any]) -> str:
    """`/u/token` of `/dinhky/u/token`, where the portal stands below `/dinhky`."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path[len(root) :] if root and path.startswith(f"{root}/") else path
