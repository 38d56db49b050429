"""From a picture to its answer, in every way a picture can come."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import requests
from person import INTENDED_USE, card, choose, expect_answered, per_cent, rows, words
from PIL import Image
from playwright.sync_api import JSHandle, Page, Request, Route, expect
from service import Service

CLASSIFY = "**/api/classify"


def api_answer(service: Service, file: Path) -> Any:
    with file.open("rb") as picture:
        return requests.post(f"{service.url}api/classify", files={"image": picture}, timeout=60).json()


def test_the_page_shows_what_the_api_answers(page: Page, service: Service, cells: dict[str, Path]) -> None:
    """Label, confidence, status, reasons, model and every bar are the API's own for the same bytes."""
    file = cells["neutrophil"]
    answer = api_answer(service, file)
    choose(page, file)
    shown = card(page, file.name)
    expect(shown.get_by_role("paragraph").filter(has_text=words(answer["label"]))).to_have_text(
        f"{words(answer['label'])} {per_cent(answer['confidence'])}"
    )
    expect(shown.get_by_text(answer["status"].capitalize(), exact=True)).to_be_visible()
    for reason in answer["reasons"]:
        expect(shown.get_by_text(reason)).to_be_visible()
    expect(shown.get_by_text(f"{answer['model']['name']} {answer['model']['version']}")).to_be_visible()
    size = f"{answer['image']['width']} \N{MULTIPLICATION SIGN} {answer['image']['height']} px"
    expect(shown.get_by_text(size)).to_be_visible()

    likeliest_first = sorted(answer["probabilities"], key=lambda each: -each["probability"])
    assert rows(shown) == [(words(each["label"]), per_cent(each["probability"])) for each in likeliest_first]
    assert len(likeliest_first) == 8


@pytest.mark.parametrize("status", ["Unfamiliar", "No cells", "Not a smear"])
def test_an_answer_without_a_label_shows_none(
    page: Page, service: Service, cells: dict[str, Path], status: str
) -> None:
    """Even if a label came along, a status that carries none shows none; the reasons stand there instead."""
    file, reason = cells["neutrophil"], "Nothing like it was learned from."
    answer = api_answer(service, file) | {"status": status.lower().replace(" ", "_"), "reasons": [reason]}
    page.route(CLASSIFY, lambda route: route.fulfill(json=answer))
    choose(page, file)
    shown = card(page, file.name)
    expect(shown.get_by_text(status, exact=True)).to_be_visible()
    expect(shown.get_by_text("No label given")).to_be_visible()
    expect(shown.get_by_text(reason)).to_be_visible()
    for label in cells:
        expect(shown.get_by_text(words(label))).to_be_hidden()
    expect(shown.get_by_text("%").first).to_be_hidden()


def test_an_answer_is_announced(page: Page, service: Service, cells: dict[str, Path]) -> None:
    """Whoever does not see the card hears it."""
    file = cells["lymphocyte"]
    answer = api_answer(service, file)
    choose(page, file)
    heard = f"{file.name}: {words(answer['label'])}, {per_cent(answer['confidence'])}, {answer['status'].capitalize()}"
    expect(page.get_by_role("log", name="Announcements")).to_contain_text(heard)


class Gate:
    """Keeps requests for an answer back and lets as many go as told, however late they come."""

    def __init__(self, page: Page) -> None:
        self.arrived = 0
        self._held: list[Route] = []
        self._permits = 0
        page.route(CLASSIFY, lambda route: self._arrive(route))

    def let_go(self, permits: int) -> None:
        self._permits += permits
        while self._permits and self._held:
            self._permits -= 1
            self._held.pop(0).continue_()

    def _arrive(self, route: Route) -> None:
        self.arrived += 1
        self._held.append(route)
        self.let_go(0)


def test_several_at_once_are_sent_three_at_a_time(page: Page, cells: dict[str, Path]) -> None:
    """Six pictures: three in flight, three waiting; each answer lets one more go, and all six are answered."""
    gate = Gate(page)
    in_flight: list[int] = []
    open_requests: set[Request] = set()

    def started(request: Request) -> None:
        if request.url.endswith("/api/classify"):
            open_requests.add(request)
            in_flight.append(len(open_requests))

    page.on("request", started)
    page.on("requestfinished", lambda request: open_requests.discard(request))
    files = list(cells.values())[:6]
    choose(page, *files)
    expect(page.get_by_text("Sending", exact=True)).to_have_count(3)
    expect(page.get_by_text("Waiting", exact=True)).to_have_count(3)
    for answered in range(1, 7):
        gate.let_go(1)
        expect(page.get_by_role("table", name="Probability of each class")).to_have_count(answered)
        expect(page.get_by_text("Sending", exact=True)).to_have_count(min(3, 6 - answered))
    assert len(in_flight) == 6
    assert max(in_flight) == 3
    for file in files:
        expect_answered(card(page, file.name))


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


def test_a_running_request_can_be_stopped_and_sent_again(page: Page, cells: dict[str, Path]) -> None:
    """Stopping aborts the request itself; no answer comes after."""
    file = cells["basophil"]
    Gate(page)
    choose(page, file)
    shown = card(page, file.name)
    expect(shown.get_by_text("Sending", exact=True)).to_be_visible()
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/api/classify")):
        shown.get_by_role("button", name="Stop").click()
    expect(shown.get_by_text("Stopped before an answer came.")).to_be_visible()
    expect(shown.get_by_role("table")).to_have_count(0)
    page.unroute(CLASSIFY)
    shown.get_by_role("button", name="Try again").click()
    expect_answered(shown)


def test_a_picture_that_waits_can_be_stopped(page: Page, cells: dict[str, Path]) -> None:
    """It is never sent."""
    gate = Gate(page)
    files = list(cells.values())[:4]
    choose(page, *files)
    last = card(page, files[3].name)
    expect(last.get_by_text("Waiting", exact=True)).to_be_visible()
    last.get_by_role("button", name="Stop").click()
    gate.let_go(4)
    expect(page.get_by_role("table", name="Probability of each class")).to_have_count(3)
    expect(last.get_by_text("Stopped", exact=True)).to_be_visible()
    assert gate.arrived == 3


def test_a_tiff_is_answered_without_a_preview(page: Page, cells: dict[str, Path], tmp_path: Path) -> None:
    """Browsers do not draw TIFF; the service reads it."""
    tiff = tmp_path / "cell.tiff"
    with Image.open(cells["neutrophil"]) as picture:
        picture.save(tiff)
    choose(page, tiff)
    shown = card(page, "cell.tiff")
    expect(shown.get_by_text("No preview")).to_be_visible()
    expect_answered(shown)


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


def test_the_page_shows_who_answers(page: Page, service: Service) -> None:
    """The model's name, version and self-test; and the way to the API's own documentation."""
    model = requests.get(f"{service.url}api/health", timeout=10).json()["model"]
    banner = page.get_by_role("banner")
    expect(banner.get_by_text(f"{model['name']} {model['version']}")).to_be_visible()
    expect(banner.get_by_text("Ready, self-test passed")).to_be_visible()
    page.get_by_role("link", name="API documentation").click()
    expect(page).to_have_url(f"{service.url}api/docs")
