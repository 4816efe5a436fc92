"""The portal as a process of its own, where the UI must not face the internet."""

from __future__ import annotations

import uvicorn

from dinhky.portal.app import standing_alone

GRACEFUL_SECONDS = 10


def serve(host: str, port: int) -> None:
    """Serve it until interrupted; what is being received is brought to its end. Logs show no personal link."""
    uvicorn.run(standing_alone(), host=host, port=port, server_header=False, timeout_graceful_shutdown=GRACEFUL_SECONDS)
