"""Mails in a real browser, on a phone and on a desk: nothing is wider than the screen, and what matters is in sight.

With `PICTURES_TO=docs/pictures` it keeps the pictures that the documents show.
"""

from __future__ import annotations

import mailbox
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from mails_in_a_reader import list_of_mails, opened_mail
from playwright.sync_api import Browser, Page, sync_playwright

from dinhky import bootstrap
from dinhky.cli.message_samples import Samples, template_of
from dinhky.cli.sample_facts import PORTAL
from dinhky.rounds.kept_messages import Attachment, Message, QueuedMessage

pytestmark = pytest.mark.system

SHOWN = {
    "opening": ["Bieu-so-lieu_PL-5_2026-Q1_vp.xlsx"],
    "reminder.last_day": [],
    "file_returned": ["Bieu-so-lieu_PL-5_2026-Q1_vp_can-sua.xlsx"],
    "combined_unit": [],
    "escalation": [],
    "combined_person": [],
    "digest_supervisor": [],
    "digest_operator": [],
}
WIDTHS = {"phone": 390, "desktop": 820}


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


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> dict[str, EmailMessage]:
    """Each letter as it lies in its reader's mailbox."""
    home = tmp_path_factory.mktemp("home")
    current = replace(bootstrap.settings({"DINHKY_HOME": str(home)}), portal_url=PORTAL)
    office = bootstrap.office(current)
    samples = Samples(office).all()
    found = {}
    for number, (name, files) in enumerate(SHOWN.items(), 1):
        facts = samples[name]
        letter = office.words.letter(template_of(name), **facts)
        who = facts["contact"].name if "contact" in facts else facts["name"]
        message = Message(
            key=name, kind=name, channel="email", address=f"{number}@phucloi.example", recipient=who,
            subject=letter.subject, body=letter.body, not_before=datetime(2026, 3, 10, tzinfo=UTC),
            attachments=tuple(Attachment(file, office.files.put(b"PK")) for file in files),
        )  # fmt: skip
        office.channels["email"].send(QueuedMessage(number, message, f"<{number}@x.invalid>", 1), office.files,
                                      message.not_before)  # fmt: skip
        (stored,) = mailbox.Maildir(current.maildir / message.address).values()
        mail = message_from_bytes(stored.as_bytes(), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        found[name] = mail
    return found


def shown(browser: Browser, page_html: str, width: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 700}, device_scale_factor=1)
    page.set_content(page_html)
    if page.locator("iframe").count():
        frame = page.frames[-1]
        frame.wait_for_load_state()
        height = frame.evaluate("document.documentElement.scrollHeight")
        page.locator("iframe").evaluate("(frame, height) => frame.style.height = height + 'px'", height)
        # What lies outside of the window is not painted in a frame of its own.
        page.set_viewport_size({"width": width, "height": page.evaluate("document.documentElement.scrollHeight")})
    return page


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("PICTURES_TO"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("device", WIDTHS)
@pytest.mark.parametrize("name", SHOWN)
def test_a_mail_fits_its_reader_s_screen(browser, mails, name, device):
    page = shown(browser, opened_mail(mails[name]), WIDTHS[device])
    frame = page.frames[-1]
    assert frame.evaluate("document.documentElement.scrollWidth") <= WIDTHS[device]
    widest = frame.evaluate("document.querySelector('body > div:last-of-type').getBoundingClientRect().width")
    assert widest <= 632
    keep(page, f"mails-{name.replace('.', '-').replace('_', '-')}-{device}")
    page.close()


@pytest.mark.parametrize("name", ["opening", "reminder.last_day", "combined_unit"])
def test_the_button_is_large_enough_for_a_thumb_and_leads_to_the_unit_s_page(browser, mails, name):
    page = shown(browser, opened_mail(mails[name]), WIDTHS["phone"])
    button = page.frames[-1].locator("td a")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert (button.get_attribute("href") or "").startswith(f"{PORTAL}/u/")
    page.close()


def test_a_phone_s_list_shows_what_matters_below_the_subject(browser, mails):
    previews = []
    for mail in mails.values():
        page = browser.new_page()
        page.set_content(mail.get_body(("html",)).get_content())
        previews.append(page.evaluate("document.querySelector('body > div').textContent").split("\u2007")[0].strip())
        page.close()
    assert "còn 7 ngày làm việc" in previews[list(SHOWN).index("opening")]
    page = shown(browser, list_of_mails(list(mails.values()), previews), WIDTHS["phone"])
    keep(page, "mails-list-phone")
    page.close()
