"""The bundle in use on drawn fields, where it is known what is there."""

from __future__ import annotations

import math

import pytest

from hematovision.cells import Answer, Cell
from hematovision.differential import Options, PictureCells, count_cells
from hematovision.inference import InferenceService
from hematovision.training.drawn import Drawn, draw, drawn_field

RADIUS = 66.0  # of a nucleated cell in 360 pixels, as Barcelona's
SEEDS = range(4)


def nucleated(answer: Answer) -> list[Cell]:
    return [cell for cell in answer.cells if cell.kind == "nucleated"]


def holds(cell: Cell, x: float, y: float) -> bool:
    box = cell.box
    return box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height


def sides_are(cell: Cell, side: float) -> bool:
    return all(0.7 * side < each < 1.4 * side for each in (cell.box.width, cell.box.height))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("lobes", [2, 3, 4, 5])
def test_the_lobes_of_one_nucleus_are_one_cell(service: InferenceService, lobes: int, seed: int) -> None:
    [cell] = nucleated(service.classify(drawn_field(360, 360, [Drawn("nucleated", 180, 180, RADIUS, lobes)], seed)))
    assert holds(cell, 180, 180)
    assert sides_are(cell, 2 * RADIUS)
    assert not cell.edge


@pytest.mark.parametrize("seed", SEEDS)
def test_two_cells_whose_bodies_touch_are_two(service: InferenceService, seed: int) -> None:
    places = [(180 - RADIUS, 180.0), (180 + RADIUS, 180.0)]
    answer = service.classify(drawn_field(400, 360, [Drawn("nucleated", x, y, RADIUS) for x, y in places], seed))
    cells = nucleated(answer)
    assert len(cells) == 2
    assert all(sum(holds(cell, x, y) for cell in cells) == 1 for x, y in places)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clump_of_platelets_is_not_nucleated(service: InferenceService, seed: int) -> None:
    around = [(180 + 26 * math.cos(k), 180 + 26 * math.sin(k)) for k in range(6)]
    clump = [Drawn("platelet", x, y, 13) for x, y in around]
    red = [Drawn("red", 60 + 80 * column, 70 + 220 * row, 35) for column in range(4) for row in range(2)]
    assert not nucleated(service.classify(draw(360, 360, clump + red, seed)))


@pytest.mark.parametrize("lobes", [1, 3])
@pytest.mark.parametrize(("x", "y"), [(40, 180), (320, 180), (180, 40), (180, 320)])
def test_a_cell_cut_by_the_edge_is_flagged_and_left_out_of_the_count(
    service: InferenceService, x: float, y: float, lobes: int
) -> None:
    answer = service.classify(drawn_field(360, 360, [Drawn("nucleated", x, y, RADIUS, lobes)], seed=1))
    [cell] = nucleated(answer)
    assert cell.edge
    if cell.label == "platelet":
        pytest.fail("a cut nucleated cell was called a platelet")
    counted = count_cells([PictureCells.of(answer)])
    assert counted.white_cells + counted.erythroblasts.count == 0
    assert [held.reason for held in counted.held_back.cells] == ["edge" if cell.label else "unfamiliar"]
    with_edge = count_cells([PictureCells.of(answer)], Options(count_edge=True))
    assert with_edge.white_cells + with_edge.erythroblasts.count == bool(cell.label)


@pytest.mark.parametrize("seed", SEEDS)
def test_red_cells_are_counted_as_they_were_drawn(service: InferenceService, seed: int) -> None:
    """Twenty whole red cells of one size, none touching."""
    red = [Drawn("red", 45 + 72 * (k % 5) + 4 * seed, 50 + 85 * (k // 5), 30) for k in range(20)]
    answer = service.classify(draw(400, 360, red, seed), red_cells=True)
    assert answer.status == "no_cells"
    assert answer.seen.red == pytest.approx(20, abs=1)
    assert all(cell.kind == "red" and cell.status is None for cell in answer.cells)


def test_a_large_field_shows_the_cells_of_its_parts(service: InferenceService) -> None:
    """Sixteen nucleated cells over 1600 x 1200 pixels: several windows, none lost or doubled at their borders."""
    places = [(200 + 400 * column, 150 + 300 * row) for column in range(4) for row in range(4)]
    cells = [Drawn("nucleated", x, y, 50, 1 + index % 3) for index, (x, y) in enumerate(places)]
    found = nucleated(service.classify(drawn_field(1600, 1200, cells, seed=3)))
    assert len(found) == len(places)
    assert all(sum(holds(cell, x, y) for cell in found) == 1 for x, y in places)
