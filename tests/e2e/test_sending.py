"""Many pictures: three are sent at a time, each is answered as it comes, and all can be stopped."""

from __future__ import annotations

from pathlib import Path

from person import card, choose, expect_all_answered, expect_answered, panel
from playwright.sync_api import Page, Request, Route, expect

CLASSIFY = "**/api/classify?why=labels"


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
        if request.url.endswith("/api/classify?why=labels"):
            open_requests.add(request)
            in_flight.append(len(open_requests))

    page.on("request", started)
    page.on("requestfinished", lambda request: open_requests.discard(request))
    files = list(cells.values())[:6]
    choose(page, *files)
    cards = page.get_by_role("article")
    expect(cards.filter(has_text="Sending")).to_have_count(3)
    expect(cards.filter(has_text="Waiting")).to_have_count(3)
    for answered in range(1, 7):
        gate.let_go(1)
        expect_all_answered(page, answered)
        expect(cards.filter(has_text="Sending")).to_have_count(min(3, 6 - answered))
        done = f"{answered} of 6 pictures done" if answered < 6 else "6 pictures"
        expect(page.get_by_text(done, exact=True)).to_be_visible()
    assert len(in_flight) == 6
    assert max(in_flight) == 3
    for file in files:
        expect_answered(card(page, file.name))


def test_a_running_request_can_be_stopped_and_sent_again(page: Page, cells: dict[str, Path]) -> None:
    """Stopping aborts the request itself; no answer comes after."""
    file = cells["basophil"]
    Gate(page)
    choose(page, file)
    shown = card(page, file.name)
    expect(shown.get_by_text("Sending", exact=True)).to_be_visible()
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/api/classify?why=labels")):
        shown.get_by_role("button", name="Stop").click()
    expect(panel(page).get_by_text("Stopped before an answer came.")).to_be_visible()
    expect(panel(page).get_by_role("table")).to_have_count(0)
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
    expect_all_answered(page, 3)
    expect(last.get_by_text("Stopped", exact=True)).to_be_visible()
    assert gate.arrived == 3


def test_all_that_runs_can_be_stopped_at_once(page: Page, cells: dict[str, Path]) -> None:
    """What was answered stays; the rest is aborted or never sent."""
    gate = Gate(page)
    choose(page, *list(cells.values())[:6])
    gate.let_go(1)
    expect_all_answered(page, 1)
    page.get_by_role("button", name="Stop all").click()
    expect(page.get_by_role("article").filter(has_text="Stopped")).to_have_count(5)
    expect(page.get_by_role("button", name="Stop all")).to_have_count(0)
    expect_all_answered(page, 1)
