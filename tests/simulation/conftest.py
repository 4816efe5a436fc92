"""The stage on which years are played, and a way to play one with something broken in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from dinhky import bootstrap
from dinhky.domain.plan import Kind, Plan
from dinhky.rounds.ports import Office
from dinhky.simulation.broken import Broken, BrokenPromise
from dinhky.simulation.played import Played
from dinhky.simulation.playing import play
from dinhky.simulation.promises import broken_promises
from dinhky.simulation.setting import Stage, reading_of

PLANS = ("phuc-loi-2026", "canh-vinh-2026", "vung-ang-2026", "chi-minh-2026", "xuan-dam-2025")


@pytest.fixture(scope="session")
def stage() -> Stage:
    return Stage(bootstrap.settings({}))


@pytest.fixture(scope="session")
def plans() -> dict[str, Plan]:
    return bootstrap.plans(bootstrap.settings({}))[0]


def first_half(plan: Plan) -> Plan:
    """The plan with its contests, and what else is due until the middle of its year: most faults show in that."""
    middle = date(plan.year, 7, 20)
    cut = (
        one if one.kind is Kind.CONTEST else replace(one, until=min(one.until or middle, middle))
        for one in plan.obligations
    )
    return replace(plan, obligations=tuple(cut))


@pytest.fixture
def broken_in(stage: Stage, plans: dict[str, Plan]) -> Callable[..., list[BrokenPromise]]:
    """Plays the first half of a plan's year, or the whole of it, in an office that `spoil` has changed, and lists the
    promises broken in it."""

    def broken(
        plan_id: str = "vung-ang-2026",
        seed: int = 3,
        spoil: Callable[[Office], dict[str, object]] = lambda office: {},
        after: Callable[[Played], None] = lambda played: None,
        change: Callable[[Plan], Plan] = lambda plan: plan,
        *,
        whole_year: bool = False,
    ) -> list[BrokenPromise]:
        plan = change(plans[plan_id] if whole_year else first_half(plans[plan_id]))
        behaviour = stage.behaviour(plan, seed)
        with stage.office(plan) as office:
            played = play(replace(office, **spoil(office)), plan, behaviour, stage.fill)
        after(played)
        calendar = bootstrap.calendar_of(stage.settings, also=[plan])
        return broken_promises(played, calendar, reading_of(stage.settings.include))

    return broken


@pytest.fixture
def kinds_broken_in(broken_in: Callable[..., list[BrokenPromise]]) -> Callable[..., set[Broken]]:
    return lambda *args, **changes: {promise.what for promise in broken_in(*args, **changes)}
