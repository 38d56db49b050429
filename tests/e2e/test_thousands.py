"""Thousands of pictures as a person sees them: an archive sent, how far it is, its result, and what was refused."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from person import Visit, tab_to
from playwright.sync_api import Locator, Page, expect
from service import Service, serving
from synthetic import stained_cell

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PATIENCE = 120_000  # milliseconds in which a batch of three must be answered


@pytest.fixture
def alone() -> Iterator[Service]:
    """A service without login, with records of its own."""
    with serving() as running:
        yield running


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "smears.zip", "w") as packed:
        for seed in range(3):
            written = io.BytesIO()
            stained_cell(seed, side=120).save(written, "PNG")
            packed.writestr(f"slide/{seed}.png", written.getvalue())
        packed.writestr("slide/broken.png", b"no picture")
    return tmp_path / "smears.zip"


def batches(page: Page) -> Locator:
    return page.get_by_role("region", name="Thousands of pictures").get_by_role("article")


def send(page: Page, file: Path) -> None:
    """By keyboard, from the link to the batches on."""
    tab_to(page, page.get_by_role("link", name="Batches"))
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Choose an archive")
    tab_to(page, button)
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(file)


def test_an_archive_is_sent_answered_and_forgotten_by_keyboard(
    visit: Visit, alone: Service, archive: Path, tmp_path: Path
) -> None:
    page = visit(alone.url)
    send(page, archive)
    expect(batches(page)).to_have_count(1)
    expect(page.get_by_role("button", name="Choose an archive")).to_be_enabled()
    expect(batches(page).get_by_text("Done", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(batches(page)).to_contain_text("4 pictures, 1 of them could not be answered")
    expect(page.get_by_role("status")).to_contain_text("Done")
    tab_to(page, batches(page).get_by_role("link", name="CSV"))
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "batch.csv")
    rows = list(csv.DictReader((tmp_path / "batch.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["picture"]: row["row"] for row in rows if row["row"] != "cell"} == {
        **{f"slide/{seed}.png": "picture" for seed in range(3)}, "slide/broken.png": "failure",
    }  # fmt: skip
    tab_to(page, batches(page).get_by_role("button", name="Delete"))
    page.keyboard.press("Enter")
    expect(batches(page)).to_have_count(0)
    expect(page.get_by_role("heading", name="Thousands of pictures")).to_be_focused()
    assert requests.get(f"{alone.url}api/batches", timeout=10).json()["batches"] == []


def test_what_is_no_archive_is_refused_and_says_so(visit: Visit, service: Service, tmp_path: Path) -> None:
    (tmp_path / "notes.zip").write_bytes(b"no archive" * 1000)
    page = visit(service.url)
    send(page, tmp_path / "notes.zip")
    expect(page.get_by_role("alert").get_by_text("These pictures cannot be read")).to_be_visible()
    expect(batches(page)).to_have_count(0)


def told(state: str, number: int, **more: Any) -> dict[str, Any]:
    progress = {"pictures": 1234, "failures": 3, "total": 50_000, "rate": 12.3}
    facts = {"user": None, "problem": None, "until": None, "seconds_left": None, "progress": progress}
    id = f"00000000-0000-4000-8000-00000000000{number}"
    return {"id": id, "at": f"2026-03-01T12:0{number}:00+00:00", "state": state, **facts, **more}


TOLD = [
    told("waiting", 0, progress={"pictures": 0, "failures": 0, "total": None, "rate": None}),
    told("waiting", 1, problem={"code": "storage_full", "detail": "The disk is full. Make room."}),
    told("running", 2, seconds_left=3964),
    told("done", 3, until="2026-03-08T12:00:00+00:00"),
    told("failed", 4, problem={"code": "source_refused", "detail": "The archive is a bomb. Pack it again."}),
]


def shown(page: Page) -> None:
    """One batch of each kind, and an archive on its way."""
    answer = json.dumps({"batches": TOLD, "max_bytes": 1024**3})

    def answered(route: Any) -> None:
        if route.request.method == "GET":  # what is sent stays on its way
            route.fulfill(content_type="application/json", body=answer)

    page.route("**/api/batches", answered)
    page.get_by_role("link", name="Batches").click()
    expect(batches(page)).to_have_count(len(TOLD))


def test_each_tells_how_far_it_is_and_can_be_cancelled(visit: Visit, service: Service) -> None:
    page = visit(service.url)
    shown(page)
    running = batches(page).nth(2)
    expect(running).to_contain_text("1,234 of 50,000 pictures, 3 of them could not be answered")
    expect(running).to_contain_text("12.3 a second · about 66 minutes left")
    bar = running.get_by_role("progressbar")
    assert bar.evaluate("bar => bar.value / bar.max") == 1234 / 50_000
    expect(batches(page).nth(1)).to_contain_text("The disk is full. Make room.")
    expect(batches(page).nth(4)).to_contain_text("The archive is a bomb.")
    with page.expect_request(lambda request: request.method == "DELETE") as asked:
        running.get_by_role("button", name="Cancel").click()
    assert asked.value.url.endswith(f"batches/{TOLD[2]['id']}")


def test_sending_can_be_stopped_and_the_focus_is_kept(visit: Visit, service: Service, archive: Path) -> None:
    page = visit(service.url)
    shown(page)
    send(page, archive)
    stop = page.get_by_role("button", name="Stop sending")
    expect(stop).to_be_focused()
    expect(page.get_by_role("progressbar", name="Archive sent")).to_be_visible()
    page.keyboard.press("Enter")
    expect(stop).to_be_hidden()
    expect(page.get_by_role("button", name="Choose an archive")).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(visit: Visit, service: Service, archive: Path, theme: str) -> None:
    page = visit(service.url, color_scheme=theme, reduced_motion="reduce")
    shown(page)
    send(page, archive)
    expect(page.get_by_role("button", name="Stop sending")).to_be_visible()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_a_phone_never_scrolls_sideways(visit: Visit, service: Service, archive: Path) -> None:
    page = visit(service.url, **PHONE)
    shown(page)
    send(page, archive)
    expect(page.get_by_role("button", name="Stop sending")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
