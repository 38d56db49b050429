"""Labelled pictures are read from a table or from folders, fall on one side each, and are varied like slides vary."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hematovision.background import WHITE
from hematovision.errors import LabelsRefused
from hematovision.training.augment import Augmentation, augmented, convolved
from hematovision.training.labs import labels_of, list_hash, read_cells
from hematovision.training.splits import split_of
from pictures import drawn_cell, encoded, pixels

COLUMNS = ["path", "lab", "label", "sublabel", "group", "split"]
ROWS = [
    ("a/1.png", "barcelona", "neutrophil", "SNE", "g1", "train"),
    ("a/2.png", "barcelona", "lymphocyte", "LY", "g2", "test"),
    ("b/3.png", "bccd", "basophil", "", "g3", "val"),
]
CELL = pixels(drawn_cell())
STILL = Augmentation(
    zoom=(1, 1),
    shift=0,
    strength=(1, 1),
    curve=(1, 1),
    channel=0,
    mixing=0,
    brightness=(1, 1),
    blur=0,
    jpeg_quality=(95, 96),
    convolved=0,
    poor=0,
)  # turned and mirrored all the same


@pytest.fixture
def table(tmp_path: Path) -> Path:
    with (tmp_path / "cells.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *ROWS])
    return tmp_path


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """A laboratory's own pictures: one folder per class, with things beside them that are none."""
    for label in ("neutrophil", "lymphocyte"):
        (tmp_path / label).mkdir()
        for seed in range(12):
            (tmp_path / label / f"{seed}.png").write_bytes(encoded(drawn_cell(seed + 50 * len(label))))
    (tmp_path / "lymphocyte" / "notes.txt").write_text("bed 4")
    (tmp_path / "neutrophil" / "UPPER.JPG").write_bytes(encoded(drawn_cell(99), "JPEG"))
    (tmp_path / "loose.png").write_bytes(encoded(drawn_cell()))
    return tmp_path


def test_the_table_is_read_as_it_stands(table: Path) -> None:
    cells = read_cells(table)
    assert [(cell.lab, cell.label, cell.group, cell.split) for cell in cells] == [
        (row[1], row[2], *row[4:]) for row in ROWS
    ]
    assert cells[0].path == table / "a" / "1.png"


def test_only_the_laboratories_asked_for_are_read(table: Path) -> None:
    assert {cell.lab for cell in read_cells(table, ["bccd"])} == {"bccd"}
    with pytest.raises(LabelsRefused):
        read_cells(table, ["nowhere"])


def test_each_folder_is_a_class(folders: Path) -> None:
    cells = read_cells(folders)
    assert Counter(cell.label for cell in cells) == {"neutrophil": 13, "lymphocyte": 12}
    assert {cell.lab for cell in cells} == {folders.name}


def test_folders_are_read_in_the_same_order_with_the_same_sides_each_time(folders: Path) -> None:
    assert read_cells(folders) == read_cells(folders)


def test_an_identical_picture_falls_on_the_same_side_whatever_its_name_and_folder(folders: Path) -> None:
    twin = (folders / "lymphocyte" / "3.png").read_bytes()
    (folders / "neutrophil" / "renamed.png").write_bytes(twin)
    sides = {cell.split for cell in read_cells(folders) if cell.path.read_bytes() == twin}
    assert len(sides) == 1


def test_no_group_is_on_two_sides(data: Path) -> None:
    sides = defaultdict(set)
    for cell in read_cells(data):
        sides[cell.group].add(cell.split)
    assert len(sides) > 8_000
    assert not [group for group, found in sides.items() if len(found) > 1]


# As sha256sum has it: the first eight digits, of a hundred, below 20 and below 30.
@pytest.mark.parametrize(
    ("group", "side"),
    [
        ("a", "test"),
        ("person-3", "test"),
        ("slide-1", "test"),
        ("slide-2", "train"),
        ("slide-3", "train"),
        ("slide-7", "val"),
    ],
)
def test_a_group_never_moves_to_another_side(group: str, side: str) -> None:
    assert split_of(group) == side


def test_the_sides_are_a_fifth_a_tenth_and_the_rest() -> None:
    shares = Counter(split_of(f"group-{n}") for n in range(20_000))
    assert shares["test"] / 20_000 == pytest.approx(0.2, abs=0.01)
    assert shares["val"] / 20_000 == pytest.approx(0.1, abs=0.01)
    assert set(shares) == {"train", "val", "test"}


