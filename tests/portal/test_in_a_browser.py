"""The whole web route in a real browser, on a desk and on a phone, with scripts and without.

With `PICTURES_TO=docs/pictures` it keeps the pictures that the documents show.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect, sync_playwright
from running_portal import Running, running_portal

from dinhky import bootstrap
from dinhky.domain.assignment import State
from dinhky.rounds.opening import open_round
from dinhky.workbook.sample import fill

pytestmark = pytest.mark.system

PLAN = "phuc-loi-2026"
QUARTER, MARCH = f"{PLAN}/PL-5/2026-Q1", f"{PLAN}/PL-2/2026-03"
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SMALLEST_TARGET = 40
"""Pixels that a finger needs."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs Chromium: apt-get install chromium")
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with running_portal(tmp_path) as portal:
        for round_id in (QUARTER, MARCH, f"{PLAN}/PL-1/2026"):
            open_round(portal.office, round_id, portal.office.rounds[round_id].opens)
        yield portal


@pytest.fixture
def rows() -> list[dict]:
    """What the sample says that kthtdt sends: first with mistakes, then mended."""
    text = (bootstrap.REPOSITORY / "include/data/samples/phuc-loi-2026-Q1.yaml").read_text("utf-8")
    return [one["rows"] for one in yaml.safe_load(text)["units"]["kthtdt"]]


def visit(browser: Browser, url: str, window: dict, *, scripts: bool = True) -> Page:
    """A fresh browser, without cookies, that fails the test for whatever the page's policy or script complains of."""
    is_phone = window is PHONE
    page = browser.new_context(
        viewport=window,
        locale="vi-VN",
        java_script_enabled=scripts,
        has_touch=is_phone,
        is_mobile=is_phone,
        device_scale_factor=2 if is_phone else 1,
    ).new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    # What the browser itself gives up because the page was left is nobody's fault.
    page.on("requestfailed", lambda one: None if "ABORTED" in (one.failure or "") else complaints.append(one.url))
    page.goto(url)
    page.complaints = complaints
    return page


def downloaded(page: Page, name: str) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("link", name=name).first.click()
    return Path(waiting.value.path()).read_bytes()


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("PICTURES_TO"):
        page.evaluate("window.scrollTo(0, 0)")
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def fits(page: Page) -> None:
    """Nothing is wider than the window, every field has its label, and what is pressed is large enough."""
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    for field in page.locator("input:not([type=hidden]), select, textarea").all():
        if field.is_visible():
            assert field.evaluate("one => one.labels.length") >= 1
    for button in page.locator("button, a.button").all():
        if button.is_visible():
            assert button.bounding_box()["height"] >= SMALLEST_TARGET


def drop(page: Page, name: str, data: bytes) -> None:
    """Drop a file from the desk onto the place for it."""
    transfer = page.evaluate_handle(
        "([name, bytes]) => { const held = new DataTransfer(); "
        "held.items.add(new File([new Uint8Array(bytes)], name)); return held }",
        [name, list(data)],
    )
    page.dispatch_event("form[data-drop]", "drop", {"dataTransfer": transfer})


def choose(page: Page, name: str, data: bytes) -> None:
    page.set_input_files("input[type=file]", {"name": name, "mimeType": "application/octet-stream", "buffer": data})


