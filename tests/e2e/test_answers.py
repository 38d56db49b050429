"""From a picture to its answer, in every way a picture can come."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import requests
from person import (
    INTENDED_USE,
    card,
    choose,
    expect_answered,
    expect_judgement,
    panel,
    per_cent,
    words,
)
from PIL import Image
from playwright.sync_api import JSHandle, Page, expect
from service import Service
from smears import Smear

CLASSIFY = "**/api/classify?why=labels"


def api_answer(service: Service, file: Path) -> Any:
    with file.open("rb") as picture:
        return requests.post(f"{service.url}api/classify", files={"image": picture}, timeout=60).json()


def test_the_page_shows_what_the_api_answers(page: Page, service: Service, cells: dict[str, Path]) -> None:
    """Label, confidence, status, reasons, model and every bar are the API's own for the same bytes."""
    file = cells["neutrophil"]
    answer = api_answer(service, file)
    choose(page, file)
    expect_answered(card(page, file.name))
    expect_judgement(panel(page), answer)
    shown = page.get_by_role("region", name=file.name)
    expect(shown.get_by_text(f"{answer['model']['name']} {answer['model']['version']}")).to_be_visible()
    size = f"{answer['image']['width']} \N{MULTIPLICATION SIGN} {answer['image']['height']} px"
    expect(shown.get_by_text(size)).to_be_visible()


def test_a_crop_with_one_cell_gives_the_simple_result(page: Page, smear: Smear) -> None:
    """The card names it, the panel shows it; no gallery, no count."""
    cell = smear.cell(smear.labels[0], confidence=0.7)
    file = smear.picture("crop.png", [cell])
    smear.answering(page)
    choose(page, file)
    expect(card(page, file.name)).to_contain_text(f"{words(cell['label'])} {per_cent(0.7)}")
    expect(card(page, file.name).get_by_text("Check", exact=True)).to_be_visible()
    expect_judgement(panel(page), cell)
    expect(panel(page).get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("status", ["Unfamiliar", "No cells", "Not a smear"])
def test_an_answer_without_a_label_shows_none(
    page: Page, service: Service, cells: dict[str, Path], status: str
) -> None:
    """Even if a label came along, a status that carries none shows none; the reasons stand there instead."""
    file, reason = cells["neutrophil"], "Nothing like it was learned from."
    told = {"status": status.lower().replace(" ", "_"), "label": "neutrophil", "reasons": [reason]}
    answer = api_answer(service, file) | told
    answer["cells"] = [cell | told for cell in answer["cells"][:1]] if status == "Unfamiliar" else []
    page.route(CLASSIFY, lambda route: route.fulfill(json=answer))
    choose(page, file)
    expect(card(page, file.name).get_by_text(status, exact=True)).to_be_visible()
    shown = panel(page)
    expect(shown.get_by_text(status, exact=True)).to_be_visible()
    expect(shown.get_by_text("No label given")).to_be_visible()
    expect(shown.get_by_text(reason)).to_be_visible()
    for label in cells:
        expect(shown.get_by_text(words(label))).to_be_hidden()
    expect(shown.get_by_text("%").first).to_be_hidden()


def test_an_answer_is_announced(page: Page, smear: Smear) -> None:
    """Whoever does not see the card hears it: one cell by its name, several by what was seen."""
    label = smear.labels[4]
    one = smear.picture("one.png", [smear.cell(label)])
    two = smear.picture("two.png", [smear.cell(label), smear.cell("platelet")])
    smear.answering(page)
    choose(page, one, two)
    log = page.get_by_role("log", name="Announcements")
    expect(log).to_contain_text(f"one.png: {words(label)}, 98.0%, Confident")
    expect(log).to_contain_text("two.png: 1 cell with a nucleus, 1 platelet, 7 red cells")


def files_of(page: Page, file: Path, name: str) -> JSHandle:
    """What a browser hands over when `file` is dropped or pasted."""
    return page.evaluate_handle(
        """([name, base64]) => {
            const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
            return transfer;
        }""",
        [name, base64.b64encode(file.read_bytes()).decode()],
    )


def test_a_dropped_picture_is_answered(page: Page, cells: dict[str, Path]) -> None:
    """Anywhere on the page."""
    event = {"dataTransfer": files_of(page, cells["monocyte"], "dropped.jpg")}
    for step in ("dragenter", "dragover", "drop"):
        page.dispatch_event("main", step, event)
    expect_answered(card(page, "dropped.jpg"))


def test_a_pasted_picture_is_answered(page: Page, service: Service, cells: dict[str, Path], tmp_path: Path) -> None:
    """Copied as pixels, pasted with the keyboard."""
    png = tmp_path / "copied.png"
    with Image.open(cells["eosinophil"]) as picture:
        picture.save(png)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=service.url)
    page.evaluate(
        """async (base64) => {
            const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
            const picture = new Blob([bytes], { type: "image/png" });
            await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
        }""",
        base64.b64encode(png.read_bytes()).decode(),
    )
    page.keyboard.press("Control+V")
    expect_answered(card(page, "image.png"))


