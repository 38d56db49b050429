"""The pre-classification on the page: what the service counts, and what is left to a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from person import card, cell_words, choose, count_panel, expect_answered, field, group, words
from playwright.sync_api import Locator, Page, expect
from smears import Smear, of_each

DIFFERENTIAL = "**/api/differential"


def interval(ends: dict[str, float], digits: int = 1) -> str:
    return f"{ends['low']:.{digits}f} to {ends['high']:.{digits}f}"


def expect_counted(panel: Locator, result: dict[str, Any]) -> None:
    """Every sentence and every figure of the service's answer."""
    expect(panel.get_by_text(result["message"], exact=True)).to_be_visible()
    expect(panel.get_by_text(result["interval_message"], exact=True)).to_be_visible()
    for note in result["notes"]:
        expect(panel.get_by_text(note, exact=True)).to_be_visible()
    table = panel.get_by_role("table", name="White cells by class")
    for each in result["classes"]:
        row = table.get_by_role("row").filter(has=panel.page.get_by_role("rowheader", name=words(each["label"])))
        expect(row.get_by_role("cell").first).to_have_text(str(each["count"]))
        if each["to_check"]:
            expect(row).to_contain_text(f"{each['to_check']} to check")
        if each["percentage"] is None:
            expect(row.get_by_role("cell")).to_have_count(1)
            continue
        expect(row.get_by_role("cell").nth(1)).to_have_text(f"{each['percentage']:g}")
        expect(row).to_contain_text(interval(each["interval"]))
        if result["held_back"]["cells"]:
            expect(row).to_contain_text(f"held back: {interval(each['range'])}")
        if each["absolute"]:
            expect(row).to_contain_text(
                f"{each['absolute']['value']:.2f} ({interval(each['absolute']['interval'], 2)})"
            )
    expect(panel).to_contain_text(f"{result['platelets']} seen in these pictures, not a concentration")


@pytest.fixture
def sixty(smear: Smear) -> tuple[Path, Path]:
    """Two pictures with 30 cells, an erythroblast and three platelets; three cells are held back."""
    white = [label for label in smear.labels if label not in ("erythroblast", "platelet")]
    counts = {white[-1]: 12, white[-3]: 6, white[0]: 2, "erythroblast": 1, "platelet": 2}
    first = [*of_each(smear, counts), smear.cell(white[-1], confidence=0.7)]
    second = [*of_each(smear, {white[-1]: 9, "platelet": 1}), smear.cell(None), smear.cell(white[1], edge=True)]
    return smear.picture("first.png", first), smear.picture("second.png", [*second, smear.cell(None)])


def test_the_page_shows_what_the_service_counts(page: Page, smear: Smear, sixty: tuple[Path, Path]) -> None:
    """Sentences, counts, per cents, intervals, and the ranges with the cells held back."""
    smear.answering(page)
    choose(page, *sixty)
    result = smear.counted()
    assert not result["counts_only"]
    expect_counted(count_panel(page), result)
    expect(group(page, result["classes"][-1]["label"])).to_be_visible()
    most = max(result["classes"], key=lambda each: each["count"])
    expect(page.get_by_role("heading", level=3, name=words(most["label"]))).to_contain_text(f"{most['count']} counted")


def test_real_fields_are_counted_as_the_service_counts_them(page: Page, fields: dict[str, Path]) -> None:
    """The page sends what /classify answered, and shows the answer to that."""
    with page.expect_response(lambda response: _counts(response.request.post_data_json, 2)) as response:
        choose(page, fields["bccd"], fields["raabin"])
    expect_counted(count_panel(page), response.value.json())


def _counts(body: Any, pictures: int) -> bool:
    return isinstance(body, dict) and len(body.get("answers", [])) == pictures


def test_options_are_the_services_business(page: Page, smear: Smear, sixty: tuple[Path, Path]) -> None:
    """Wanted, widest interval, white count with its correction, cells at the edge: asked for, and shown as answered."""
    smear.answering(page)
    choose(page, *sixty)
    panel = count_panel(page)
    expect_counted(panel, smear.counted())
    panel.get_by_role("radio", name="200").check()
    expect_counted(panel, smear.counted(wanted=200))
    panel.get_by_text("How to count", exact=True).click()
    panel.get_by_label("Limit for the widest interval").fill("20")
    page.keyboard.press("Enter")
    widest = smear.counted(wanted=200, widest=20)
    assert widest["cells_needed"]
    expect(panel.get_by_text(f"{widest['cells_needed']} more white cells")).to_be_visible()
    panel.get_by_label("Analyser's white count").fill("7.4")
    page.keyboard.press("Tab")
    expect(panel.get_by_text(smear.counted(white_count=7.4)["white_count"]["message"])).to_be_visible()
    panel.get_by_label("already corrected").check()
    corrected = smear.counted(wanted=200, widest=20, white_count=7.4, white_count_corrected=True)
    expect(panel.get_by_text(corrected["white_count"]["message"])).to_be_visible()
    expect_counted(panel, corrected)
    panel.get_by_label("Count cells cut by an edge").check()
    options = {"wanted": 200, "widest": 20, "white_count": 7.4, "white_count_corrected": True}
    expect_counted(panel, smear.counted(**options, count_edge=True))