@pytest.mark.parametrize(("window", "name"), [(DESK, "desktop"), (PHONE, "phone")], ids=["desk", "phone"])
def test_the_whole_way_from_the_link_to_an_accepted_file(browser, running, rows, window, name):
    page = visit(browser, running.link(PLAN, "kthtdt"), window)
    expect(page.get_by_role("heading", level=1)).to_contain_text("việc cần làm")
    fits(page)
    page.get_by_role("link", name="Báo cáo công tác").first.click()
    expect(page.get_by_text("từ 15/12/2025 đến hết 14/3/2026")).to_be_visible()
    fits(page)
    empty = downloaded(page, "Tải biểu mẫu")
    send = drop if window is DESK else choose
    send(page, "biểu số liệu quý I.xlsx", fill(empty, rows[0]))
    answer = page.locator("#answer")
    expect(answer.get_by_role("heading").first).to_contain_text("đề nghị sửa")
    expect(answer).to_be_focused()
    expect(page.locator("#live")).to_contain_text("đề nghị sửa")
    assert answer.get_by_role("listitem").count() >= 1
    fits(page)
    picture(page, f"portal-{name}")
    page.reload()
    expect(page.locator("#answer")).to_contain_text("đề nghị sửa")
    send(page, "biểu số liệu quý I (đã sửa).xlsx", fill(empty, rows[1]))
    expect(page.locator("#answer")).to_contain_text("Đã ghi nhận")
    expect(page.get_by_role("link", name="Lần 1: trả lại để sửa")).to_be_visible()
    assert downloaded(page, "tải tệp đã gửi") == fill(empty, rows[1])
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.complaints == []
    with running.office.ledger.snapshot() as ledger:
        assert ledger.assignment(QUARTER, "kthtdt").state is State.ACCEPTED
        assert [one.state for one in ledger.submissions_of(QUARTER, "kthtdt")] == ["returned", "accepted"]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_one_post_is_told_with_a_few_taps_on_a_phone(browser, running, scripts):
    page = visit(browser, running.link(PLAN, "vp"), PHONE, scripts=scripts)
    page.get_by_role("link", name="Tuyên truyền kết quả CCHC").first.click()
    if scripts:
        fits(page)
    page.get_by_label("Tiêu đề").fill("Phường trả kết quả thủ tục tại nhà cho người cao tuổi")
    page.get_by_label("Ngày đăng, phát").fill("2026-03-10")
    page.get_by_label("Đường dẫn, hoặc").fill("https://phucloi.example/tin/tra-ket-qua-tai-nha-12.html")
    page.get_by_role("button", name="Báo tin, bài").click()
    expect(page.get_by_text("Hiện có 1/1 tin, bài")).to_be_visible()
    expect(page.get_by_role("link", name="Phường trả kết quả")).to_be_visible()
    if scripts:
        picture(page, "portal-phone-post")
    with running.office.ledger.snapshot() as ledger:
        assert ledger.assignment(MARCH, "vp").state is State.ACCEPTED
        [told] = ledger.told(PLAN, running.office.rounds[MARCH].window)
    assert (told.unit, told.published) == ("vp", date(2026, 3, 10))


def test_without_scripts_the_same_forms_do_the_same(browser, running, rows):
    page = visit(browser, running.link(PLAN, "kthtdt"), DESK, scripts=False)
    page.get_by_role("link", name="Báo cáo công tác").first.click()
    choose(page, "biểu.xlsx", fill(downloaded(page, "Tải biểu mẫu"), rows[1]))
    page.get_by_role("button", name="Nộp tệp").click()
    expect(page.locator("#answer")).to_contain_text("Đã ghi nhận")


def test_nothing_to_report_is_said_with_a_reason(browser, running):
    page = visit(browser, running.link(PLAN, "mttq"), PHONE)
    page.get_by_role("link", name="Báo cáo công tác").first.click()
    page.get_by_text("Kỳ này không phát sinh số liệu").click()
    page.get_by_label("Lý do").fill("Trong kỳ không tổ chức hoạt động tuyên truyền")
    page.get_by_role("button", name="Báo không phát sinh").click()
    expect(page.get_by_text("Đã báo không phát sinh: Trong kỳ")).to_be_visible()


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(browser, running):
    page = visit(browser, running.link(PLAN, "vp"), PHONE)
    choose(page, "phim.xlsx", bytes(10 * 2**20 + 1))
    expect(page.get_by_text("Tệp quá lớn: chỉ nhận tệp đến 10 MB.")).to_be_visible()


def test_a_link_that_is_none_of_ours_gets_a_friendly_page(browser, running):
    page = visit(browser, f"{running.url}/u/khong-phai-duong-dan", PHONE)
    expect(page.get_by_role("heading", name="Không mở được đường dẫn")).to_be_visible()
    expect(page.get_by_text("xin liên hệ đơn vị tổng hợp")).to_be_visible()
    fits(page)


def test_the_keyboard_alone_is_enough(browser, running):
    page = visit(browser, running.link(PLAN, "vp"), DESK)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Đến nội dung chính")).to_be_focused()
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.card') !== null")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="← Mọi việc")).to_be_visible()
