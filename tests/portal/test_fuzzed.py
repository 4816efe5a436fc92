"""The portal's API fuzzed from its own schema, with a good link and every kind of bad one.

Whatever is asked: no answer is an error of ours, every answer is one that the schema promises, none tells anything of
another unit, and a bad link neither gets nor changes anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import quote

import hypothesis.strategies as st
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from visiting import WORKING_DAY, Portal

from dinhky import bootstrap
from dinhky.intake.receive import receive
from dinhky.portal.app import create_app
from dinhky.portal.told import Told, tell
from dinhky.portal.visitors import Visitor
from dinhky.rounds.links import revoke
from dinhky.rounds.opening import open_round
from dinhky.workbook.sample import fill

PLAN = "phuc-loi-2026"
QUARTER, MARCH = f"{PLAN}/PL-5/2026-Q1", f"{PLAN}/PL-2/2026-03"
ME, OTHERS = "vp", ("vhxh", "mttq", "pvhcc")
SECRET = "BiMatCuaDonViKhac"
"""Stands in everything that the others sent."""
EXAMPLES = 15
PROMISED = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
FUZZING = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
    database=None,
)
REAL = {"ref": ["PL-5", "PL-2"], "period": ["2026-Q1", "2026-03"], "number": [1, 2]}


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """A portal where every unit has sent something; what the others sent is marked."""
    office = bootstrap.office(bootstrap.settings({"DINHKY_HOME": str(tmp_path_factory.mktemp("fuzzed") / "home")}))
    office = replace(office, plans={PLAN: office.plans[PLAN]})
    office.ledger.migrate()
    portal = Portal(office)
    plan = office.plans[PLAN]
    for round_id in (QUARTER, MARCH):
        open_round(office, round_id, office.rounds[round_id].opens)
    quarter = office.rounds[QUARTER]
    for unit in (ME, *OTHERS):
        mark = SECRET if unit != ME else "Của mình"
        row = {
            "title": f"{mark} {unit}",
            "form": "Tin",
            "channel": "Cổng thông tin điện tử phường",
            "published": date(2026, 3, 4),
            "link": f"https://phucloi.example/tin/{mark.replace(' ', '-')}-{unit}-1.html",
            "author": mark,
            "field": "Cải cách thể chế",
        }
        for form in (row["form"], "Không có thật"):
            data = fill(office.workbooks.build(plan, quarter, plan.unit(unit)), {"posts": [row | {"form": form}]})
            receive(office, data, file_name=f"{mark}.xlsx", unit_code=unit, plan_id=PLAN, now=WORKING_DAY, route="web")
    other = Visitor(office, plan, plan.unit("vhxh"), WORKING_DAY, "")
    with office.ledger.snapshot() as ledger:
        affair = other.affair(ledger, "PL-2", "2026-03")
    evidence = f"https://phucloi.example/tin/{SECRET}-9.html"
    tell(other, affair, Told(channel="portal", title=SECRET, published=date(2026, 3, 4), evidence=evidence))
    revoke(office, plan, plan.unit("bxdd"), WORKING_DAY, by="canbo", reason="Thử")
    return portal


LINKS: dict[str, Callable[[Portal], str]] = {
    "good": lambda portal: portal.token(ME),
    "tampered": lambda portal: portal.token(ME).replace(f".{ME}.", ".vhxh."),
    "expired": lambda portal: portal.token(ME, expires=date(2026, 3, 10)),
    "revoked": lambda portal: portal.token("bxdd"),
    "borrowed from another plan": lambda portal: portal.token(ME, plan="chi-minh-2026"),
}
PAGES = [
    ("get", ""),
    ("get", "/{ref}/{period}"),
    ("get", "/{ref}/{period}/workbook"),
    ("get", "/{ref}/{period}/{number}/file"),
    ("get", "/{ref}/{period}/{number}/marked"),
    ("post", "/files"),
    ("post", "/{ref}/{period}/posts"),
    ("post", "/{ref}/{period}/nothing"),
]


@pytest.fixture(scope="module")
def schema(fuzzed: Portal) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", fuzzed.client.app)


OPERATIONS = [(path, method) for path, methods in create_app().openapi()["paths"].items() for method in methods]


def state_of(portal: Portal) -> tuple[int, int, int]:
    """What a bad link must not change: how many files, items and messages there are."""
    with portal.office.ledger.snapshot() as ledger:
        files = sum(len(ledger.submissions(round_id)) for round_id in (QUARTER, MARCH))
        return files, len(ledger.told(PLAN, portal.office.rounds[QUARTER].window)), len(ledger.messages())


def aimed(parameters: dict[str, Any], token: str, chance: int) -> dict[str, Any]:
    """Half of the made-up requests get names that exist: nonsense alone would never come past the first door."""
    found = parameters | {"token": token}
    if chance % 2:
        found |= {name: values[chance // 2 % len(values)] for name, values in REAL.items() if name in found}
    return found


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
@FUZZING
@given(drawn=st.data())
def test_every_answer_is_as_promised_and_tells_nothing_of_others(
    fuzzed: Portal, schema: Any, path: str, method: str, drawn: st.DataObject
) -> None:
    case = drawn.draw(schema[path][method].as_strategy())
    chance, made_up = hash_of(case), dict(case.path_parameters or {})
    for link, make in LINKS.items():
        before = state_of(fuzzed)
        case.path_parameters = aimed(made_up, make(fuzzed), chance)
        response = case.call()
        case.validate_response(response, checks=PROMISED)
        assert SECRET.encode() not in response.content
        if link != "good":
            assert response.status_code in {403, 404, 405, 410, 413, 422}, response.text
            assert state_of(fuzzed) == before


def hash_of(case: Any) -> int:
    """A number that differs from case to case and is the same in every run."""
    return len(repr((case.path_parameters, case.body, case.query)))


TEXT = st.text(max_size=60) | st.sampled_from(
    ["<script>", "..", "\x00", "\ud800", "2026-03-04", "https://a.example/b-12"]
)
FORM = st.dictionaries(
    st.sampled_from(["channel", "title", "published", "evidence", "evidence_kind", "field", "reason", "file"]), TEXT
)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize(("method", "path"), PAGES)
@FUZZING
@given(
    ref=TEXT | st.sampled_from(REAL["ref"]),
    period=TEXT | st.sampled_from(REAL["period"]),
    number=TEXT | st.just("1"),
    form=FORM,
)
def test_every_page_answers_whatever_is_asked_and_tells_nothing_of_others(
    fuzzed: Portal, link: str, method: str, path: str, ref: str, period: str, number: str, form: dict[str, str]
) -> None:
    quoted = {
        name: quote(value.encode("utf-8", "replace"), safe="")
        for name, value in (("ref", ref), ("period", period), ("number", number))
    }
    body = {name: value.encode("utf-8", "replace").decode() for name, value in form.items()}
    before = state_of(fuzzed)
    address = f"/u/{LINKS[link](fuzzed)}{path.format(**quoted)}"
    response = fuzzed.client.request(
        method, address, **({"data": body} if method == "post" else {}), follow_redirects=False
    )
    assert response.status_code < 500, response.text
    assert SECRET not in response.text
    if link != "good":
        assert response.status_code in {403, 404, 405, 410}, response.text
        assert state_of(fuzzed) == before


def test_all_that_the_api_can_do_is_fuzzed():
    assert len(OPERATIONS) == 9