def test_an_option_out_of_bounds_is_refused_in_the_services_words(
    page: Page, smear: Smear, sixty: tuple[Path, Path]
) -> None:
    """Nothing is shown that does not hold any more; back in bounds it is counted again."""
    smear.answering(page)
    choose(page, *sixty)
    panel = count_panel(page)
    expect_counted(panel, smear.counted())
    panel.get_by_text("How to count", exact=True).click()
    with page.expect_response(DIFFERENTIAL) as response:
        panel.get_by_label("Limit for the widest interval").fill("400")
        page.keyboard.press("Enter")
    expect(panel.get_by_text(response.value.json()["detail"])).to_be_visible()
    expect(panel.get_by_role("table")).to_have_count(0)
    panel.get_by_label("Limit for the widest interval").fill("")
    page.keyboard.press("Enter")
    expect_counted(panel, smear.counted())


def test_too_many_held_back_give_counts_only(page: Page, smear: Smear) -> None:
    """And the service's sentence why."""
    label = smear.labels[0]
    file = smear.picture("doubtful.png", [smear.cell(label), smear.cell(label), smear.cell(None)])
    smear.answering(page)
    choose(page, file)
    result = smear.counted()
    assert result["counts_only"]
    expect_counted(count_panel(page), result)
    expect(count_panel(page).get_by_text("95 % interval", exact=True)).to_have_count(0)


def test_cells_held_back_are_listed_and_looked_at(page: Page, smear: Smear, sixty: tuple[Path, Path]) -> None:
    """Each with its reason and its picture; a press shows it in its field."""
    smear.answering(page)
    choose(page, *sixty)
    panel = count_panel(page)
    panel.get_by_text("Held back, not counted").click()
    expect(panel.get_by_role("button", name="second.png")).to_have_count(3)
    panel.get_by_role("button", name="Cut by the edge").click()
    cut = next(cell for cell in smear.answers["second.png"]["cells"] if cell["edge"])
    expect(page.get_by_role("region", name="second.png")).to_be_visible()
    expect(field(page).locator("[aria-selected=true]")).to_have_text(cell_words(cut))


SKETCH = "9ae1b3a5c0f27d68"


def test_one_cell_photographed_twice_can_be_dropped(page: Page, smear: Smear) -> None:
    """The pair is shown, a person drops one, the service counts again; and it can be put back."""
    label = next(each for each in smear.labels if each not in ("erythroblast", "platelet"))
    left = smear.picture("left.png", [smear.cell(label, sketch=SKETCH), smear.cell(label)])
    right = smear.picture("right.png", [smear.cell(label, sketch=SKETCH), smear.cell(label)])
    smear.answering(page)
    choose(page, left, right)
    panel = count_panel(page)
    both = smear.counted()
    assert len(both["overlaps"]) == 1
    expect_counted(panel, both)
    panel.get_by_role("button", name="Drop the cell in right.png").click()
    one = smear.counted(drop=[both["overlaps"][0]["second"]])
    expect_counted(panel, one)
    assert one["white_cells"] == both["white_cells"] - 1
    expect(panel.get_by_text("Perhaps one cell, photographed twice")).to_have_count(0)
    panel.get_by_text("Dropped", exact=True).click()
    panel.get_by_role("button", name="Put back the cell in right.png").click()
    expect_counted(panel, both)


def test_a_picture_that_came_twice_is_named(page: Page, smear: Smear) -> None:
    """By both names; its cells count once."""
    label = smear.labels[0]
    first = smear.picture("first.png", [smear.cell(label), smear.cell(label)], sha256="a" * 64)
    again = smear.picture("again.png", [smear.cell(label), smear.cell(label)], sha256="a" * 64)
    smear.answering(page)
    choose(page, first, again)
    panel = count_panel(page)
    expect_counted(panel, smear.counted())
    panel.get_by_text("Pictures that came twice", exact=True).click()
    expect(panel.get_by_text("again.png is the same picture as first.png, and counts once.")).to_be_visible()


def test_a_picture_taken_away_is_counted_no_more(page: Page, smear: Smear, sixty: tuple[Path, Path]) -> None:
    smear.answering(page)
    choose(page, *sixty)
    expect_counted(count_panel(page), smear.counted())
    card(page, "second.png").get_by_role("button", name="Remove").click()
    del smear.answers["second.png"]
    expect_counted(count_panel(page), smear.counted())


def test_a_count_that_fails_says_why_and_is_tried_again(page: Page, smear: Smear) -> None:
    """The pictures' answers stay. One picture: the answer of a second would have the page count again by itself."""
    file = smear.picture("ten.png", [*of_each(smear, {smear.labels[0]: 4, smear.labels[1]: 6})])
    smear.answering(page)
    page.route(DIFFERENTIAL, lambda route: route.abort())
    choose(page, file)
    panel = count_panel(page)
    expect(panel.get_by_text("The service did not answer")).to_be_visible()
    expect(panel.get_by_role("table")).to_have_count(0)
    page.unroute(DIFFERENTIAL)
    panel.get_by_role("button", name="Count again").click()
    expect_counted(panel, smear.counted())


def test_one_cell_alone_is_not_counted(page: Page, smear: Smear) -> None:
    """Its answer says it all."""
    file = smear.picture("alone.png", [smear.cell(smear.labels[0])])
    smear.answering(page)
    choose(page, file)
    expect_answered(card(page, "alone.png"))
    expect(count_panel(page)).to_have_count(0)
    expect(page.get_by_role("region", name="Cells by class")).to_have_count(0)
