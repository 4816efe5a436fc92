"""What keeps the portal private: no page without a good link, nothing of another unit, no trace of the link."""

from __future__ import annotations

import logging
import re
import sys
from dataclasses import replace
from datetime import date

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from visiting import LAST_DAY, PLAN, WORKING_DAY, XLSX, Portal

from dinhky.domain.errors import PlanError
from dinhky.portal.app import create_app
from dinhky.portal.body_limit import LARGEST_BODY
from dinhky.portal.pace import MINUTE_SECONDS, MOST_A_MINUTE, Pace, TooManyRequests
from dinhky.portal.privacy import masked
from dinhky.rounds.links import revoke

ROUND = "/PL-5/2026-Q1"
PAGES = ["", ROUND, f"{ROUND}/workbook", f"{ROUND}/1/file", f"{ROUND}/1/marked"]
API = [
    "",
    f"/rounds{ROUND}",
    f"/rounds{ROUND}/workbook",
    *(f"/rounds{ROUND}/submissions/1{end}" for end in ("", "/file", "/marked")),
]
ROUTES = [*(f"/u/{{}}{path}" for path in PAGES), *(f"/api/v1/{{}}{path}" for path in API)]


def bad_links(portal: Portal) -> dict[str, tuple[str, int]]:
    good = portal.token("vp")
    plan = portal.office.plans["phuc-loi-2026"]
    revoke(portal.office, plan, plan.unit("th"), WORKING_DAY, by="canbo", reason="Thử")
    return {
        "tampered": (good[:-1] + "1", 403),
        "of another unit's name": (good.replace(".vp.", ".mttq."), 403),
        "with a longer life": (good.replace("20260515", "20270515"), 403),
        "cut off": (good[:-2], 403),
        "rubbish": ("khong-phai-duong-dan", 403),
        "expired": (portal.token("vp", expires=date(2026, 3, 10)), 410),
        "revoked": (portal.token("th"), 410),
        "of a plan that is gone": (portal.token("vp", plan="ke-hoach-cu"), 410),
    }


@pytest.mark.parametrize("route", ROUTES)
def test_a_bad_link_opens_no_route_and_the_answer_tells_nothing(portal, commune, route):
    commune.answer("vp")
    for why, (token, status) in bad_links(portal).items():
        answer = portal.client.get(route.format(token))
        assert answer.status_code == status, why
        for secret in ("Văn phòng HĐND", "Phúc Lợi", "phuc-loi", "Thử", token):
            assert secret not in answer.text, why
        assert "liên hệ đơn vị tổng hợp" in answer.text, "whom to ask"


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("POST", "/u/{}/files"),
        ("POST", f"/u/{{}}{ROUND}/posts"),
        ("POST", f"/u/{{}}{ROUND}/nothing"),
        ("POST", "/api/v1/{}/files"),
        ("POST", f"/api/v1/{{}}/rounds{ROUND}/posts"),
        ("POST", f"/api/v1/{{}}/rounds{ROUND}/nothing"),
    ],
)
def test_a_bad_link_changes_nothing(portal, commune, method, route):
    before = commune.events(), commune.messages()
    bodies = [{"files": {"file": ("a.xlsx", b"x", XLSX)}}, {"json": {"reason": "x"}}, {"data": {"reason": "x"}}]
    links = bad_links(portal)
    for why, (token, status) in links.items():
        for body in bodies:
            assert portal.client.request(method, route.format(token), **body).status_code in {status, 422}, why
    assert (commune.events(), commune.messages()) == before


def test_a_round_that_asks_others_only_is_answered_like_one_that_does_not_exist(portal, new_commune):
    """In March two units write for the portal; whether there is such a round is none of the third one's business."""
    others = Portal(new_commune.office)
    new_commune.open("phuc-loi-2026/PL-2/2026-03")
    asked = others.client.get(f"/u/{others.token('vhxh')}/PL-2/2026-03")
    not_asked = others.client.get(f"/u/{others.token('th')}/PL-2/2026-03")
    nonsense = others.client.get(f"/u/{others.token('th')}/PL-99/2026-03")
    assert (asked.status_code, not_asked.status_code, nonsense.status_code) == (200, 404, 404)
    assert not_asked.text == nonsense.text


def test_numbers_of_files_are_looked_up_among_the_units_own(portal, commune):
    commune.answer("vp")
    own, other = (portal.client.get(f"/u/{portal.token(unit)}{ROUND}/1/file") for unit in ("vp", "mttq"))
    assert (own.status_code, other.status_code) == (200, 404)
    assert own.content == commune.sample["vp"][-1].data


