"""A field and its cells: marked, walked, picked, zoomed; and the gallery beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from person import (
    Visit,
    card,
    cell_words,
    choose,
    expect_answered,
    expect_judgement,
    field,
    panel,
)
from PIL import Image
from playwright.sync_api import Locator, Page, Position, expect
from service import Service
from smears import SIDE, Smear

PICKED = "[role=option][aria-selected=true]"


def on_screen(shown: Locator, point: tuple[float, float]) -> Position:
    """Where a point of the square picture is within the field, while all of it is shown."""
    room = shown.bounding_box()
    assert room
    side = min(room["width"], room["height"])
    left, top = (room["width"] - side) / 2, (room["height"] - side) / 2
    return Position(x=left + point[0] / SIDE * side, y=top + point[1] / SIDE * side)


@pytest.mark.parametrize("lab", ["barcelona", "bccd", "raabin"])
def test_a_field_shows_every_cell_the_api_answers(
    page: Page, service: Service, fields: dict[str, Path], lab: str
) -> None:
    """Each in words, the main one picked; what was seen; and each thumbnail in the gallery."""
    file = fields[lab]
    answer = requests.post(f"{service.url}api/classify", files={"image": file.read_bytes()}, timeout=60).json()
    choose(page, file)
    expect_answered(card(page, file.name))
    expect_judgement(panel(page), answer["cells"][0] if answer["cells"] else answer)
    seen = answer["seen"]
    said = page.get_by_role("region", name=file.name).get_by_text("Seen in this picture")
    for kind, name in [("nucleated", "cell"), ("platelet", "platelet"), ("red", "red cell")]:
        expect(said).to_contain_text(f"{seen[kind]} {name}{'' if seen[kind] == 1 else 's'}")
    if answer["cells"]:
        assert field(page).get_by_role("option").all_inner_texts() == [cell_words(cell) for cell in answer["cells"]]
    if len(answer["cells"]) > 1:
        thumbnails = page.get_by_role("region", name="Cells by class").get_by_role("option")
        expect(thumbnails).to_have_count(len(answer["cells"]))


def test_a_cell_is_picked_with_the_mouse(page: Page, smear: Smear, three: Path) -> None:
    """Its bars are shown; where no cell is, nothing changes."""
    smear.answering(page)
    choose(page, three)
    cells = smear.answers[three.name]["cells"]
    shown = field(page)
    for at, point in [(1, (40, 200)), (2, (200, 40)), (0, (120, 120))]:
        shown.click(position=on_screen(shown, point))
        expect_judgement(panel(page), cells[at])
        expect(shown.locator(PICKED)).to_have_text(cell_words(cells[at]))
    shown.click(position=on_screen(shown, (40, 40)))
    expect_judgement(panel(page), cells[0])


def test_cells_are_walked_by_arrow_keys(page: Page, smear: Smear, three: Path) -> None:
    """Sideways from left to right, up and down from top to bottom; both stop at the last."""
    smear.answering(page)
    choose(page, three)
    cells = smear.answers[three.name]["cells"]
    field(page).focus()
    walked = [("ArrowRight", 2), ("ArrowRight", 2), ("ArrowLeft", 0), ("ArrowLeft", 1), ("ArrowUp", 0)]
    walked += [("ArrowUp", 2), ("ArrowDown", 0), ("Home", 1), ("End", 2)]
    for key, at in walked:
        page.keyboard.press(key)
        expect_judgement(panel(page), cells[at])
        active = field(page).get_attribute("aria-activedescendant")
        expect(page.locator(f"[id='{active}']")).to_have_text(cell_words(cells[at]))
    expect(field(page)).to_be_focused()


def test_a_field_is_zoomed_and_moved(page: Page, smear: Smear, three: Path) -> None:
    """By button, key and wheel; a cell drawn to the middle lies there."""
    smear.answering(page)
    choose(page, three)
    shown, fit = field(page), page.get_by_role("button", name="Fit")
    cells = smear.answers[three.name]["cells"]
    expect(fit).to_be_disabled()

    def turn_the_wheel() -> None:
        shown.focus()
        shown.hover()
        page.mouse.wheel(0, -60)

    for zoom in (page.get_by_role("button", name="Zoom in").click, lambda: shown.press("+"), turn_the_wheel):
        zoom()
        expect(fit).to_be_enabled()
        fit.click()
        expect(fit).to_be_disabled()

    before, after = on_screen(shown, (200, 40)), on_screen(shown, (120, 120))
    room = shown.bounding_box()
    assert room
    shown.focus()
    for _ in range(4):
        page.keyboard.press("+")
    page.mouse.move(room["x"] + after["x"], room["y"] + after["y"])
    page.mouse.down()
    grown = 1.4**4
    page.mouse.move(
        room["x"] + after["x"] - grown * (before["x"] - after["x"]),
        room["y"] + after["y"] - grown * (before["y"] - after["y"]),
        steps=5,
    )
    page.mouse.up()
    expect_judgement(panel(page), cells[0])
    shown.click(position=after)
    expect_judgement(panel(page), cells[2])


def test_the_wheel_scrolls_the_page_until_the_field_has_the_focus(page: Page, smear: Smear, three: Path) -> None:
    """Nobody is caught in a picture while scrolling past it."""
    smear.answering(page)
    choose(page, three)
    expect_judgement(panel(page), smear.answers[three.name]["cells"][0])
    field(page).hover()
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 100)
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") > before
    expect(page.get_by_role("button", name="Fit")).to_be_disabled()


def test_two_fingers_zoom(visit: Visit, service: Service, smear: Smear, three: Path) -> None:
    """On a phone, where the picture fits in and one finger scrolls the page."""
    page = visit(service.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    smear.answering(page)
    choose(page, three)
    expect_judgement(panel(page), smear.answers[three.name]["cells"][0])
    field(page).scroll_into_view_if_needed()
    room = field(page).bounding_box()
    assert room
    x, y = room["x"] + room["width"] / 2, room["y"] + room["height"] / 2
    fingers = page.context.new_cdp_session(page)
    for kind, apart in [("touchStart", 20), ("touchMove", 40), ("touchMove", 60), ("touchEnd", 0)]:
        points = [{"x": x - apart, "y": y}, {"x": x + apart, "y": y}] if apart else []
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(page.get_by_role("button", name="Fit")).to_be_enabled()
    assert page.evaluate("visualViewport.scale") == 1


def test_red_cells_are_shown_on_request(page: Page, service: Service, fields: dict[str, Path]) -> None:
    """Their boxes are asked for then, once a picture."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "boxes=all" in request.url else None)
    choose(page, fields["bccd"])
    expect_answered(card(page, fields["bccd"].name))
    button = page.get_by_role("button", name="Red cells")
    marks = page.get_by_role("list", name="Marks")
    assert asked == []
    expect(button).to_have_attribute("aria-pressed", "false")
    with page.expect_response("**/api/classify?why=labels&boxes=all"):
        button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(marks.get_by_text("Red cell")).to_be_visible()
    button.click()
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert asked == [f"{service.url}api/classify?why=labels&boxes=all"]


