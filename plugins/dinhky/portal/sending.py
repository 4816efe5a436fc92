"""A file on its way from a visitor to `receive`."""

from __future__ import annotations

import os

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.datastructures import UploadFile

from dinhky.domain.errors import DinhKyError
from dinhky.intake.receive import Receipt, receive
from dinhky.portal.body_limit import LARGEST_BODY
from dinhky.portal.visitors import Visitor
from dinhky.workbook.guard import MAX_FILE

ROUTE = "web"
LARGEST_FILE_MB = MAX_FILE // 2**20
AT_ONCE = max(2, os.cpu_count() or 1)
"""How many files are worked on at the same time: more would only wait for the processors and the ledger's one writer,
each as long as all."""


class SendingRefused(DinhKyError):
    """There is no file in what was sent."""


class Intake:
    """Receives the visitors' files, a few at a time; the others wait in order of arrival."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(AT_ONCE)

    async def take(self, visitor: Visitor, upload: UploadFile | None) -> Receipt:
        """Receive the file as sent by the visitor. Raises SendingRefused if there is none."""
        if upload is None or not upload.filename:
            raise SendingRefused("upload_missing")
        name = upload.filename
        async with self._limiter:  # the others' files lie on disk meanwhile, not in memory
            data = await upload.read(LARGEST_BODY)
            return await anyio.to_thread.run_sync(_receive, visitor, data, name)


def _receive(visitor: Visitor, data: bytes, name: str) -> Receipt:
    return receive(
        visitor.office,
        data,
        file_name=name,
        unit_code=visitor.unit.code,
        plan_id=visitor.plan.id,
        now=visitor.now,
        route=ROUTE,
    )