@pytest.mark.parametrize(
    "route", ["/u/{}", f"/u/{{}}{ROUND}", "/api/v1/{}", "/u/x{}", "/nothing", f"/u/{{}}{ROUND}/workbook"]
)
def test_no_answer_is_kept_framed_or_tells_other_sites_where_it_came_from(portal, route):
    headers = portal.client.get(route.format(portal.token("vp"))).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers


def test_the_style_sheet_and_the_script_are_all_that_is_kept(portal):
    for name in ("portal.css", "portal.js", "portal.svg"):
        answer = portal.client.get(f"/static/{name}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"].startswith("public")
    assert portal.client.get("/static/../layout.html").status_code == 404


def test_pages_load_nothing_from_elsewhere_and_hold_no_script_or_style_of_their_own(portal, commune):
    commune.answer("vp")
    for path in ("", f"{ROUND}?answer=1"):
        html = portal.client.get(f"/u/{portal.token('vp')}{path}").text
        assert not re.search(r"<style|style=|\son\w+=|<script>", html)
        assert [
            url for url in re.findall(r"(?:src|href|action)=\"([^\"]+)", html) if url.startswith(("http", "//", "/"))
        ] == []


def test_pages_work_below_any_prefix(portal):
    client = TestClient(Starlette(routes=[Mount("/a/b", portal.client.app)]))
    home = client.get(f"/a/b/u/{portal.token('vp')}")
    for link in re.findall(r"href=\"([^\"#]+)", home.text):
        assert client.get(str(home.url.join(link))).status_code == 200, link
    sent = client.post(f"/a/b/u/{portal.token('vp')}{ROUND}/nothing", data={"reason": "Không có"})
    assert sent.url.path == f"/a/b/u/{portal.token('vp')}{ROUND}"


def test_a_slash_too_many_is_forgiven_at_the_end_of_a_link(portal):
    home = portal.client.get(f"/u/{portal.token('vp')}/", follow_redirects=False)
    assert home.status_code == 200
    for link in re.findall(r"href=\"([^\"#]+)", home.text):
        assert portal.client.get(str(home.url.join(link))).status_code == 200, link


# No trace of the link


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/dinhky/u/abc.x.y.1.0/PL-5/2026-Q1", "/dinhky/u/…/PL-5/2026-Q1"),
        ("/u/abc.x.y.1.0", "/u/…"),
        ("/dinhky/api/v1/abc/files", "/dinhky/api/v1/…/files"),
        ("/dinhky/static/portal.css", "/dinhky/static/portal.css"),
    ],
)
def test_a_path_is_written_down_without_its_token(path, written):
    assert masked(path) == written


def test_airflows_own_access_log_around_us_shows_no_token(portal):
    """The very middleware that writes it, around a server into which we are mounted as Airflow does it."""
    middleware = pytest.importorskip("airflow.api_fastapi.common.http_access_log")
    from structlog.testing import capture_logs

    server = Starlette(routes=[Mount("/dinhky", portal.client.app)])
    client = TestClient(middleware.HttpAccessLogMiddleware(server))
    with capture_logs() as lines:
        assert client.get(f"/dinhky/u/{portal.token('vp')}{ROUND}").status_code == 200
        assert client.get(f"/dinhky/u/{portal.token('vp')}x").status_code == 403
    assert [line["path"] for line in lines] == [f"/dinhky/u/…{ROUND}", "/dinhky/u/…"]
    assert portal.token("vp") not in str(lines)


def test_a_failure_is_a_page_and_leaves_no_token_in_the_log(portal, monkeypatch, caplog):
    monkeypatch.setattr("dinhky.portal.visitors.opened_by", lambda *_: 1 / 0)
    with caplog.at_level(logging.DEBUG):
        answer = portal.client.get(f"/u/{portal.token('vp')}")
    assert answer.status_code == 500
    assert "Hệ thống đang gặp sự cố" in answer.text
    assert portal.token("vp") not in caplog.text


# Too much, too often


