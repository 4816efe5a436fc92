"""What a unit's workbook shows of what it has told already, so that nothing is typed twice or counted twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from dinhky.domain.posts import EvidenceKind, ToldPost
from dinhky.intake.receive import Verdict
from dinhky.rounds.asking import prefilled_for
from dinhky.rounds.lookup import round_of
from dinhky.rounds.posting import tell_post, told_elsewhere
from dinhky.workbook.sample import fill

PLAN = "phuc-loi-2026"
QUARTER = f"{PLAN}/PL-5/2026-Q1"
MONTH = f"{PLAN}/PL-2/2026-03"
NOW = datetime.fromisoformat("2026-03-06T09:00+07:00")


def post(title: str, day: int = 2, unit: str = "vhxh", **more: str) -> ToldPost:
    told = ToldPost(
        id=title,
        unit=unit,
        channel="portal",
        title=title,
        published=date(2026, 3, day),
        evidence=f"https://phucloi.example/{title}",
        evidence_kind=EvidenceKind.LINK,
        told_at=NOW,
    )
    return replace(told, **more)


def typed(title: str, day: int = 2) -> dict:
    """The same as a row of a workbook."""
    return {
        "title": title,
        "form": "Tin",
        "channel": "Cổng thông tin điện tử phường",
        "published": date(2026, 3, day),
        "link": f"https://phucloi.example/{title}",
        "author": "",
        "field": "Chung",
    }


def known(commune, round_id: str, unit: str = "vhxh") -> dict:
    plan, round_ = round_of(commune.office, round_id)
    with commune.office.ledger.snapshot() as ledger:
        return prefilled_for(commune.office, ledger, plan, round_, plan.unit(unit))


def workbook(commune, round_id: str, unit: str = "vhxh") -> bytes:
    plan, round_ = round_of(commune.office, round_id)
    return commune.office.workbooks.build(plan, round_, plan.unit(unit), known(commune, round_id, unit))


def titles(rows: list[dict]) -> list[str]:
    return [row["title"] for row in rows]


def test_posts_told_one_by_one_appear_in_the_quarters_workbook_by_day(commune):
    for told in (post("hai", 4), post("mot"), post("cua-nguoi-khac", unit="vp"), post("ngoai-ky", day=15)):
        tell_post(commune.office, PLAN, told, datetime.fromisoformat("2026-03-16T09:00+07:00"))
    rows = known(commune, QUARTER)["recorded"]
    assert titles(rows) == ["mot", "hai"]
    assert rows[0] == {
        "title": "mot",
        "channel": "Cổng thông tin điện tử phường",
        "published": date(2026, 3, 2),
        "evidence": "https://phucloi.example/mot",
    }


def test_what_is_shown_is_counted_once_even_if_it_is_typed_again(commune):
    tell_post(commune.office, PLAN, post("mot"), NOW)
    tell_post(commune.office, PLAN, post("hai"), NOW)
    data = fill(workbook(commune, QUARTER), {"posts": [typed("mot")]})
    receipt = commune.receive("vhxh", data, NOW)
    assert receipt.verdict is Verdict.ACCEPTED, receipt.problems
    plan, round_ = round_of(commune.office, QUARTER)
    with commune.office.ledger.snapshot() as ledger:
        others = told_elsewhere(ledger, plan, round_, "PL-5", {"vhxh": receipt.content})
    assert [one.title for one in others["vhxh"]] == ["hai"]
    assert titles(known(commune, QUARTER)["recorded"]) == ["hai"], "what is in the workbook now is not shown twice"
    assert titles(known(commune, QUARTER)["posts"]) == ["mot"]


def test_a_workbook_that_adds_nothing_to_what_was_told_is_accepted(commune):
    tell_post(commune.office, PLAN, post("mot"), NOW)
    receipt = commune.receive("vhxh", workbook(commune, QUARTER), NOW)
    assert receipt.verdict is Verdict.ACCEPTED
    assert commune.receive("vp", workbook(commune, QUARTER, "vp"), NOW).verdict is Verdict.RETURNED


def test_a_workbook_fetched_anew_begins_with_what_was_accepted_and_not_with_what_was_sent_back(commune):
    wrong = fill(workbook(commune, QUARTER, "kthtdt"), {"posts": [{"title": "Chỉ có tiêu đề"}]})
    assert commune.receive("kthtdt", wrong, NOW).verdict is Verdict.RETURNED
    assert "posts" not in known(commune, QUARTER, "kthtdt")
    good = commune.sample["vhxh"][-1]
    accepted = commune.receive("vhxh", good.data, good.at)
    again = workbook(commune, QUARTER)
    plan, round_ = round_of(commune.office, QUARTER)
    reading = commune.office.workbooks.read(again, plan, round_, plan.unit("vhxh"))
    assert reading.problems == ()
    assert reading.content == accepted.content


def test_a_months_log_shows_the_quota_and_what_counts_towards_it(commune):
    commune.open(MONTH)
    plan, _ = round_of(commune.office, MONTH)
    before = known(commune, MONTH)["quota"][0]
    told = post("mot", day=9, channel=plan.obligation("PL-2").channel or "portal")
    other = next(channel for channel in plan.channels if channel != told.channel)
    for one in (told, post("kenh-khac", day=9, channel=other)):
        tell_post(commune.office, PLAN, one, datetime.fromisoformat("2026-03-10T09:00+07:00"))
    after = known(commune, MONTH)
    assert (before["counted"], after["quota"][0]["counted"]) == (0, 1)
    assert after["quota"][0]["missing"] == before["missing"] - 1
    assert titles(after["recorded"]) == ["mot"]


@pytest.mark.parametrize("round_id", [QUARTER, MONTH])
def test_the_same_ledger_gives_the_same_bytes(commune, round_id):
    tell_post(commune.office, PLAN, post("mot"), NOW)
    commune.open(MONTH)
    assert workbook(commune, round_id) == workbook(commune, round_id)