def test_no_folder_and_an_empty_one_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(LabelsRefused, match=r"no folder .*nowhere"):
        read_cells(tmp_path / "nowhere")
    (tmp_path / "neutrophil").mkdir()
    with pytest.raises(LabelsRefused, match="No labelled pictures in"):
        read_cells(tmp_path)


def test_classes_are_in_alphabetical_order(table: Path) -> None:
    assert labels_of(read_cells(table)) == ("basophil", "lymphocyte", "neutrophil")


def test_the_hash_of_the_list_tells_lists_apart_but_not_their_order_or_place(table: Path) -> None:
    cells = read_cells(table)
    assert list_hash(cells, table) == list_hash(cells[::-1], table)
    assert list_hash(
        [replace(cell, path=Path("/else") / cell.path.relative_to(table)) for cell in cells], Path("/else")
    ) == list_hash(cells, table)
    for other in (replace(cells[0], label="basophil"), replace(cells[0], split="val")):
        assert list_hash([other, *cells[1:]], table) != list_hash(cells, table)
    assert list_hash(cells[1:], table) != list_hash(cells, table)


@pytest.mark.parametrize("size", [32, 96])
def test_a_variation_has_the_size_asked_for(size: int) -> None:
    varied = augmented(CELL, size, Augmentation(), np.random.default_rng(1))
    assert (varied.shape, varied.dtype) == ((size, size, 3), np.uint8)


def test_the_same_generator_gives_the_same_variation_and_another_one_another() -> None:
    first, again, other = (augmented(CELL, 64, Augmentation(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_picture_itself_is_left_alone() -> None:
    before = CELL.copy()
    for seed in range(5):
        augmented(CELL, 64, Augmentation(), np.random.default_rng(seed))
    assert np.array_equal(CELL, before)


def test_with_everything_turned_off_a_disc_stays_the_disc_it_was() -> None:
    y, x = np.mgrid[:96, :96]
    disc = np.where(((x - 47.5) ** 2 + (y - 47.5) ** 2 < 30**2)[..., np.newaxis], (90, 50, 140), (WHITE,) * 3).astype(
        np.uint8
    )
    for seed in range(10):
        varied = augmented(disc, 96, STILL, np.random.default_rng(seed))
        assert np.abs(varied.astype(int) - disc).mean() < 3


def test_a_stronger_stain_is_darker_and_a_brighter_lamp_brighter() -> None:
    def mean(**how: tuple[float, float]) -> float:
        kinds = [augmented(CELL, 64, replace(STILL, **how), np.random.default_rng(seed)) for seed in range(4)]
        return float(np.mean(kinds))

    assert mean(strength=(1.4, 1.4)) < mean() - 3 < mean() + 3 < mean(strength=(0.6, 0.6))
    assert mean(brightness=(0.8, 0.8)) < mean() - 10


def test_a_convolution_changes_colours_and_leaves_shapes() -> None:
    picture = np.full((64, 64, 3), WHITE, np.uint8)
    picture[20:40, 10:50] = (90, 50, 140)
    assert np.array_equal(convolved(picture, 0.0, np.random.default_rng(1)), picture)
    for seed in range(10):
        changed = convolved(picture, 0.7, np.random.default_rng(seed))
        assert (changed.shape, changed.dtype) == (picture.shape, np.uint8)
        assert np.abs(changed.astype(int) - picture).mean() > 5
        inside, outside = changed[21:39, 11:49], np.delete(changed, np.s_[18:42], axis=0)
        assert np.ptp(inside, axis=(0, 1)).max() == np.ptp(outside, axis=(0, 1)).max() == 0


def test_a_variation_is_out_of_the_middle_of_the_picture() -> None:
    shifted = replace(STILL, shift=Augmentation().shift)
    picture = np.full((112, 112, 3), WHITE, np.uint8)
    picture[56 - 9 : 56 + 9, 56 - 9 : 56 + 9] = 50
    for seed in range(20):
        varied = augmented(picture, 64, shifted, np.random.default_rng(seed))
        rows, columns = np.nonzero(varied[..., 0] < 145)
        assert np.hypot(rows.mean() - 31.5, columns.mean() - 31.5) < 0.06 * 64 * 2**0.5 + 0.5


def test_what_comes_in_from_outside_is_bare_slide() -> None:
    small = replace(STILL, zoom=(0.5, 0.5))
    for seed in range(10):
        varied = augmented(np.zeros((64, 64, 3), np.uint8), 64, small, np.random.default_rng(seed))
        border = np.concatenate([varied[0], varied[-1], varied[:, 0], varied[:, -1]])
        assert np.abs(border.astype(int) - WHITE).mean() < 4