def test_pictures_can_be_taken_away(page: Page, cells: dict[str, Path]) -> None:
    """One, then all."""
    files = list(cells.values())[:3]
    choose(page, *files)
    card(page, files[0].name).get_by_role("button", name="Remove").click()
    expect(page.get_by_role("article")).to_have_count(2)
    page.get_by_role("button", name="Clear all").click()
    expect(page.get_by_role("article")).to_have_count(0)
    expect(page.get_by_role("button", name="Choose pictures")).to_be_focused()
    expect(page.get_by_role("heading", name="How an answer reads")).to_be_visible()


def test_a_thumbnail_taken_away_gives_its_memory_back(page: Page, cells: dict[str, Path]) -> None:
    """Every object URL that was made is revoked."""
    page.add_init_script(
        """window.living = new Set();
        const [make, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
        URL.createObjectURL = (file) => { const url = make(file); window.living.add(url); return url; };
        URL.revokeObjectURL = (url) => { window.living.delete(url); revoke(url); };"""
    )
    page.reload()
    choose(page, *list(cells.values())[:2])
    assert page.evaluate("window.living.size") == 2
    page.get_by_role("button", name="Clear all").click()
    assert page.evaluate("window.living.size") == 0


def test_the_page_says_what_it_is_for(page: Page, service: Service) -> None:
    """The same words before the API answers and after."""
    assert INTENDED_USE in requests.get(service.url, timeout=10).text
    assert requests.get(f"{service.url}api/model", timeout=10).json()["intended_use"] == INTENDED_USE
    expect(page.get_by_role("region", name="Intended use").get_by_text(INTENDED_USE)).to_be_visible()


def test_scores_of_models_that_never_saw_a_laboratory_are_told_apart(page: Page, service: Service) -> None:
    """Each stands with its laboratory, under the recipe; a laboratory may have fields and no labelled cells."""
    model = requests.get(f"{service.url}api/model", timeout=10).json()
    row = {"n": 1234, "accuracy": 0.8765, "accuracy_interval": [0.85, 0.9], "macro_f1": 0.5, "by_status": {}}
    found = {"fields": 9, "nucleated": {"drawn": 10, "recall": 0.8642}}
    model["metrics"]["recipe"] = {"far": {"locator": found, "classifier": row}, "farther": {"locator": found}}
    page.route("**/api/model", lambda route: route.fulfill(json=model))
    page.reload()
    scores = page.get_by_role("region", name="Scores")
    expect(scores.get_by_text("The same recipe, trained without the laboratory")).to_be_visible()
    far = scores.get_by_role("row", name="far never seen", exact=False).first
    for figure in ("1,234", "87.6%", "85.0% to 90.0%", "86.4%"):
        expect(far.get_by_role("cell", name=figure, exact=True)).to_be_visible()
    expect(scores.get_by_role("row", name="farther never seen").get_by_role("cell").last).to_have_text("86.4%")


def test_the_page_shows_who_answers(page: Page, service: Service) -> None:
    """The model's name, version and self-test; and the way to the API's own documentation."""
    model = requests.get(f"{service.url}api/health", timeout=10).json()["model"]
    banner = page.get_by_role("banner")
    expect(banner.get_by_text(f"{model['name']} {model['version']}")).to_be_visible()
    expect(banner.get_by_text("Ready, self-test passed")).to_be_visible()
    page.get_by_role("link", name="API documentation").click()
    expect(page).to_have_url(f"{service.url}api/docs")
