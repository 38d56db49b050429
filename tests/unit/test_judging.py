"""What is said of a cell and of a picture, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundles import drawn_bundle
from hematovision.bundle import Bundle
from hematovision.cells import Box, Cell, ClassifiedCell, Prediction, Probability, Seen
from hematovision.judging import Strangeness, judge, of_picture, red
from hematovision.locator import Found
from hematovision.quality import Accepted, Quality

LABELS = ("immature_granulocyte", "lymphocyte", "platelet")
BUNDLE = drawn_bundle(LABELS)
FOUND = Found(10.5, 20.0, 40.25, 50.75, "nucleated", 0.8, edge=False)


def prediction(*probabilities: float) -> Prediction:
    return Prediction(tuple(map(Probability, LABELS, probabilities)))


SKETCH, FINE = "00ff00ff00ff00ff", Quality(sharpness=1.0, stain=0.9, light=230)


def seen(quality: Quality) -> Callable[[], Quality]:
    return lambda: quality


NEAR, LESS_NEAR = (Strangeness(BUNDLE.familiar.limit, BUNDLE.familiar.near + more, 0.02) for more in (0, 0.001))
FAR, GREY = Strangeness(BUNDLE.familiar.limit + 0.001, 0, 0.02), Strangeness(0, 0, 0)
SURE, UNSURE = prediction(0.02, 0.95, 0.03), prediction(0.25, 0.7, 0.05)


def judged(
    found: Found,
    answer: Prediction,
    strangeness: Strangeness,
    alone: str | None = None,
    bundle: Bundle = BUNDLE,
    quality: Callable[[], Quality] = lambda: FINE,
) -> ClassifiedCell:
    """`alone` where the classifier says otherwise alone."""
    return judge(bundle, found, answer, alone or answer.best.label, strangeness, SKETCH, quality)


def test_a_cell_that_the_model_is_sure_of_is_confident_and_needs_no_reason() -> None:
    cell = judged(FOUND, SURE, NEAR)
    assert (cell.status, cell.label, cell.confidence, cell.reasons) == ("confident", "lymphocyte", 0.95, ())
    assert (cell.kind, cell.edge) == ("nucleated", False)
    assert cell.probabilities == SURE.probabilities


def test_below_the_limit_a_person_should_look_and_is_told_the_next_class() -> None:
    cell = judged(FOUND, UNSURE, NEAR)
    assert (cell.status, cell.label, cell.confidence) == ("check", "lymphocyte", 0.7)
    [reason] = cell.reasons
    for told in ("70.0%", "90.0%", "99.5%", "immature granulocyte (25.0%)", "A person should look."):
        assert told in reason


def test_a_hair_below_the_limit_it_is_not_said_to_be_at_it() -> None:
    [reason] = judged(FOUND, prediction(0.0502, 0.8998, 0.05), NEAR).reasons
    assert "nearly 90.0% sure, below the 90.0%" in reason


def test_at_the_limit_it_is_confident() -> None:
    assert judged(FOUND, prediction(0.05, 0.9, 0.05), NEAR).status == "confident"


@pytest.mark.parametrize(
    ("kind", "answer", "told"),
    [
        ("platelet", SURE, "a platelet, and would by its looks alone be classified as lymphocyte"),
        (
            "nucleated",
            prediction(0.02, 0.03, 0.95),
            "a cell with a nucleus, and would by its looks alone be classified as platelet",
        ),
    ],
)
def test_where_shape_and_class_disagree_a_person_should_look(kind: str, answer: Prediction, told: str) -> None:
    cell = judged(replace(FOUND, kind=kind), answer, NEAR)
    assert cell.status == "check"
    [reason] = cell.reasons
    assert told in reason
    assert cell.label == answer.best.label


def test_a_class_that_the_kind_alone_brought_about_is_for_a_person_to_see() -> None:
    cell = judged(replace(FOUND, kind="platelet"), prediction(0.02, 0.03, 0.95), NEAR, alone="lymphocyte")
    assert (cell.status, cell.label) == ("check", "platelet")
    [reason] = cell.reasons
    assert "would by its looks alone be classified as lymphocyte" in reason


def test_a_class_that_the_size_alone_brought_about_is_for_a_person_to_see() -> None:
    cell = judged(FOUND, SURE, NEAR, alone="immature_granulocyte")
    assert (cell.status, cell.label) == ("check", "lymphocyte")
    [reason] = cell.reasons
    assert "By its looks alone it would be classified as immature granulocyte" in reason
    assert "rather that of lymphocyte. A person should look." in reason


def test_a_platelet_that_is_called_one_is_confident() -> None:
    cell = judged(replace(FOUND, kind="platelet"), prediction(0.02, 0.03, 0.95), NEAR)
    assert cell.status == "confident"


def test_what_is_far_from_every_remembered_cell_is_unfamiliar_and_has_no_label_however_sure_the_model() -> None:
    cell = judged(FOUND, SURE, FAR)
    assert (cell.status, cell.label, cell.confidence) == ("unfamiliar", None, None)
    assert cell.probabilities == SURE.probabilities
    [reason] = cell.reasons
    for told in ("No class is named.", "0.3 at most", "99.0%", "A person should look."):
        assert told in reason


def test_what_is_less_near_to_those_remembered_than_most_is_for_a_person_to_see_however_sure_the_model() -> None:
    cell = judged(FOUND, SURE, LESS_NEAR)
    assert (cell.status, cell.label, cell.confidence) == ("check", "lymphocyte", 0.95)
    [reason] = cell.reasons
    for told in ("20.1% of validation's cells", "beyond 20.0%", "A person should look."):
        assert told in reason


def test_a_hair_stranger_than_it_may_be_is_not_said_to_be_as_strange_as_that() -> None:
    [reason] = judged(FOUND, SURE, NEAR._replace(stranger_than=BUNDLE.familiar.near + 0.0001)).reasons
    assert "a little over 20.0%" in reason


def test_a_cell_without_the_colour_of_a_stained_nucleus_has_no_label() -> None:
    cell = judged(FOUND, SURE, GREY)
    assert (cell.status, cell.label, cell.confidence) == ("unfamiliar", None, None)
    [reason] = cell.reasons
    assert "(0.00)" in reason and "0.02; grey is 0" in reason and "Send a photograph in colour" in reason
    stranger = Strangeness(FAR.distance, 0, GREY.purple)
    assert len(judged(FOUND, SURE, stranger).reasons) == 2


def test_both_reasons_are_told() -> None:
    assert len(judged(replace(FOUND, kind="platelet"), UNSURE, NEAR).reasons) == 2


def test_a_red_cell_is_seen_and_not_classified() -> None:
    cell = red(replace(FOUND, kind="red", edge=True))
    assert cell == Cell(Box(10, 20, 31, 31), "red", True, None, None, None, ())


def test_a_box_is_whole_pixels_that_hold_what_was_found() -> None:
    assert judged(FOUND, SURE, NEAR).box == Box(10, 20, 31, 31)  # 10..41 and 20..51


@settings(deadline=None)
@given(st.floats(0, 500), st.floats(0, 500), st.floats(1e-6, 500), st.floats(1e-6, 500))
def test_every_box_holds_what_was_found_and_no_pixel_more(x: float, y: float, width: float, height: float) -> None:
    box = red(Found(x, y, x + width, y + height, "red", 0.9, edge=False)).box
    assert box.width >= 1 and box.height >= 1
    assert 0 <= x - box.x < 1 and 0 <= y - box.y < 1
    assert 0 <= box.x + box.width - (x + width) <= 1 and 0 <= box.y + box.height - (y + height) <= 1


def test_what_is_said_of_a_picture_is_what_is_said_of_its_first_cell() -> None:
    first, second = (
        judged(FOUND, UNSURE, NEAR),
        judged(FOUND, SURE, NEAR),
    )
    said = of_picture([first, second], Seen(2, 0, 0))
    assert said == (first.status, first.label, first.confidence, first.probabilities, first.reasons)


@pytest.mark.parametrize(("count", "told"), [(1, "1 red cell was seen"), (12, "12 red cells were seen")])
def test_a_smear_without_a_cell_to_classify_is_told_so(count: int, told: str) -> None:
    said = of_picture([], Seen(0, 0, count))
    assert (said.status, said.label, said.confidence, said.probabilities) == ("no_cells", None, None, ())
    [reason] = said.reasons
    assert told in reason and reason.endswith(".")


def test_what_shows_no_cell_at_all_is_no_smear() -> None:
    said = of_picture([], Seen(0, 0, 0))
    assert (said.status, said.label, said.confidence, said.probabilities) == ("not_a_smear", None, None, ())
    [reason] = said.reasons
    assert "Send a photograph" in reason and reason.endswith(".")


@pytest.mark.parametrize(
    ("quality", "told"),
    [
        (FINE._replace(sharpness=0.4), ["blurred", "0.40", "99.5%", "0.60", "Focus"]),
        (FINE._replace(light=80), ["dark", "80 of 255", "(100)", "more light"]),
        (FINE._replace(stain=0.1), ["paler", "0.10", "0.20", "too much light"]),
        (FINE._replace(stain=1.4), ["darker", "1.40", "1.20", "too little light"]),
    ],
)
def test_where_the_model_is_unsure_of_a_bad_picture_it_is_said_what_is_wrong(quality: Quality, told: list[str]) -> None:
    strict = replace(BUNDLE, accepted=Accepted(0.6, 0.5, 0.2, 1.2, 100, rate=0.995))
    assert len(judged(FOUND, UNSURE, NEAR, bundle=strict).reasons) == 1
    for distance, status in ((NEAR, "check"), (FAR, "unfamiliar")):
        cell = judged(FOUND, UNSURE, distance, bundle=strict, quality=seen(quality))
        assert cell.status == status
        assert all(each in cell.reasons[1] for each in told), cell.reasons
    good, bad = (judged(FOUND, SURE, NEAR, bundle=strict, quality=seen(each)) for each in (FINE, quality))
    assert good == bad


def test_a_platelet_has_its_own_focus_and_no_nucleus_to_be_stained() -> None:
    strict, platelet = replace(BUNDLE, accepted=Accepted(0.6, 0.5, 0.2, 1.2, 100, rate=0.995)), prediction(0.3, 0, 0.7)
    for quality, reasons in ((Quality(0.55, 0.1, 200), 1), (Quality(0.45, 0.1, 200), 2)):
        cell = judged(replace(FOUND, kind="platelet"), platelet, NEAR, bundle=strict, quality=seen(quality))
        assert len(cell.reasons) == reasons


def test_of_a_cell_that_the_model_is_sure_of_the_quality_is_not_asked() -> None:
    def unasked() -> Quality:
        raise AssertionError

    assert judged(FOUND, SURE, NEAR, quality=unasked).status == "confident"
