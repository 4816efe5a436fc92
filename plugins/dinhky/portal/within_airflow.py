"""The portal as Airflow's server mounts it: made when somebody first comes, so that no other process pays for it."""

from __future__ import annotations

import asyncio
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class PortalWithinAirflow:
    """An application for a plugin's `fastapi_apps`. Scheduler and workers read plugins too, and serve nobody."""

    def __init__(self) -> None:
        self._lock = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = await asyncio.to_thread(self._made)
        await app(scope, receive, send)

    def _made(self) -> ASGIApp:
        with self._lock:
            return self._app

    @cached_property
    def _app(self) -> ASGIApp:
        from dinhky.portal.app import create_app

        return create_app()
