"""The history as a person sees it: its lines, filters and pages, one entry, its erasure, and the drift of days."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from laboratory import A_DAY, DAYS, fill
from person import Visit, choose, panel, tab_to
from playwright.sync_api import Locator, Page, expect
from service import Service, serving
from smears import Smear

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
ALL = DAYS * A_DAY + 1


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Service]:
    """A service without login that has recorded for twelve days."""
    fill(tmp_path / "past")
    with serving(records=str(tmp_path / "past")) as running:
        yield running


def lines(page: Page) -> Locator:
    """Those of the table, without its head."""
    return page.get_by_role("table", name="Recorded predictions").locator("tbody").get_by_role("row")


def look_back(page: Page) -> None:
    page.get_by_role("link", name="History").click()
    expect(lines(page).first).to_be_visible()


def statistics(service: Service, **query: str) -> list[dict[str, object]]:
    days: list[dict[str, object]] = requests.get(
        f"{service.url}api/history/statistics", params=query, timeout=10
    ).json()["days"]
    return days


def test_the_pages_hold_all_lines(visit: Visit, past: Service) -> None:
    page = visit(past.url)
    look_back(page)
    older, newer = (page.get_by_role("button", name=name, exact=True) for name in ("Older", "Newer"))
    expect(lines(page)).to_have_count(50)
    expect(newer).to_be_disabled()
    older.press("Enter")
    expect(lines(page)).to_have_count(ALL - 50)
    expect(older).to_be_disabled()
    expect(older).to_be_focused()
    newer.click()
    expect(lines(page)).to_have_count(50)


def test_filters_are_heard_by_lines_csv_and_statistics(visit: Visit, past: Service, tmp_path: Path) -> None:
    page = visit(past.url)
    look_back(page)
    newest = str(statistics(past)[0]["day"])
    page.get_by_label("From", exact=True).fill(newest)
    page.get_by_label("To", exact=True).fill(newest)
    expect(lines(page)).to_have_count(A_DAY + 1)
    expect(page.get_by_text("Figures of 1 day")).to_be_visible()
    page.get_by_role("combobox", name="Status").select_option("Unfamiliar")
    expect(lines(page)).to_have_count(1)
    expect(lines(page)).to_contain_text("Unfamiliar")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    download.value.save_as(tmp_path / "history.csv")
    rows = list(csv.DictReader((tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["status"] for row in rows] == ["unfamiliar"]
    page.get_by_role("combobox", name="Class").select_option("Basophil")
    expect(page.get_by_text("Nothing is recorded that fits.")).to_be_visible()


def test_the_drift_is_drawn_as_the_service_counted_it(visit: Visit, past: Service) -> None:
    page = visit(past.url)
    look_back(page)
    days = statistics(past)[::-1]
    for name, share in (("Check", "check"), ("Unfamiliar", "unfamiliar")):
        drawing = page.get_by_role("img", name=f"{name}, share by day, {days[0]['day']} to {days[-1]['day']}")
        heights = drawing.locator(f"rect.{share}").evaluate_all(
            "bars => bars.map((bar) => +bar.getAttribute('height'))"
        )
        assert heights == pytest.approx([100 * float(str(day[share])) for day in days])
    labels = page.get_by_role("img", name="Labels, share by day").locator("rect[class^=class]")
    expect(labels).to_have_count(sum(len(day["labels"]) for day in days))  # type: ignore[arg-type]
    page.get_by_text(f"Figures of {DAYS} days").click()
    figures = page.get_by_role("region", name="Figures by day").locator("tbody").get_by_role("row")
    expect(figures).to_have_count(DAYS)
    expect(figures.first).to_contain_text(str(days[-1]["day"]))


def test_an_entry_is_opened_and_erased_by_keyboard(visit: Visit, past: Service) -> None:
    page = visit(past.url)
    look_back(page)
    first = lines(page).first.get_by_role("button")
    tab_to(page, first)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Recorded prediction")
    expect(dialog.get_by_role("table", name="Probability of each class").first).to_be_visible()
    [newest, *_] = requests.get(f"{past.url}api/history", timeout=10).json()["predictions"]
    expect(dialog.get_by_text(newest["image"]["sha256"])).to_be_visible()
    expect(dialog.get_by_text("Basophil, 97.0%, confident")).to_be_visible()
    tab_to(page, dialog.get_by_text("Erase this entry"))
    page.keyboard.press("Enter")
    erase = dialog.get_by_role("button", name="Erase for good")
    erase.click()
    expect(dialog).to_be_visible()  # not without a reason
    assert requests.get(f"{past.url}api/history/{newest['id']}", timeout=10).status_code == 200
    dialog.get_by_label("Why it is erased").fill("sent by mistake")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name="History", exact=True)).to_be_focused()
    assert requests.get(f"{past.url}api/history/{newest['id']}", timeout=10).status_code == 404


def test_what_cannot_be_looked_up_says_so(visit: Visit, past: Service) -> None:
    page = visit(past.url)
    look_back(page)
    [newest, *_] = requests.get(f"{past.url}api/history", timeout=10).json()["predictions"]
    requests.delete(f"{past.url}api/history/{newest['id']}", timeout=10).raise_for_status()
    lines(page).first.get_by_role("button").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("No such prediction")


def test_switched_off_the_history_says_so(visit: Visit, service: Service) -> None:
    with serving(recording="off") as off:
        page = visit(off.url)
        expect(page.get_by_role("heading", name="The model")).to_be_visible()
        expect(page.get_by_text("Answers are recorded there")).to_be_hidden()
        page.get_by_role("link", name="History").click()
        expect(page.get_by_role("alert")).to_contain_text("Nothing is recorded here")


def test_an_answer_that_was_not_recorded_is_marked(page: Page, smear: Smear) -> None:
    smear.answering(page)
    kept, lost = (smear.picture(f"{name}.png", [smear.cell(smear.labels[0])]) for name in ("kept", "lost"))
    smear.answers["kept.png"] |= {"recorded": True, "id": "1"}
    smear.answers["lost.png"] |= {"recorded": False, "id": None}
    choose(page, kept)
    expect(panel(page)).to_be_visible()
    expect(page.get_by_text("Not recorded")).to_be_hidden()
    choose(page, lost)
    expect(page.get_by_text("Not recorded: this answer will not be in the history.")).to_be_visible()


def test_the_view_is_kept_over_a_reload_and_the_pictures_over_the_view(page: Page, smear: Smear) -> None:
    smear.answering(page)
    choose(page, smear.picture("one.png", [smear.cell(smear.labels[0])]))
    expect(page.get_by_role("article")).to_have_count(1)
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("article")).to_be_hidden()
    page.get_by_role("link", name="Pictures", exact=True).click()
    expect(page.get_by_role("article")).to_be_visible()
    page.get_by_role("link", name="History").click()
    page.reload()
    expect(page.get_by_role("heading", name="History", exact=True)).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(visit: Visit, past: Service, theme: str) -> None:
    page = visit(past.url, color_scheme=theme, reduced_motion="reduce")
    look_back(page)
    page.get_by_text(f"Figures of {DAYS} days").click()
    expect_no_violation(page)
    lines(page).first.get_by_role("button").click()
    page.get_by_text("Erase this entry").click()
    page.get_by_text("Basophil, 97.0%, confident").click()
    expect_no_violation(page)


def expect_no_violation(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_a_phone_never_scrolls_sideways(visit: Visit, past: Service) -> None:
    page = visit(past.url, **PHONE)
    expect(page.get_by_text("Answers are recorded there, pictures are not.")).to_be_visible()
    look_back(page)
    entries = page.locator("hv-history .entries")
    assert entries.evaluate("card => card.scrollWidth <= card.clientWidth")  # no line sticks out of its card
    page.get_by_text(f"Figures of {DAYS} days").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    lines(page).first.get_by_role("button").click()
    expect(page.get_by_role("table", name="Probability of each class").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
