"""What a person does on the page, and what they read there: found by role and name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

Visit = Callable[..., Page]  # opens a page as a new visitor: visit(url, **context)

PICTURES_IN_TRAY = 4  # example pictures that the service under test has
INTENDED_USE = (
    "For research and teaching. Not cleared or CE-marked. Use in patient care needs the laboratory's own validation "
    "under its law. This model was never shown blasts, reactive lymphocytes or plasma cells and may call them "
    "something else."
)


def choose(page: Page, *files: Path) -> None:
    """Press "Choose pictures" and pick these."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose pictures").click()
    chooser.value.set_files(files)


def card(page: Page, name: str) -> Locator:
    """The card of the picture with this file name."""
    return page.get_by_role("article", name=name, exact=True)


def expect_answered(card: Locator) -> None:
    """Wait for the answer, whichever it is."""
    expect(card.get_by_text("Confident").or_(card.get_by_text("Check"))).to_be_visible()


def rows(card: Locator) -> list[tuple[str, str]]:
    """What the table of probabilities says: (class, per cent), in its order."""
    table = card.get_by_role("table", name="Probability of each class")
    classes = table.get_by_role("rowheader").all_inner_texts()
    shares = table.get_by_role("cell").all_inner_texts()
    return list(zip(classes, shares, strict=True))


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{target} is not reached by Tab")


def words(label: str) -> str:
    """ "immature_granulocyte" -> "Immature granulocyte"."""
    return label.replace("_", " ").capitalize()


def per_cent(share: float) -> str:
    """0.9731 -> "97.3%"; nearly nothing and nearly all are not rounded away."""
    if 0 < share < 0.0005:
        return "<0.1%"
    if 0.9995 <= share < 1:
        return ">99.9%"
    return f"{share:.1%}"
