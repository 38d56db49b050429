"""What the page says when there is no answer. Whatever fails, it never names a class."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from person import PICTURES_IN_TRAY, Visit, card, choose, expect_all_answered, expect_answered, panel, words
from playwright.sync_api import Page, expect
from service import Service, serving

from house import REPOSITORY


def test_a_text_file_named_jpg_shows_the_services_problem(page: Page, service: Service, tmp_path: Path) -> None:
    """Title, next step and request id come from the API."""
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")
    problem = requests.post(f"{service.url}api/classify", files={"image": text.read_bytes()}, timeout=10).json()
    with page.expect_response("**/api/classify?why=labels") as response:
        choose(page, text)
    shown = card(page, "notes.jpg")
    expect(shown.get_by_text("Failed", exact=True)).to_be_visible()
    said = panel(page)
    expect(said.get_by_text(problem["title"], exact=True)).to_be_visible()
    expect(said.get_by_text(problem["detail"], exact=True)).to_be_visible()
    expect(said.get_by_text(response.value.json()["request_id"])).to_be_visible()
    expect(said.get_by_role("table")).to_have_count(0)


def test_a_foreseeable_refusal_can_be_insisted_on(page: Page, tmp_path: Path) -> None:
    """The page holds a text file back as a courtesy; the service decides."""
    text = tmp_path / "notes.txt"
    text.write_text("not a picture")
    expect(page.get_by_role("heading", name="The model")).to_be_visible()
    choose(page, text)
    shown = card(page, "notes.txt")
    expect(panel(page).get_by_text("Not sent", exact=True)).to_be_visible()
    with page.expect_response("**/api/classify?why=labels"):
        shown.get_by_role("button", name="Send anyway").click()
    expect(panel(page).get_by_text("Not sent", exact=True)).to_have_count(0)
    expect(shown.get_by_text("Failed", exact=True)).to_be_visible()


def test_a_proxys_page_is_not_taken_for_an_answer(page: Page, cells: dict[str, Path]) -> None:
    """HTML where JSON should be has its own message; trying again gets through."""
    file = cells["platelet"]
    page.route(
        "**/api/classify?why=labels", lambda route: route.fulfill(status=502, content_type="text/html", body="Bad")
    )
    choose(page, file)
    shown = card(page, file.name)
    expect(panel(page).get_by_text("Something else answered")).to_be_visible()
    expect(panel(page).get_by_text("HTTP 502, text/html")).to_be_visible()
    page.unroute("**/api/classify?why=labels")
    shown.get_by_role("button", name="Try again").click()
    expect_answered(shown)


def test_a_service_that_is_gone_is_said_to_be_gone(visit: Visit, cells: dict[str, Path]) -> None:
    """The page was open; then nobody listens."""
    file = cells["lymphocyte"]
    with serving() as service:
        page = visit(service.url)
        expect(page.get_by_text("Ready, self-test passed")).to_be_visible()
    choose(page, file)
    expect(panel(page).get_by_text("The service did not answer")).to_be_visible()
    expect(panel(page).get_by_text(f"Nothing came back from {service.url}api/.")).to_be_visible()
    expect(panel(page).get_by_role("table")).to_have_count(0)


def test_without_a_model_there_is_no_class_anywhere(visit: Visit, cells: dict[str, Path], tmp_path: Path) -> None:
    """A banner says why and what to do; a picture fails with the same words; no label, no bar."""
    file = cells["neutrophil"]
    with serving(until="live", models=str(tmp_path)) as service:
        problem = requests.get(f"{service.url}api/health", timeout=10).json()
        page = visit(service.url)
        banner = page.get_by_role("alert")
        expect(banner.get_by_text(problem["title"], exact=True)).to_be_visible()
        expect(banner.get_by_text(problem["detail"], exact=True)).to_be_visible()
        expect(page.get_by_role("banner").get_by_text("Not ready")).to_be_visible()
        choose(page, file)
        shown = panel(page)
        expect(shown.get_by_text(problem["title"], exact=True)).to_be_visible()
        expect(page.get_by_role("table")).to_have_count(0)
        for label in cells:
            for place in (shown, card(page, file.name), page.get_by_role("region", name=file.name)):
                expect(place.get_by_text(words(label)).filter(visible=True)).to_have_count(0)


def test_the_banner_goes_when_the_service_is_well(page: Page) -> None:
    """ "Check again" asks anew."""
    page.route("**/api/health", lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("alert").get_by_text("The service did not answer")).to_be_visible()
    page.unroute("**/api/health")
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_text("Ready, self-test passed")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.fixture
def page_elsewhere(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A copy of the page on a plain file server of its own: (its origin, its index.html)."""
    shutil.copytree(REPOSITORY / "frontend", tmp_path / "page")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "page")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", tmp_path / "page" / "index.html"
        server.shutdown()


def point_at(index: Path, service: Service) -> None:
    """Change the page's one setting."""
    text = index.read_text(encoding="utf-8")
    setting = '<meta name="hematovision-api" content="api/">'
    assert text.count(setting) == 1
    index.write_text(text.replace("api/", f"{service.url}api/"), encoding="utf-8")


def test_a_page_on_an_allowed_origin_is_answered(
    visit: Visit, cells: dict[str, Path], example_pictures: Path, page_elsewhere: tuple[str, Path]
) -> None:
    """The page's one setting and the service's one setting are enough, examples included."""
    origin, index = page_elsewhere
    with serving(cors_origins=origin, examples=str(example_pictures)) as service:
        point_at(index, service)
        page = visit(origin)
        expect(page.get_by_text("Ready, self-test passed")).to_be_visible()
        choose(page, cells["monocyte"])
        expect_answered(card(page, cells["monocyte"].name))
        page.get_by_role("button", name="Try an example").click()
        page.get_by_role("dialog").get_by_role("listitem").first.get_by_role("button").click()
        expect_all_answered(page, 2)


def test_a_page_on_another_origin_is_refused_and_told_how_to_be_allowed(
    visit: Visit, service: Service, cells: dict[str, Path], page_elsewhere: tuple[str, Path]
) -> None:
    """The message names the origin and the setting."""
    origin, index = page_elsewhere
    point_at(index, service)
    page = visit(origin)
    expect(page.get_by_role("alert").get_by_text("The service did not answer")).to_be_visible()
    choose(page, cells["monocyte"])
    expect(panel(page).get_by_text(f"allows {origin} (HEMATOVISION_CORS_ORIGINS)")).to_be_visible()
    expect(panel(page).get_by_role("table")).to_have_count(0)


def test_without_examples_the_tray_says_how_to_get_them(visit: Visit, tmp_path: Path) -> None:
    """The API's own sentence."""
    with serving(examples=str(tmp_path)) as service:
        page = visit(service.url)
        page.get_by_role("button", name="Try an example").click()
        tray = page.get_by_role("dialog", name="Examples")
        expect(tray.get_by_text("Run `hematovision examples` once")).to_be_visible()
        expect(tray.get_by_role("listitem")).to_have_count(0)


def test_an_example_is_answered_like_any_other_picture(page: Page) -> None:
    """The tray shows what is here and whose it is; picking one closes it and sends the picture."""
    page.get_by_role("button", name="Try an example").click()
    tray = page.get_by_role("dialog", name="Examples")
    expect(tray.get_by_role("listitem")).to_have_count(PICTURES_IN_TRAY)
    expect(tray.get_by_text("BCCD Dataset")).to_be_visible()
    first = tray.get_by_role("listitem").first.get_by_role("button")
    name = first.inner_text()
    first.click()
    expect(tray).to_be_hidden()
    expect_answered(card(page, name))