@pytest.mark.parametrize("route", ["/u/{}/files", "/api/v1/{}/files"])
@pytest.mark.parametrize("is_length_told", [True, False])
def test_a_body_that_is_too_large_is_not_taken_in_whatever_its_head_says(portal, route, is_length_told):
    whole = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'
        + bytes(LARGEST_BODY)
        + b"\r\n--x--\r\n"
    )
    chunks = (whole[at : at + 65536] for at in range(0, len(whole), 65536))
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = portal.client.post(
        route.format(portal.token("vp")), content=whole if is_length_told else chunks, headers=headers
    )
    assert answer.status_code == 413
    assert "chỉ nhận tệp đến 10 MB" in answer.text
    with portal.office.ledger.snapshot() as ledger:
        assert ledger.submissions_of("phuc-loi-2026/PL-5/2026-Q1", "vp") == []


@pytest.mark.parametrize("route", ["posts", "nothing"])
@pytest.mark.parametrize("page", ["/u/{}", "/api/v1/{}/rounds"])
def test_where_no_file_is_taken_little_is_taken(portal, page, route):
    headers = {"Content-Type": "application/json" if "api" in page else "application/x-www-form-urlencoded"}
    url = f"{page.format(portal.token('vp'))}/PL-5/2026-Q1/{route}"
    sizes = {size: portal.client.post(url, content=b"[" * size, headers=headers).status_code for size in (9, 70_000)}
    assert sizes[70_000] == 413
    assert sizes[9] not in {404, 413}


def test_a_unit_may_send_so_often_a_minute_and_its_haste_is_nobody_elses_loss(commune):
    clock = [0.0]
    portal = Portal(commune.office, pace=Pace(most=3, clock=lambda: clock[0]))
    sent = [portal.send("vp", b"x").status_code for _ in range(4)]
    assert sent == [422, 422, 422, 429]
    answer = portal.send("vp", b"x")
    assert answer.headers["retry-after"] == "60"
    assert "chờ 60 giây" in answer.text
    assert portal.send("mttq", b"x").status_code == 422
    assert portal.client.get(f"/u/{portal.token('vp')}").status_code == 200, "looking is always free"
    clock[0] = MINUTE_SECONDS + 1
    assert portal.send("vp", b"x").status_code == 422


def test_the_pace_is_that_of_the_last_minute():
    clock = [0.0]
    pace = Pace(clock=lambda: clock[0])
    for step in range(MOST_A_MINUTE):
        clock[0] = step / 2
        pace.step(("p", "u"))
    with pytest.raises(TooManyRequests):
        pace.step(("p", "u"))
    clock[0] = MINUTE_SECONDS + 0.1
    pace.step(("p", "u"))


# Where it runs


@pytest.mark.parametrize("plans", ["gone with its folder", "one is unreadable"])
@pytest.mark.parametrize("route", ["/u/{}", f"/u/{{}}{ROUND}", "/api/v1/{}"])
def test_while_a_plan_cannot_be_read_a_good_link_is_not_called_wrong(portal, commune, plans, route):
    unread = PLAN if plans == "one is unreadable" else "plans"
    portal.office = replace(commune.office, plans={}, plan_errors=(PlanError(f"{unread}.yaml", ()),))
    answer = portal.client.get(route.format(portal.token("vp")))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "300")
    assert "Đường dẫn vẫn đúng: vui lòng mở lại sau ít phút" in answer.text
    assert portal.client.get(route.format("x" * 60)).status_code == 403, "and a wrong one learns nothing"


def test_the_scheduler_pays_nothing_for_the_portal():
    import subprocess

    heavy = "[name for name in ('fastapi', 'starlette', 'sqlalchemy') if name in sys.modules]"
    code = f"import dinhky.portal.within_airflow, sys; print({heavy})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_airflows_server_mounts_it_below_the_prefix_of_the_links():
    plugin = pytest.importorskip("dinhky_plugin").DinhKyPlugin
    [mounted] = plugin.fastapi_apps
    client = TestClient(Starlette(routes=[Mount(mounted["url_prefix"], mounted["app"])]))
    assert client.get("/dinhky/health").text == "ok"
    assert client.get("/dinhky/u/x").status_code == 403


def test_the_default_office_is_read_anew_at_each_request(monkeypatch, tmp_path):
    """An edited plan counts at once: nothing of the office is kept between requests."""
    asked = []
    monkeypatch.setenv("DINHKY_HOME", str(tmp_path))
    from dinhky import bootstrap

    real = bootstrap.office
    monkeypatch.setattr(bootstrap, "office", lambda current: asked.append(current) or real(current))
    bootstrap.ledger().migrate()
    client = TestClient(create_app())
    assert [client.get("/u/x").status_code for _ in range(2)] == [403, 403]
    assert len(asked) == 2
    assert LAST_DAY
