"""Labelled pictures become standard pictures of their main cell, just as they will be framed when they are answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discs import FITTED, Disc, SeesDiscs, drawn_field
from hematovision.background import background_of
from hematovision.errors import LabelsRefused
from hematovision.framing import frame
from hematovision.locator import Found, locate, main_of
from hematovision.training.framed import ROOM, FramedCell, framed, middle
from hematovision.training.labs import LabelledCell
from pictures import RGB, encoded

SIZE, CONTEXT = 64, 1.4
MAIN, OTHER = Disc(150, 140, 100), Disc(270, 250, 90)
PLATELET, RED = Disc(60, 60, 25, "platelet"), Disc(150, 150, 50, "red")


def see(rgb: RGB) -> list[Found]:
    return locate(rgb, SeesDiscs(), FITTED)


def quiet(*step: object) -> None:
    pass


@pytest.fixture
def labelled(tmp_path: Path) -> Callable[..., LabelledCell]:
    """`labelled(disc, ...)` is a picture of these discs with a label."""

    def write(*discs: Disc) -> LabelledCell:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.png"
        path.write_bytes(encoded(Image.fromarray(drawn_field(discs, 300, 280))))
        return LabelledCell(path, "here", "monocyte", path.stem, "train")

    return write


def framed_of(*cells: LabelledCell) -> list[FramedCell]:
    return framed(cells, see, SIZE, CONTEXT, quiet)


def test_it_has_room_around_the_standard_picture(labelled: Callable[..., LabelledCell]) -> None:
    [each] = framed_of(labelled(MAIN))
    assert each.rgb.shape == (round(ROOM * SIZE), round(ROOM * SIZE), 3)
    assert middle(each.rgb, SIZE).shape == (SIZE, SIZE, 3)


def test_its_middle_is_what_will_be_classified_when_it_is_answered(labelled: Callable[..., LabelledCell]) -> None:
    [each] = framed_of(labelled(MAIN, OTHER, RED))
    rgb = drawn_field((MAIN, OTHER, RED), 300, 280)
    main = main_of(see(rgb), 300, 280)
    assert main is not None
    served = frame(rgb, main.centre, CONTEXT * main.side, SIZE, background_of(rgb))
    assert np.abs(middle(each.rgb, SIZE).astype(int) - served).mean() < 1


def test_it_is_of_the_main_cell(labelled: Callable[..., LabelledCell]) -> None:
    alone, among = framed_of(labelled(MAIN), labelled(MAIN, PLATELET, RED))
    shifted = middle(among.rgb, SIZE).astype(int) - middle(alone.rgb, SIZE)
    assert np.abs(shifted[..., 1]).mean() < 2  # the green light, which nucleated cells swallow alone


def test_a_picture_without_a_cell_to_classify_is_left_out(labelled: Callable[..., LabelledCell]) -> None:
    cells = labelled(MAIN), labelled(RED), labelled(), labelled(PLATELET)
    assert [each.cell for each in framed_of(*cells)] == [cells[0], cells[3]]


def test_where_a_box_says_which_cell_is_meant_it_is_of_that_one(labelled: Callable[..., LabelledCell]) -> None:
    field = labelled(MAIN, OTHER, PLATELET, RED)
    [each] = framed_of(replace(field, box=(48, 46, 74, 73)))
    [alone] = framed_of(labelled(PLATELET))
    assert each.kind == alone.kind == "platelet"
    assert np.abs(middle(each.rgb, SIZE).astype(int) - middle(alone.rgb, SIZE)).mean() < 3


@pytest.mark.parametrize("box", [(125, 125, 175, 175), (10, 200, 40, 230)])
def test_a_box_in_which_nothing_is_found_is_left_out(
    labelled: Callable[..., LabelledCell], box: tuple[float, float, float, float]
) -> None:
    assert framed_of(replace(labelled(OTHER, RED), box=box), replace(labelled(), box=box)) == []


def test_progress_is_told_of_every_picture(labelled: Callable[..., LabelledCell]) -> None:
    told: list[tuple[int, int]] = []
    cells = [labelled(MAIN), labelled(RED)]
    framed(cells, see, SIZE, CONTEXT, lambda what, done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("content", [b"no picture", b"", None])
def test_a_picture_that_cannot_be_read_is_named(labelled: Callable[..., LabelledCell], content: bytes | None) -> None:
    cell = labelled(MAIN)
    cell.path.unlink() if content is None else cell.path.write_bytes(content)
    with pytest.raises(LabelsRefused, match=rf"{cell.path.name} cannot be read"):
        framed_of(cell)
