"""What is counted, what stands beside, what is held back, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hematovision.cells import Answer, Box, Cell, Milliseconds, Model, PictureFacts, Probability, Seen
from hematovision.differential import MOST_CLASSES, Options, PictureCells, count_cells
from hematovision.errors import CellsRefused
from hematovision.overlaps import MOST_COMPARED, MOST_UNLIKE, Overlap, Place
from hematovision.preclassification import HeldBackCell, Identical, PreClassification

LABELS = (
    "basophil",
    "eosinophil",
    "erythroblast",
    "immature_granulocyte",
    "lymphocyte",
    "monocyte",
    "neutrophil",
    "platelet",
)
WHITE = tuple(label for label in LABELS if label not in ("erythroblast", "platelet"))
BOX = Box(10, 20, 90, 84)


def cell(
    label: str | None = "neutrophil",
    status: str = "confident",
    kind: str = "nucleated",
    edge: bool = False,
    box: Box = BOX,
    sure: float = 0.93,
    sketch: str | None = None,
) -> Cell:
    """One cell, `sure` of its label and split evenly over the others."""
    rest = (1 - sure) / (len(LABELS) - 1)
    probabilities = tuple(Probability(each, sure if each == label else rest) for each in LABELS)
    return Cell(box, kind, edge, status, label, sure if label else None, probabilities, (), sketch)


def unfamiliar() -> Cell:
    return cell(None, "unfamiliar")


def cells(**counts: int) -> list[Cell]:
    """So many cells of each label."""
    return [cell(label) for label, count in counts.items() for _ in range(count)]


def picture(each: Iterable[Cell], sha256: str = "a") -> PictureCells:
    return PictureCells(sha256, tuple(each))


def count(each: Iterable[Cell], **options: object) -> PreClassification:
    """The count of cells that all lie in one picture."""
    return count_cells([picture(each)], Options(**options))  # type: ignore[arg-type]


def by_label(result: PreClassification) -> dict[str, int]:
    return {each.label: each.count for each in result.classes}


HUNDRED = cells(neutrophil=60, lymphocyte=28, monocyte=6, eosinophil=3, basophil=1, immature_granulocyte=2)


def test_a_hundred_cells() -> None:
    result = count(HUNDRED)
    assert result.white_cells == result.wanted == 100
    assert result.missing == 0
    assert [(each.label, each.count, each.percentage) for each in result.classes] == [
        ("basophil", 1, 1),
        ("eosinophil", 3, 3),
        ("immature_granulocyte", 2, 2),
        ("lymphocyte", 28, 28),
        ("monocyte", 6, 6),
        ("neutrophil", 60, 60),
    ]
    interval = result.classes[-1].interval
    assert interval is not None
    assert (round(interval.low, 1), round(interval.high, 1)) == (49.7, 69.7)


def test_it_is_called_a_pre_classification_and_says_what_its_intervals_cover() -> None:
    result = count(HUNDRED)
    assert result.status == "pre_classification"
    assert "pre-classification" in result.message
    assert "sampling" in result.interval_message
    assert "misclassification" in result.interval_message


def test_erythroblasts_stand_alongside_and_platelets_apart() -> None:
    result = count(HUNDRED + cells(erythroblast=10, platelet=40))
    assert result.white_cells == 100
    assert set(by_label(result)) == set(WHITE)
    assert result.platelets == 40
    erythroblasts = result.erythroblasts
    assert (erythroblasts.count, erythroblasts.per_100) == (10, 10)
    assert erythroblasts.interval is not None
    assert (round(erythroblasts.interval.low, 1), round(erythroblasts.interval.high, 1)) == (4.7, 19.2)


@pytest.mark.parametrize(
    "odd",
    [
        cell("lymphocyte", kind="platelet"),
        cell("platelet", kind="nucleated"),
        cell(None, "unfamiliar", kind="platelet"),
        cell("platelet", kind="platelet", edge=True),
    ],
)
def test_what_either_calls_a_platelet_is_one(odd: Cell) -> None:
    result = count([*HUNDRED, odd])
    assert (result.platelets, result.white_cells, result.held_back.cells) == (1, 100, ())


def test_red_cells_are_not_counted() -> None:
    result = count([*HUNDRED, *[Cell(BOX, "red", False, None, None, None, ())] * 50])
    assert (result.platelets, result.white_cells, result.held_back.cells) == (0, 100, ())


def test_a_class_that_only_this_bundle_has_is_a_white_cell() -> None:
    blast = Cell(BOX, "nucleated", False, "confident", "blast", 1.0, (Probability("blast", 1.0),))
    assert by_label(count([*HUNDRED, blast]))["blast"] == 1
    assert by_label(count([Cell(BOX, "nucleated", False, "check", "blast", 1.0, ())])) == {"blast": 1}


def test_cells_to_check_are_counted_and_told() -> None:
    result = count([*cells(neutrophil=3), cell(status="check"), cell("erythroblast", status="check")])
    neutrophils = next(each for each in result.classes if each.label == "neutrophil")
    assert (neutrophils.count, neutrophils.to_check) == (4, 1)
    assert result.erythroblasts.to_check == 1


def test_unfamiliar_and_edge_cells_are_held_back_and_listed() -> None:
    result = count([*HUNDRED, unfamiliar(), cell("monocyte", edge=True)])
    assert result.white_cells == 100
    assert result.held_back.cells == (
        HeldBackCell(Place(0, 100), BOX, "unfamiliar", None),
        HeldBackCell(Place(0, 101), BOX, "edge", "monocyte"),
    )
    assert result.held_back.share == pytest.approx(100 * 2 / 102)


def test_an_unfamiliar_cell_is_held_back_whatever_label_it_came_with() -> None:
    (held,) = count([*HUNDRED, cell("monocyte", "unfamiliar")]).held_back.cells
    assert (held.reason, held.label) == ("unfamiliar", None)


def test_edge_cells_can_be_counted() -> None:
    result = count([*HUNDRED, cell("monocyte", edge=True)], count_edge=True)
    assert result.white_cells == 101
    assert result.held_back.cells == ()


def test_each_class_shows_its_range_if_none_or_all_held_back_cells_were_its_own() -> None:
    result = count(cells(neutrophil=60, lymphocyte=36) + [unfamiliar()] * 4)
    ranges = {each.label: each.range for each in result.classes}
    neutrophils, basophils = ranges["neutrophil"], ranges["basophil"]
    assert neutrophils is not None
    assert basophils is not None
    assert (neutrophils.low, neutrophils.high) == (60, 64)
    assert (basophils.low, basophils.high) == (0, 4)


@pytest.mark.parametrize(("held", "counts_only"), [(10, False), (11, True)])
def test_above_the_limit_there_are_counts_only(held: int, counts_only: bool) -> None:
    result = count(cells(neutrophil=90, erythroblast=9) + [unfamiliar()] * held, white_count=7.0, widest=10)
    assert result.counts_only is counts_only
    assert by_label(result)["neutrophil"] == 90
    shares = [
        *(each.percentage for each in result.classes),
        *(each.interval for each in result.classes),
        *(each.range for each in result.classes),
        *(each.absolute for each in result.classes),
        *(result.erythroblasts.per_100, result.erythroblasts.interval, result.erythroblasts.absolute),
        *(result.unseen_up_to, result.widest_interval, result.cells_needed, result.white_count),
    ]
    assert all((each is None) is counts_only for each in shares)
    assert any("only counts" in note for note in result.notes) is counts_only


def test_the_limit_for_cells_held_back_can_be_set() -> None:
    held = [*cells(neutrophil=9), unfamiliar()]
    assert not count(held, max_held_back=10).counts_only
    assert count(held, max_held_back=9).counts_only


@pytest.mark.parametrize("each", [[], [unfamiliar()], cells(erythroblast=3, platelet=2)])
def test_without_white_cells_nothing_is_said_of_shares(each: list[Cell]) -> None:
    result = count(each, widest=10, white_count=7.0)
    assert result.white_cells == 0
    assert result.missing == 100
    assert all(each.percentage is each.interval is each.range is None for each in result.classes)
    assert result.erythroblasts.per_100 is result.unseen_up_to is result.cells_needed is result.white_count is None


def test_what_could_be_missed() -> None:
    result = count(HUNDRED)
    assert result.unseen_up_to == pytest.approx(3.62, abs=0.01)
    assert any("up to 3.6 %" in note for note in result.notes)


def test_how_many_more_cells_are_needed() -> None:
    result = count(HUNDRED, widest=10)
    assert result.widest_interval == pytest.approx(19.95, abs=0.01)
    assert result.cells_needed == 287
    assert count(HUNDRED, widest=20).cells_needed == 0
    assert count(HUNDRED).cells_needed is None


def test_cells_missing_until_those_wanted() -> None:
    result = count(HUNDRED, wanted=200)
    assert (result.wanted, result.missing) == (200, 100)
    assert any("100 of the 200 cells wanted" in note for note in result.notes)


def test_absolute_counts_are_shares_of_the_white_count() -> None:
    result = count(HUNDRED, white_count=8.0)
    absolute = next(each.absolute for each in result.classes if each.label == "neutrophil")
    assert absolute is not None
    assert absolute.value == pytest.approx(4.8)
    assert (absolute.interval.low, absolute.interval.high) == pytest.approx((3.98, 5.57), abs=0.01)


@pytest.mark.parametrize(
    ("erythroblasts", "already", "used"),
    [(0, False, 12.0), (4, False, 12.0), (5, False, 12 / 1.05), (20, False, 10.0), (20, True, 12.0)],
)
def test_the_white_count_is_corrected_from_five_erythroblasts_on(
    erythroblasts: int, already: bool, used: float
) -> None:
    each = HUNDRED + cells(erythroblast=erythroblasts)
    result = count(each, white_count=12.0, white_count_corrected=already)
    assert result.white_count is not None
    assert result.white_count.given == 12.0
    assert result.white_count.used == pytest.approx(used)
    assert result.erythroblasts.absolute is not None
    assert result.erythroblasts.absolute.value == pytest.approx(used * erythroblasts / 100)
    values = [each.absolute.value for each in result.classes if each.absolute]
    assert sum(values) == pytest.approx(used)


def test_identical_pictures_count_once() -> None:
    pictures = [picture(HUNDRED, "a"), picture(cells(monocyte=1), "b"), picture(HUNDRED, "a")]
    result = count_cells(pictures)
    assert (result.pictures, result.white_cells) == (2, 101)
    assert result.identical == (Identical(2, 0),)


def test_dropped_cells_are_counted_nowhere() -> None:
    pictures = [picture(cells(neutrophil=2), "a"), picture([unfamiliar(), *cells(platelet=1)], "b")]
    result = count_cells(pictures, Options(drop=frozenset({Place(0, 1), Place(1, 0), Place(1, 1)})))
    assert (result.white_cells, result.platelets, result.held_back.cells, result.dropped) == (1, 0, (), 3)


@pytest.mark.parametrize("place", [Place(1, 0), Place(0, 1), Place(-1, 0), Place(0, -1)])
def test_a_cell_to_drop_must_be_there(place: Place) -> None:
    with pytest.raises(CellsRefused, match="no cell"):
        count([cell()], drop=frozenset({place}))


ALIKE = "9ae1b3a5c0f27d68"
NEARLY = f"{int(ALIKE, 16) ^ 0b1011:016x}"  # three bits are others


def test_the_same_cell_in_two_pictures_is_suspected() -> None:
    again = cell("monocyte", sure=0.5, box=Box(300, 400, 70, 60), sketch=NEARLY)
    pictures = [picture([cell(), cell(sketch=ALIKE)], "a"), picture([again], "b")]
    result = count_cells(pictures)
    assert result.overlaps == (Overlap(Place(0, 1), Place(1, 0)),)
    assert result.white_cells == 3  # a person drops it, nobody else
    after = count_cells(pictures, Options(drop=frozenset({Place(1, 0)})))
    assert (after.overlaps, after.white_cells) == ((), 2)


@pytest.mark.parametrize(
    ("bits", "suspected"), [(MOST_UNLIKE, 1), (MOST_UNLIKE + 1, 0), (64, 0)], ids=["alike", "unlike", "opposite"]
)
def test_so_many_bits_may_be_others(bits: int, suspected: int) -> None:
    other = cell(sketch=f"{int(ALIKE, 16) ^ (2**bits - 1):016x}")
    assert len(count_cells([picture([cell(sketch=ALIKE)], "a"), picture([other], "b")]).overlaps) == suspected


def test_without_a_sketch_nothing_is_suspected() -> None:
    """As in answers that were recorded before there were any."""
    assert (
        count_cells([picture([cell()], "a"), picture([cell(sketch=ALIKE)], "b"), picture([cell()], "c")]).overlaps == ()
    )


def test_cells_of_one_picture_are_not_suspected() -> None:
    assert count([cell(sketch=ALIKE), cell(sketch=ALIKE)]).overlaps == ()


def test_each_cell_is_paired_once_with_the_nearest() -> None:
    alike = [picture([cell(sketch=sketch)], str(i)) for i, sketch in enumerate((ALIKE, NEARLY, ALIKE))]
    assert count_cells(alike).overlaps == (Overlap(Place(0, 0), Place(1, 0)), Overlap(Place(0, 0), Place(2, 0)))


def test_of_very_many_cells_none_are_compared_and_it_says_so() -> None:
    pictures = [picture([cell(sketch=ALIKE)] * MOST_COMPARED, "a"), picture([cell(sketch=ALIKE)], "b")]
    result = count_cells(pictures)
    assert result.overlaps == ()
    assert any("none were compared" in note for note in result.notes)


def test_cells_that_name_countless_classes_are_refused() -> None:
    strange = tuple(Probability(f"class {i}", 0.0) for i in range(MOST_CLASSES + 1))
    with pytest.raises(CellsRefused, match="classes"):
        count([Cell(BOX, "nucleated", False, "confident", "class 1", 0.0, strange)])


def test_answers_are_counted_as_they_are() -> None:
    answer = Answer(
        Model("wbc", "1.0.0"), PictureFacts(9, 9, "a"), "confident", "neutrophil", 0.93, (), (), Seen(1, 0, 0),
        (cell(),), Milliseconds(0, 0, 0, 0),
    )  # fmt: skip
    assert count_cells([PictureCells.of(answer)] * 2).white_cells == 1


CELLS = st.builds(
    cell,
    label=st.sampled_from([*LABELS, None]),
    status=st.sampled_from(["confident", "check", "unfamiliar"]),
    kind=st.sampled_from(["nucleated", "nucleated", "nucleated", "platelet"]),
    edge=st.booleans(),
)


@settings(deadline=None)
@given(st.lists(CELLS, max_size=60), st.booleans(), st.sampled_from([10.0, 100.0]))
def test_every_count_is_whole(each: list[Cell], count_edge: bool, max_held_back: float) -> None:
    result = count(each, count_edge=count_edge, max_held_back=max_held_back, white_count=5.0)
    held = len(result.held_back.cells)
    assert result.white_cells + result.erythroblasts.count + result.platelets + held == len(each)
    assert sum(by_label(result).values()) == result.white_cells
    if result.counts_only or not result.white_cells:
        return
    assert sum(each.percentage or 0 for each in result.classes) == 100
    for one in result.classes:
        share = 100 * one.count / result.white_cells
        assert one.interval is not None
        assert one.range is not None
        assert one.absolute is not None
        assert one.interval.low <= share <= one.interval.high
        assert one.range.low <= share + 1e-9
        assert share <= one.range.high + 1e-9
        assert one.absolute.interval.low <= one.absolute.value <= one.absolute.interval.high
        assert one.interval.width <= (result.widest_interval or 0) + 1e-9
