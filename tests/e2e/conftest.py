"""The real service, the real model and a real browser; real cells from the data folder where there is one."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from person import PICTURES_IN_TRAY, Visit
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from service import CHROMIUM, CHROMIUM_ARGUMENTS, Service, serving
from smears import Smear
from synthetic import stained_cell

from hematovision.examples import EXAMPLES
from house import lacking


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        lacking(f"no Chromium at {CHROMIUM}")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def cells(data: Path) -> dict[str, Path]:
    """One real cell of each class, from Barcelona's test rows."""
    with (data / "cells.csv").open(encoding="utf-8", newline="") as rows:
        test = [row for row in csv.DictReader(rows) if (row["lab"], row["split"]) == ("barcelona", "test")]
    return {row["label"]: data / row["path"] for row in reversed(test)}


@pytest.fixture(scope="session")
def fields(data: Path) -> dict[str, Path]:
    """One real field of each laboratory: the first of its test rows, or of all where it has none."""
    with (data / "fields.csv").open(encoding="utf-8", newline="") as rows:
        ordered = sorted(csv.DictReader(rows), key=lambda row: (row["split"] == "test", row["path"]), reverse=True)
    return {row["lab"]: data / row["path"] for row in reversed(ordered)}


@pytest.fixture
def smear(service: Service, tmp_path: Path) -> Smear:
    """Pictures with cells that the test makes up."""
    return Smear(service, tmp_path)


@pytest.fixture
def three(smear: Smear) -> Path:
    """One picture with three cells: from left to right 1, 0, 2; from top to bottom 2, 0, 1."""
    cells = [
        smear.cell(smear.labels[0], at=(120, 120), side=40),
        smear.cell(smear.labels[1], at=(40, 200), side=40, confidence=0.6),
        smear.cell(smear.labels[2], at=(200, 40), side=40),
    ]
    return smear.picture("three.png", cells)


@pytest.fixture(scope="session")
def example_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with drawings under the names of the first pinned examples."""
    folder = tmp_path_factory.mktemp("examples")
    for seed, example in enumerate(EXAMPLES[:PICTURES_IN_TRAY]):
        stained_cell(seed, side=120).save(folder / example.name)
    return folder


@pytest.fixture(scope="session")
def service(example_pictures: Path) -> Iterator[Service]:
    with serving(examples=str(example_pictures)) as running:
        yield running


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """`visit(url, **context)` opens a page as a new visitor; whatever its scripts throw fails the test."""
    contexts = []
    thrown: list[str] = []

    def _console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            thrown.append(message.text)

    def _visit(url: str, **context: object) -> Page:
        contexts.append(browser.new_context(**context))  # type: ignore[arg-type]
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.on("console", _console)
        page.on("filechooser", lambda chooser: None)  # caught from the start: never a native dialog, however slow
        page.goto(url)
        return page

    yield _visit
    for context in contexts:
        context.close()
    assert thrown == []


@pytest.fixture
def page(visit: Visit, service: Service) -> Page:
    """The page of the real service, as a new visitor finds it."""
    return visit(service.url)