def test_a_tiff_is_answered_without_being_drawn(page: Page, cells: dict[str, Path], tmp_path: Path) -> None:
    """Browsers do not draw TIFF; the service reads it."""
    tiff = tmp_path / "cell.tiff"
    with Image.open(cells["neutrophil"]) as picture:
        picture.save(tiff)
    choose(page, tiff)
    expect(card(page, "cell.tiff").get_by_text("No preview")).to_be_visible()
    expect(page.get_by_text("This browser cannot draw this kind of file.")).to_be_visible()
    expect_answered(card(page, "cell.tiff"))


def test_a_field_is_drawn(page: Page, smear: Smear, three: Path) -> None:
    """Its canvas shows the picture in the middle, and a mark's light line around the picked cell."""
    smear.answering(page)
    choose(page, three)
    expect_judgement(panel(page), smear.answers[three.name]["cells"][0])
    expect(page.get_by_role("region", name="Cells by class").locator("canvas")).to_have_count(3)
    with Image.open(three) as picture:
        expected = picture.convert("RGB").crop((60, 60, 61, 61)).tobytes()
    shown = field(page)
    found = shown.locator("canvas").evaluate(
        "(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data]",
        list(on_screen(shown, (60.5, 60.5)).values()),
    )
    assert max(abs(a - b) for a, b in zip(found, expected, strict=False)) < 30


def test_where_a_class_was_seen_is_shown_by_a_key(page: Page, smear: Smear) -> None:
    """A cloud over the picked cell, thick where much was seen; of a cell without a label nothing is claimed."""
    told = {"name": "nucleus_shape", "leaning": False, "values": [
        {"value": "segmented-bilobed", "probability": 0.75}, {"value": "unsegmented-round", "probability": 0.25},
    ]}  # fmt: skip
    leaning = {"name": "band_or_segmented", "leaning": True, "values": [
        {"value": "band", "probability": 0.125}, {"value": "segmented", "probability": 0.875},
    ]}  # fmt: skip
    seen_at = [[0.0] * 4, [0.0, 9.0, 0.0, 0.0], [0.0] * 4, [-9.0] * 4]
    why = {"x": 80.0, "y": 80.0, "side": 80.0, "seen_at": seen_at, "readings": [told, leaning]}
    cells = [smear.cell("neutrophil", at=(120, 120), side=60, why=why), smear.cell(None, at=(40, 200), side=40)]
    smear.answering(page)
    choose(page, smear.picture("two.png", cells))
    expect_judgement(panel(page), cells[0])
    panel(page).get_by_text("Read off the cell").click()
    row = panel(page).get_by_role("row").filter(has_text="Nucleus shape")
    expect(row.get_by_role("cell").nth(0)).to_have_text("Segmented-bilobed")
    expect(row).to_contain_text("75.0%")
    expect(panel(page).get_by_text("Leans to segmented 87.5%.")).to_be_visible()

    shown, button = field(page), page.get_by_role("button", name="Why")

    def blue(x: int, y: int) -> int:
        """Of the canvas at this point of the picture; the cloud is yellow."""
        script = "(canvas, [x, y]) => canvas.getContext('2d').getImageData(x, y, 1, 1).data[2]"
        return int(shown.locator("canvas").evaluate(script, list(on_screen(shown, (x, y)).values())))

    hot, cold = (110, 110), (110, 150)
    before = blue(*hot), blue(*cold)
    page.keyboard.press("w")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("() => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
    assert blue(*hot) < before[0] - 20 and abs(blue(*cold) - before[1]) < 10
    shown.click(position=on_screen(shown, (40, 200)))
    expect_judgement(panel(page), cells[1])
    expect(button).to_be_disabled()
    expect(panel(page).get_by_text("Read off the cell")).to_have_count(0)
