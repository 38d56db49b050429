"""What a person does on the page, and what they read there: found by role and name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

Visit = Callable[..., Page]  # opens a page as a new visitor: visit(url, **context)

PICTURES_IN_TRAY = 4  # example pictures that the service under test has
INTENDED_USE = (
    "For research and teaching. Not cleared or CE-marked. Use in patient care needs the laboratory's own validation "
    "under its law. This model was never shown blasts, reactive lymphocytes or plasma cells and may call them "
    "something else. That none is found is no evidence that there is none."
)
_ANSWERED = re.compile("Confident|Check|Unfamiliar|nucleated cell|No cells|Not a smear")


def choose(page: Page, *files: Path) -> None:
    """Press "Choose pictures" and pick these."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose pictures").click()
    chooser.value.set_files(files)


def card(page: Page, name: str) -> Locator:
    """The card of the picture with this file name."""
    return page.get_by_role("article", name=name, exact=True)


def look_at(page: Page, name: str) -> None:
    """Press the picture's card."""
    card(page, name).get_by_role("button", name=name, exact=True).click()


def panel(page: Page) -> Locator:
    """What is said of the picked cell, or of the picture that is looked at."""
    return page.get_by_role("region", name=re.compile("^The (picked cell|picture)$"))


def field(page: Page) -> Locator:
    """The picture that is looked at, as a list of its cells."""
    return page.get_by_role("listbox", name=re.compile("^Cells in "))


def group(page: Page, label: str) -> Locator:
    """The thumbnails of one class."""
    return page.get_by_role("region", name="Cells by class").get_by_role("listbox", name=words(label), exact=True)


def count_panel(page: Page) -> Locator:
    """The pre-classification."""
    return page.get_by_role("region", name="Pre-classification")


def expect_answered(card: Locator) -> None:
    """Wait for the answer, whichever it is."""
    expect(card).to_contain_text(_ANSWERED)


def expect_all_answered(page: Page, files: int) -> None:
    """Wait for as many answers."""
    expect(page.get_by_role("article").filter(has_text=_ANSWERED)).to_have_count(files)


def expect_judgement(panel: Locator, judgement: dict[str, Any]) -> None:
    """The panel shows the status, the label and its confidence, the reasons and every bar of this cell or answer."""
    label = judgement["label"]
    headline = f"{words(label)} {per_cent(judgement['confidence'])}" if label else "No label given"
    expect(panel.get_by_text(headline, exact=True)).to_be_visible()
    expect(panel.get_by_text(words(judgement["status"]), exact=True)).to_be_visible()
    for reason in judgement["reasons"]:
        expect(panel.get_by_text(reason, exact=True)).to_be_visible()
    if label:
        likeliest_first = sorted(judgement["probabilities"], key=lambda each: -each["probability"])
        assert rows(panel) == [(words(each["label"]), per_cent(each["probability"])) for each in likeliest_first]


def rows(panel: Locator) -> list[tuple[str, str]]:
    """What the table of probabilities says: (class, per cent), in its order."""
    table = panel.get_by_role("table", name="Probability of each class")
    classes = table.get_by_role("rowheader").all_inner_texts()
    shares = table.get_by_role("cell").all_inner_texts()
    return list(zip(classes, shares, strict=True))


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{target} is not reached by Tab")


def words(label: str) -> str:
    """ "immature_granulocyte" -> "Immature granulocyte"."""
    return label.replace("_", " ").capitalize()


def cell_words(cell: dict[str, Any]) -> str:
    """How a list of cells names one."""
    called = f"{words(cell['label'])}, {per_cent(cell['confidence'])}" if cell["label"] else "No label"
    return f"{called}, {cell['status']}{', cut by the picture' + chr(39) + 's edge' if cell['edge'] else ''}"


def per_cent(share: float) -> str:
    """0.9731 -> "97.3%"; nearly nothing and nearly all are not rounded away."""
    if 0 < share < 0.0005:
        return "<0.1%"
    if 0.9995 <= share < 1:
        return ">99.9%"
    return f"{share:.1%}"
