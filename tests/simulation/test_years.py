"""Whole years of the five plans: every promise kept, the same seed the same year."""

from __future__ import annotations

import json

import pytest

from dinhky.cli import main
from dinhky.simulation.behaviour import Fault, Temperament
from dinhky.simulation.summary import as_json, family

SEEDS = {
    "phuc-loi-2026": [14],
    "canh-vinh-2026": [1, 2],
    "vung-ang-2026": [2, 32, 56],
    "chi-minh-2026": [1, 2, 126],
    "xuan-dam-2025": [2, 23, 103],
}
"""Few of many: those in which chase, oracle or player was once wrong about things that happen together."""


@pytest.mark.parametrize(("plan_id", "seed"), [(plan, seed) for plan, seeds in SEEDS.items() for seed in seeds])
def test_every_promise_of_the_year_is_kept(stage, plans, plan_id, seed):
    year = stage.year(plans[plan_id], seed)
    assert list(year.broken) == []
    assert {round_.id for round_ in year.played.rounds.values() if not round_.phase} <= set(year.played.opened)


def test_the_same_seed_is_the_same_year_and_another_is_another(stage, plans):
    plan = plans["vung-ang-2026"]
    one, again, other = (json.dumps(as_json(stage.year(plan, seed))) for seed in (5, 5, 6))
    assert one == again
    assert one != other


def test_nothing_is_sent_about_a_year_that_is_over(stage, plans):
    assert stage.history(plans["xuan-dam-2025"]) == []


def test_without_outages_the_same_people_do_the_same(stage, plans):
    plan = plans["phuc-loi-2026"]
    usual, calm = stage.behaviour(plan, 4), stage.behaviour(plan, 4, with_outages=False)
    assert usual.deliveries == calm.deliveries
    assert usual.decisions == calm.decisions
    assert not calm.outages
    assert not calm.mail_outages


def test_all_sorts_of_people_and_mishaps_occur(stage, plans):
    years = [stage.behaviour(plans["phuc-loi-2026"], seed) for seed in range(1, 11)]
    assert {temperament for year in years for temperament in year.temperaments.values()} == {*Temperament}
    assert {delivery.fault for year in years for delivery in year.deliveries} == {None, *Fault}
    assert any(year.outages for year in years)
    assert any(year.mail_outages for year in years)
    assert any(not decision.approved for year in years for round_ in year.decisions.values() for decision in round_)
    fingerprints = [delivery.fingerprint for year in years for delivery in year.deliveries]
    assert len(set(fingerprints)) < len(fingerprints)  # sent twice


def test_real_files_give_the_same_messages_as_plain_ones(stage, plans):
    plan = plans["xuan-dam-2025"]
    plain = stage.play(plan, 4)
    real = type(stage)(stage.settings, real_files=True).play(plan, 4)

    def told(played):
        return [
            (sent.at, family(sent.message.kind), sent.message.address, sent.message.subject) for sent in played.sent
        ]

    assert told(real) == told(plain)
    figures = [
        [(one.round_id, one.at, _without_rows(one.facts)) for one in played.compiled] for played in (real, plain)
    ]
    assert figures[0] == figures[1]


def _without_rows(facts):
    """Facts without the numbers of rows: in a plain workbook the table begins at the top."""
    if isinstance(facts, dict):
        return {key: _without_rows(value) for key, value in facts.items() if key != "row"}
    return [_without_rows(value) for value in facts] if isinstance(facts, list) else facts


def test_the_command_says_it_to_an_operator(capsys):
    assert main(["simulate", "xuan-dam-2025", "--seed", "2"]) == 0
    said = capsys.readouterr().out
    assert "Mọi cam kết đều được giữ" in said
    assert "ngày nhiều nhất" in said


def test_the_command_says_it_to_a_program(capsys):
    assert main(["simulate", "xuan-dam-2025", "--seed", "2", "--format", "json"]) == 0
    year = json.loads(capsys.readouterr().out)
    assert year["broken"] == []
    assert year["expected"] == year["on_time"] + year["late"] + year["missing"]
    assert sum(year["messages_by_kind"].values()) == len(year["messages"])


def test_several_years_name_those_that_fail(capsys, monkeypatch):
    from dinhky.domain import posts

    monkeypatch.setattr(posts, "distinct_posts", lambda told: (list(told), []))
    assert main(["simulate", "canh-vinh-2026", "--seeds", "3-4"]) == 1
    assert "dinhky simulate canh-vinh-2026 --seed" in capsys.readouterr().out


@pytest.mark.parametrize("seeds", ["3-1", "1", "a-b"])
def test_a_range_of_seeds_has_a_first_and_a_last(seeds):
    with pytest.raises(SystemExit):
        main(["simulate", "xuan-dam-2025", "--seeds", seeds])
