"""Up to which moment a unit's task takes the ledger for complete: a file may still be on its way to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dinhky import bootstrap
from dinhky.orchestration.handed_in import HandedIn

A_BREATH = timedelta(seconds=30)


def test_in_earnest_a_file_has_three_minutes_to_come_through_the_intake(tmp_path):
    from dinhky.orchestration.waiting import received_until

    current = bootstrap.settings({"DINHKY_HOME": str(tmp_path)})
    behind = datetime.now(UTC) - timedelta(minutes=3) - received_until(current)
    assert abs(behind) < A_BREATH


def test_on_a_fast_clock_a_lock_waits_for_the_files_that_came_before_it(tmp_path):
    from dinhky.orchestration.waiting import received_until

    start = datetime(2026, 6, 17, 3, tzinfo=UTC)
    current = bootstrap.settings(
        {
            "DINHKY_HOME": str(tmp_path),
            "DINHKY_CLOCK": f"{start.isoformat()}@2",
            "DINHKY_CLOCK_STARTED": datetime.now(UTC).isoformat(),
        }
    )
    assert timedelta() <= received_until(current) - start < A_BREATH
    yesterday = start - timedelta(days=1)
    HandedIn(tmp_path).tell(yesterday)
    assert received_until(current) == yesterday
