"""Officers act in simulated years: every kind of decision, some too late; and the oracle sees when one goes wrong."""

from __future__ import annotations

from dataclasses import replace

from dinhky.domain.plan import Kind
from dinhky.service.year_pace import paced
from dinhky.simulation.acting import Acted
from dinhky.simulation.behaviour import Ruling
from dinhky.simulation.broken import Broken

PLAN, SEED = "vung-ang-2026", 2


def test_officers_decide_everything_there_is_to_decide(stage, plans):
    years = [stage.behaviour(plans["phuc-loi-2026"], seed) for seed in range(1, 6)]
    assert {act.ruling for year in years for act in year.acts} == {*Ruling}
    assert all(list(year.acts) == sorted(year.acts, key=lambda act: act.at) for year in years)


def test_a_year_that_is_played_fast_has_no_decisions_in_it(stage, plans):
    from dinhky import bootstrap

    behaviour = stage.behaviour(plans[PLAN], SEED)
    rounds = {one.id: one for one in bootstrap.office(stage.settings).rounds.values() if one.plan_id == PLAN}
    first = min(round_.opens for round_ in rounds.values())
    assert behaviour.acts
    assert paced(behaviour, rounds, first, first.replace(year=first.year + 1)).acts == ()


def test_some_decisions_are_taken_and_some_refused(stage, plans):
    played = stage.play(plans[PLAN], SEED)
    acted = [one for one in played.happened if isinstance(one, Acted)]
    assert {one.is_new for one in acted} == {True, False}
    assert any(one.refused for one in acted)
    assert {played.rounds[one.act.round_id].kind for one in acted} <= {Kind.REPORT, Kind.POSTS, Kind.MILESTONE}


def test_a_decision_that_ought_to_have_been_refused_is_seen(kinds_broken_in):
    def let_it_pass(played):
        for place, one in enumerate(played.happened):
            if isinstance(one, Acted) and one.refused:
                played.happened[place] = replace(one, refused="", is_new=True)
                return

    assert Broken.WRONG_VERDICT in kinds_broken_in(PLAN, SEED, after=let_it_pass)


def test_a_decision_of_which_the_unit_was_not_told_is_seen(kinds_broken_in):
    def lose(played):
        played.sent[:] = [one for one in played.sent if not one.message.kind.startswith("decision-")]

    assert Broken.NEVER_SENT in kinds_broken_in(PLAN, SEED, after=lose)


def test_a_unit_that_is_reminded_although_it_was_waived_is_seen(stage, broken_in):
    def waived_unknown_to_the_system(played):
        # As if the ledger had not let go of whoever was waived: the first reminder is of a unit waived just before.
        reminder = next(one for one in played.sent if one.message.kind in {"T-3", "T-1", "T-0"})
        act = next(one.act for one in played.happened if isinstance(one, Acted))
        moment = played.opened[reminder.message.round_id]
        waiver = replace(
            act, round_id=reminder.message.round_id, unit=reminder.message.unit, ruling=Ruling.WAIVE, at=moment
        )
        played.happened.insert(0, Acted(waiver, moment, "", True))

    found = {(one.what, one.kind) for one in broken_in(PLAN, SEED, after=waived_unknown_to_the_system)}
    assert (Broken.NOT_WANTED, "T-3") in found or (Broken.NOT_WANTED, "T-1") in found
