"""The cells of all pictures by class, and the picture and the cell that are looked at."""

from __future__ import annotations

from pathlib import Path

from person import card, choose, expect_answered, expect_judgement, field, group, look_at, panel, words
from playwright.sync_api import Page, Route, expect
from smears import CLASSIFY, Smear


def test_the_gallery_shows_the_doubtful_first(page: Page, smear: Smear) -> None:
    """By class, in the bundle's order, those without a label before all; in each the least sure first."""
    first, second = smear.labels[1], smear.labels[4]
    cells = [
        smear.cell(second, confidence=0.95),
        smear.cell(first, confidence=0.99),
        smear.cell(None),
        smear.cell(first, confidence=0.85),
        smear.cell(first, confidence=0.4),
        smear.cell(first, confidence=0.93),
    ]
    file = smear.picture("six.png", cells)
    smear.answering(page)
    choose(page, file)
    gallery = page.get_by_role("region", name="Cells by class")
    expect(gallery.get_by_role("listbox")).to_have_count(3)
    headings = gallery.get_by_role("heading", level=3).all_inner_texts()
    assert [each.split("\n")[0].split(" ")[0] for each in headings] == [
        "Unfamiliar",
        words(first).split(" ")[0],
        words(second).split(" ")[0],
    ]
    shown = [text.split(", ")[1] for text in group(page, first).get_by_role("option").all_inner_texts()]
    assert shown == ["40.0%", "85.0%", "93.0%", "99.0%"]


def test_a_thumbnail_shows_its_bars_and_its_picture(page: Page, smear: Smear, three: Path) -> None:
    """From another picture, by mouse and by key; and the next and previous cell by button."""
    label = smear.labels[3]
    other = smear.picture("other.png", [smear.cell(label), smear.cell(label, confidence=0.97)])
    smear.answering(page)
    choose(page, three, other)
    expect(group(page, label).get_by_role("option")).to_have_count(2)
    expect(page.get_by_role("region", name="three.png")).to_be_visible()

    group(page, label).get_by_role("option").nth(1).click()
    expect(page.get_by_role("region", name="other.png")).to_be_visible()
    expect_judgement(panel(page), smear.answers["other.png"]["cells"][0])
    group(page, label).focus()
    page.keyboard.press("ArrowLeft")
    expect_judgement(panel(page), smear.answers["other.png"]["cells"][1])
    panel(page).get_by_role("button", name="Previous cell").click()
    expect_judgement(panel(page), smear.answers["three.png"]["cells"][2])
    panel(page).get_by_role("button", name="Next cell").click()
    expect_judgement(panel(page), smear.answers["other.png"]["cells"][1])


def test_pictures_are_looked_at_in_turn(page: Page, smear: Smear, three: Path) -> None:
    """The first that was added, until another card is pressed; each opens on its main cell."""
    other = smear.picture("other.png", [smear.cell(smear.labels[5])])
    smear.answering(page)
    choose(page, three, other)
    expect_judgement(panel(page), smear.answers["three.png"]["cells"][0])
    look_at(page, "other.png")
    expect_judgement(panel(page), smear.answers["other.png"]["cells"][0])
    expect(card(page, "other.png").get_by_role("button", name="other.png", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


def test_an_answer_that_comes_later_changes_no_pick(page: Page, smear: Smear, three: Path) -> None:
    """Nor does it take the focus away."""
    other = smear.picture("other.png", [smear.cell(smear.labels[5]), smear.cell(smear.labels[5])])
    held: list[Route] = []
    page.route(
        CLASSIFY, lambda route: smear.fulfil(route) if not smear.is_for(route, "other.png") else held.append(route)
    )
    choose(page, three, other)
    field(page).focus()
    page.keyboard.press("End")
    expect_judgement(panel(page), smear.answers["three.png"]["cells"][2])
    smear.fulfil(held[0])
    expect_answered(card(page, "other.png"))
    expect(page.get_by_role("region", name="Cells by class").get_by_role("option")).to_have_count(5)
    expect(field(page)).to_be_focused()
    expect_judgement(panel(page), smear.answers["three.png"]["cells"][2])
