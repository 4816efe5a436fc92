"""The invented first quarter of Phúc Lợi, counted by hand."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from dinhky.plan_files import read_plan
from dinhky.workbook.sample import fill

SAMPLE = Path(__file__).parents[3] / "include" / "data" / "samples" / "phuc-loi-2026-Q1.yaml"
COUNTED_BY_HAND = {
    # unit: posts, activities, remarks of its last delivery
    "vhxh": (5, 2, 2),
    "vp": (4, 1, 1),
    "kthtdt": (3, 1, 0),
    "pvhcc": (4, 1, 2),
    "vhtttt": (4, 1, 0),
    "mttq": (2, 1, 1),
}
POSTS_BY_CHANNEL = {"portal": 11, "radio": 7, "city_page": 3, "zalo": 1}


@pytest.fixture(scope="module")
def sample():
    return yaml.safe_load(SAMPLE.read_text("utf-8"))


def read(desk, unit_code, delivery):
    unit = desk.plan.unit(unit_code)
    built = desk.workbooks.build(desk.plan, desk.round, unit)
    return desk.workbooks.read(fill(built, delivery["rows"]), desk.plan, desk.round, unit)


def test_it_is_about_the_round_and_all_its_units(desk, sample):
    assert (sample["plan"], sample["ref"], sample["period"]) == (desk.plan.id, "PL-5", desk.round.period.label)
    assert tuple(sample["units"]) == desk.round.units


def test_its_choices_and_units_are_those_of_the_real_plan(desk, sample):
    plan = read_plan(SAMPLE.parents[1] / "plans" / "phuc-loi-2026.yaml")
    assert tuple(sample["units"]) == plan.obligation("PL-5").units
    typed = {
        post["channel"]
        for deliveries in sample["units"].values()
        for one in deliveries
        for post in one["rows"]["posts"]
    }
    assert typed <= set(plan.channels.values())


def test_last_deliveries_are_clean_and_count_up(desk, sample):
    counts, channels = {}, Counter()
    for unit, deliveries in sample["units"].items():
        if deliveries:
            reading = read(desk, unit, deliveries[-1])
            assert reading.problems == (), unit
            content = reading.content
            counts[unit] = (len(content.posts), len(content.activities), len(content.remarks))
            channels.update(post.channel for post in content.posts)
    assert counts == COUNTED_BY_HAND
    assert channels == POSTS_BY_CHANNEL
    assert sample["units"]["bxdd"] == []


def test_the_first_attempt_of_kthtdt_has_its_three_mistakes(desk, sample):
    reading = read(desk, "kthtdt", sample["units"]["kthtdt"][0])
    assert [(problem.code, problem.params["cell"]) for problem in reading.problems] == [
        ("date_outside_window", "E5"),
        ("choice_unknown", "C6"),
        ("value_missing", "B7"),
    ]
    assert all(desk.words.sentence(problem) for problem in reading.problems)


def test_who_is_on_time_and_who_is_late(desk, sample):
    on_time = {
        unit: [datetime.fromisoformat(delivery["at"]) <= desk.round.unit_due for delivery in deliveries]
        for unit, deliveries in sample["units"].items()
    }
    assert on_time == {
        "vhxh": [True],
        "vp": [True],
        "kthtdt": [True, True],
        "pvhcc": [True],
        "vhtttt": [True],
        "mttq": [False],
        "bxdd": [],
    }
    assert datetime.fromisoformat(sample["units"]["mttq"][0]["at"]) < desk.round.locks


@pytest.mark.system
def test_a_workbook_saved_again_by_libreoffice_reads_the_same(desk, sample, tmp_path):
    unit = desk.plan.unit("vhxh")
    built = desk.workbooks.build(desk.plan, desk.round, unit)
    mine = fill(built, sample["units"]["vhxh"][0]["rows"])
    (tmp_path / "mine.xlsx").write_bytes(mine)
    profile = (tmp_path / "profile").as_uri()
    subprocess.run(
        ["soffice", f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML",
         "--outdir", str(tmp_path / "again"), str(tmp_path / "mine.xlsx")],
        check=True, capture_output=True, timeout=120, env=os.environ | {"HOME": str(tmp_path)},
    )  # fmt: skip
    again = (tmp_path / "again" / "mine.xlsx").read_bytes()
    assert again != mine
    readings = [desk.workbooks.read(data, desk.plan, desk.round, unit) for data in (mine, again)]
    assert readings[0] == readings[1]
    assert readings[1].problems == ()
