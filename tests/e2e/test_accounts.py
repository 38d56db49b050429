"""Logging in, and what a user has: tokens, a password, preferences that follow them, and a way out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from laboratory import fill
from person import Visit, choose, expect_all_answered, group, tab_to
from playwright.sync_api import Locator, Page, expect
from service import Service, serving
from smears import Smear
from synthetic import stained_cell

from people import PASSWORD

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Service]:
    """A service with login on and a quota for tokens: admin boss, reviewer anna, viewer bert."""
    fill(tmp_path / "past")
    with serving(records=str(tmp_path / "past"), login="on", quota="500") as running:
        yield running


def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_role("textbox", name="Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()


def expect_logged_in(page: Page, name: str) -> None:
    expect(page.get_by_role("button", name=f"Account: {name}")).to_be_visible()
    expect(page.get_by_role("heading", name="The model")).to_be_visible()


def account(page: Page) -> Locator:
    page.get_by_role("button", name="Account: ").click()
    return page.get_by_role("dialog", name="Account")


def test_one_logs_in_and_out_by_keyboard(visit: Visit, guarded: Service) -> None:
    """The form has the focus; a wrong password is told; what was on the page goes with whoever logs out."""
    page = visit(guarded.url)
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_be_focused()
    expect(page.get_by_role("button", name="Choose pictures")).to_be_hidden()
    expect(page.get_by_role("link", name="History")).to_be_hidden()
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong " + PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Name and password do not match")
    expect(page.get_by_role("textbox", name="Password", exact=True)).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect_logged_in(page, "anna")
    page.reload()
    expect_logged_in(page, "anna")
    tab_to(page, page.get_by_role("button", name="Account: anna"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Log out"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_be_focused()
    page.reload()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_pictures_are_answered_and_recorded_as_ones_own(visit: Visit, guarded: Service, tmp_path: Path) -> None:
    page = visit(guarded.url)
    log_in(page, "bert")
    expect_logged_in(page, "bert")
    stained_cell(3).save(tmp_path / "cell.png")
    choose(page, tmp_path / "cell.png")
    expect_all_answered(page, 1)
    expect(page.get_by_text("Not recorded")).to_be_hidden()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("table", name="Recorded predictions").get_by_role("row")).to_have_count(3)  # with the head


def test_a_token_is_shown_once_works_and_is_revoked(visit: Visit, guarded: Service) -> None:
    page = visit(guarded.url)
    log_in(page, "anna")
    expect_logged_in(page, "anna")
    dialog = account(page)
    dialog.get_by_label("Name of a new token").fill("night run")
    expect(dialog.get_by_label("Days")).to_have_value("90")
    dialog.get_by_role("button", name="Make token").click()
    expect(dialog.get_by_text("shown this once")).to_be_visible()
    token = dialog.locator("output").inner_text()

    def asked() -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{guarded.url}api/history", headers=headers, timeout=10).status_code

    assert asked() == 200
    page.reload()
    dialog = account(page)
    expect(dialog.get_by_text("night run")).to_be_visible()
    expect(dialog.get_by_text("1 of 500 requests this hour")).to_be_visible()
    assert token not in page.content()
    dialog.get_by_role("button", name="Revoke night run").click()
    expect(dialog.get_by_text("None yet.")).to_be_visible()
    assert asked() == 401


def test_a_password_is_changed(visit: Visit, guarded: Service) -> None:
    page, elsewhere = visit(guarded.url), visit(guarded.url)
    for each in (page, elsewhere):
        log_in(each, "anna")
        expect_logged_in(each, "anna")
    dialog = account(page)
    dialog.get_by_label("Old password").fill("wrong " + PASSWORD)
    dialog.get_by_label("New password").fill("another " + PASSWORD)
    dialog.get_by_role("button", name="Change password").click()
    expect(dialog.get_by_text("The old password is not right.")).to_be_visible()
    dialog.get_by_label("Old password").fill(PASSWORD)
    dialog.get_by_label("New password").fill("another " + PASSWORD)
    dialog.get_by_role("button", name="Change password").click()
    expect(dialog.get_by_text("Password changed.")).to_be_visible()
    elsewhere.get_by_role("link", name="History").click()
    expect(elsewhere.get_by_role("heading", name="Log in")).to_be_visible()
    log_in(elsewhere, "anna", "another " + PASSWORD)
    expect(elsewhere.get_by_role("table", name="Recorded predictions")).to_be_visible()


def prefer(page: Page) -> Locator:
    page.get_by_role("button", name="Preferences").click()
    return page.get_by_role("dialog", name="Preferences")


def choose_all(page: Page) -> None:
    """Dark, bars, 200 cells, platelets first, and a key for them."""
    dialog = prefer(page)
    dialog.get_by_label("Theme").select_option("Dark")
    dialog.get_by_label("Confidence on thumbnails").select_option("Bar")
    dialog.get_by_label("White cells wanted").select_option("200")
    for _ in range(7):
        dialog.get_by_role("button", name="Platelet up").press("Enter")
    expect(dialog.get_by_role("button", name="Platelet up")).to_be_focused()
    dialog.get_by_label("Key for platelet").fill("p")
    page.keyboard.press("Tab")
    expect_chosen(page)
    page.keyboard.press("Escape")


def expect_chosen(page: Page) -> None:
    dialog = page.get_by_role("dialog", name="Preferences")
    expect(dialog.get_by_label("Theme")).to_have_value("dark")
    expect(dialog.get_by_label("Confidence on thumbnails")).to_have_value("bar")
    expect(dialog.get_by_label("White cells wanted")).to_have_value("200")
    expect(dialog.get_by_role("listitem").first).to_contain_text("Platelet")
    expect(dialog.get_by_label("Key for platelet")).to_have_value("p")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_preferences_follow_a_user_to_another_browser(visit: Visit, guarded: Service) -> None:
    here, there = visit(guarded.url), visit(guarded.url)
    log_in(here, "anna")
    expect_logged_in(here, "anna")
    choose_all(here)
    here.wait_for_function("async () => (await (await fetch('/preferences')).json()).hot_keys.platelet === 'p'")
    log_in(there, "anna")
    expect_logged_in(there, "anna")
    prefer(there)
    expect_chosen(there)


def test_without_login_this_browser_keeps_them(visit: Visit, service: Service) -> None:
    page = visit(service.url)
    expect(page.get_by_role("heading", name="The model")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Account"))).to_be_hidden()
    choose_all(page)
    page.reload()
    expect(page.get_by_role("heading", name="The model")).to_be_visible()
    prefer(page)
    expect_chosen(page)


def test_preferences_are_heard(page: Page, smear: Smear) -> None:
    """The order of the gallery, the key of a class, the cells wanted."""
    choose_all(page)
    smear.answering(page)
    first, last = smear.labels[0], "platelet"
    choose(page, smear.picture("field.png", [smear.cell(first), smear.cell(first), smear.cell(last)]))
    expect(page.get_by_text("of the 200 cells wanted")).to_be_visible()
    titles = page.get_by_role("region", name="Cells by class").get_by_role("heading", level=3)
    expect(titles.first).to_contain_text("Platelet")
    page.keyboard.press("p")
    expect(group(page, last)).to_be_focused()
    expect(group(page, last).get_by_role("option", selected=True)).to_have_count(1)
    expect(group(page, last).get_by_text("98.0%", exact=True)).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(visit: Visit, guarded: Service, theme: str) -> None:
    page = visit(guarded.url, color_scheme=theme, reduced_motion="reduce")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    expect_no_violation(page)
    log_in(page, "boss", "wrong " + PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    expect_no_violation(page)
    log_in(page, "boss")
    expect_logged_in(page, "boss")
    dialog = account(page)
    dialog.get_by_label("Name of a new token").fill(theme)
    dialog.get_by_role("button", name="Make token").click()
    expect(dialog.get_by_role("button", name=f"Revoke {theme}")).to_be_visible()
    expect_no_violation(page)
    page.keyboard.press("Escape")
    prefer(page)
    expect_no_violation(page)


def expect_no_violation(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_a_phone_never_scrolls_sideways(visit: Visit, guarded: Service) -> None:
    page = visit(guarded.url, **PHONE)
    widest = "document.documentElement.scrollWidth"
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert page.evaluate(widest) <= 390
    log_in(page, "boss")
    expect_logged_in(page, "boss")
    account(page)
    assert page.evaluate(widest) <= 390
    page.keyboard.press("Escape")
    prefer(page)
    assert page.evaluate(widest) <= 390
    page.keyboard.press("Escape")
    page.get_by_role("link", name="History").click()
    entries = page.locator("hv-history[data-users] .entries")
    expect(entries.get_by_text("anna").first).to_be_visible()
    assert entries.evaluate("card => card.scrollWidth <= card.clientWidth")  # all four columns are seen
