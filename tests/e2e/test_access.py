"""By keyboard alone, by a screen reader, in light and dark, on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from person import (
    PICTURES_IN_TRAY,
    Visit,
    card,
    choose,
    count_panel,
    expect_all_answered,
    expect_answered,
    expect_judgement,
    field,
    group,
    panel,
    tab_to,
)
from playwright.sync_api import Page, expect
from service import Service
from smears import CLASSIFY, Smear, of_each

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def empty(page: Page, smear: Smear) -> None:
    expect(page.get_by_role("heading", name="The model")).to_be_visible()


def one_cell(page: Page, smear: Smear) -> None:
    smear.answering(page)
    choose(page, smear.picture("crop.png", [smear.cell(smear.labels[0], confidence=0.6)]))
    expect(page.get_by_role("table", name="Probability of each class")).to_be_visible()


def no_cells(page: Page, smear: Smear) -> None:
    smear.answering(page)
    choose(page, smear.picture("empty.png", []))
    expect(panel(page).get_by_text("No cells", exact=True)).to_be_visible()


def counted(page: Page, smear: Smear) -> None:
    """Three pictures, one of them twice; cells of every status, a pair seen twice, everything unfolded."""
    smear.answering(page)
    label = smear.labels[0]
    many = [*of_each(smear, dict.fromkeys(smear.labels, 4)), smear.cell(label, confidence=0.5)]
    left = smear.picture("left.png", [*many, smear.cell(label, side=60), smear.cell(None)])
    right = smear.picture("right.png", [smear.cell(label, side=60), smear.cell(label, edge=True)])
    again = smear.picture("again.png", [smear.cell(label)], sha256=smear.answers["right.png"]["image"]["sha256"])
    choose(page, left, right, again)
    expect_all_answered(page, 3)
    expect(page.get_by_role("table", name="White cells by class")).to_be_visible()
    for folded in ("How to count", "Held back, not counted", "Pictures that came twice"):
        count_panel(page).get_by_text(folded, exact=True).click()
    count_panel(page).get_by_label("Analyser's white count").fill("7.4")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Zoom in").click()


def unlabelled(page: Page, smear: Smear) -> None:
    smear.answering(page)
    choose(page, smear.picture("two.png", [smear.cell(None, kind="nucleated"), smear.cell(smear.labels[0])]))
    panel(page).get_by_text("Probabilities, not to be read as an answer").click()


def sending(page: Page, smear: Smear) -> None:
    page.route(CLASSIFY, lambda route: None)
    choose(page, *(smear.picture(f"{at}.png", []) for at in range(5)))
    expect(page.get_by_role("button", name="Stop all")).to_be_visible()


def failed(page: Page, smear: Smear) -> None:
    page.route("**/api/**", lambda route: route.abort())
    page.reload()
    choose(page, smear.picture("any.png", []))
    expect(panel(page).get_by_text("Failed", exact=True)).to_be_visible()


def examples(page: Page, smear: Smear) -> None:
    page.get_by_role("button", name="Try an example").click()
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_count(PICTURES_IN_TRAY)


State = Callable[[Page, Smear], None]
STATES = [empty, one_cell, no_cells, counted, unlabelled, sending, failed, examples]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(visit: Visit, service: Service, smear: Smear, state: State, theme: str) -> None:
    """No violation of any impact, whatever the page shows."""
    page = visit(service.url, color_scheme=theme, reduced_motion="reduce")
    state(page, smear)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("state", STATES)
def test_a_phone_never_scrolls_sideways(visit: Visit, service: Service, smear: Smear, state: State) -> None:
    """390 pixels are enough."""
    page = visit(service.url, **PHONE)
    state(page, smear)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_phone_offers_its_camera(visit: Visit, service: Service, cells: dict[str, Path]) -> None:
    """A photograph goes the way of any other picture."""
    page = visit(service.url, **PHONE)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Take a photograph").click()
    assert chooser.value.element.get_attribute("capture") == "environment"
    chooser.value.set_files(cells["erythroblast"])
    expect_answered(card(page, cells["erythroblast"].name))


def test_everything_is_done_by_keyboard_alone(page: Page, cells: dict[str, Path]) -> None:
    """Choose, read, remove, clear; the focus is never lost."""
    first, second = cells["neutrophil"], cells["monocyte"]
    button = page.get_by_role("button", name="Choose pictures")
    tab_to(page, button)
    expect(button).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([first, second])
    expect_answered(card(page, first.name))
    expect_answered(card(page, second.name))

    tab_to(page, card(page, first.name).get_by_role("button", name="Remove"))
    page.keyboard.press("Enter")
    expect(card(page, first.name)).to_have_count(0)
    expect(card(page, second.name).get_by_role("button", name=second.name, exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    expect(card(page, second.name).get_by_role("button", name="Remove")).to_be_focused()
    page.keyboard.press("Enter")
    expect(button).to_be_focused()


def test_a_smear_is_read_by_keyboard_alone(page: Page, smear: Smear) -> None:
    """From the card to the field, its cells, the steps, the options and the gallery."""
    label = smear.labels[0]
    file = smear.picture("field.png", [smear.cell(label, at=(60, 60)), smear.cell(label, at=(160, 60))])
    cells = smear.answers["field.png"]["cells"]
    smear.answering(page)
    choose(page, file)
    expect(page.get_by_role("table", name="White cells by class")).to_be_visible()
    tab_to(page, field(page))
    page.keyboard.press("ArrowRight")
    expect_judgement(panel(page), cells[1])
    tab_to(page, panel(page).get_by_role("button", name="Previous cell"))
    page.keyboard.press("Enter")
    expect_judgement(panel(page), cells[0])
    tab_to(page, count_panel(page).get_by_role("radio", name="100"))
    page.keyboard.press("ArrowRight")
    expect(count_panel(page).get_by_text("of the 200 cells wanted")).to_be_visible()
    tab_to(page, group(page, label))
    page.keyboard.press("ArrowRight")
    expect_judgement(panel(page), cells[1])


def test_the_tray_of_examples_works_by_keyboard(page: Page) -> None:
    """Escape closes it, and the focus is back where it was."""
    button = page.get_by_role("button", name="Try an example")
    tray = page.get_by_role("dialog", name="Examples")
    tab_to(page, button)
    page.keyboard.press("Enter")
    expect(tray).to_be_visible()
    page.keyboard.press("Escape")
    expect(tray).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, tray.get_by_role("listitem").first.get_by_role("button"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_have_count(1)


def test_the_skip_link_leads_to_the_pictures(page: Page) -> None:
    """The first thing Tab reaches."""
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the pictures")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#pictures")).to_be_focused()


def test_the_strip_of_pictures_can_be_skipped(page: Page, smear: Smear) -> None:
    """From the link before the strip to what was found, however many pictures lie between; without any, no link."""
    skip = page.get_by_role("link", name="Skip the pictures")
    expect(skip).to_be_hidden()
    smear.answering(page)
    choose(page, *(smear.picture(f"{at}.png", [smear.cell(smear.labels[0])]) for at in range(6)))
    expect_all_answered(page, 6)
    tab_to(page, skip)
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_be_focused()
    expect(panel(page)).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Names")).to_be_focused()


def test_stopping_keeps_the_focus_on_the_card(page: Page, cells: dict[str, Path]) -> None:
    """The button that was pressed goes; the one that takes its place has the focus."""
    file = cells["neutrophil"]
    page.route("**/api/classify?why=labels", lambda route: None)
    choose(page, file)
    card(page, file.name).get_by_role("button", name="Stop").press("Enter")
    expect(card(page, file.name).get_by_role("button", name="Try again")).to_be_focused()


def test_the_theme_follows_the_system_until_chosen_and_is_kept(visit: Visit, service: Service) -> None:
    """A choice outlives the visit's page."""
    page = visit(service.url, color_scheme="dark")
    scheme = "getComputedStyle(document.documentElement).colorScheme"
    light = page.get_by_role("button", name="Use the light theme")
    dark = page.get_by_role("button", name="Use the dark theme")
    light.click()
    expect(dark).to_be_visible()
    assert page.evaluate(scheme) == "light"
    page.reload()
    expect(dark).to_be_visible()
    assert page.evaluate(scheme) == "light"
