"""What stands in the pictures of a row: every count at its place, every bar at its height."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.container import BarContainer
from PIL import Image

from hematovision.evaluation import Answers, row
from hematovision.training import diagrams

LABELS = ("immature_granulocyte", "lymphocyte")


@pytest.fixture
def figures() -> dict[str, object]:
    """Of three granulocytes one is right, one is taken for a lymphocyte, one has no answer; no lymphocyte is there."""
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7], [np.nan, np.nan]])
    return row(Answers(np.array([0, 0, 0]), probabilities, ["confident", "check", "no_cells"]), LABELS)


def test_the_confusion_matrix_has_every_count_and_share(figures: dict[str, object]) -> None:
    axes = diagrams.confusion("here", figures, LABELS).axes[0]
    assert [each.get_text() for each in axes.get_xticklabels()] == ["immature granulocyte", "lymphocyte", "no answer"]
    assert [each.get_text() for each in axes.get_yticklabels()] == ["immature granulocyte", "lymphocyte"]
    assert {each.get_position(): each.get_text() for each in axes.texts} == {(0, 0): "1", (1, 0): "1", (2, 0): "1"}
    np.testing.assert_allclose(axes.images[0].get_array(), [[1 / 3, 1 / 3, 1 / 3], [0, 0, 0]])
    assert axes.get_title() == "here: 3 pictures, 33.33% right"


def test_a_mistake_stands_in_the_row_of_its_truth() -> None:
    answers = Answers(np.array([1, 1]), np.array([[0.8, 0.2], [0.6, 0.4]]), ["check", "check"])
    axes = diagrams.confusion("here", row(answers, LABELS), LABELS).axes[0]
    assert [(each.get_position(), each.get_text()) for each in axes.texts] == [((0, 1), "2")]  # x answer, y truth


def test_the_reliability_diagram_has_a_bar_for_every_bin(figures: dict[str, object]) -> None:
    above, below = diagrams.reliability("here", figures).axes
    # 0.7 is in the bin from 10 / 15, and wrong; 0.9 in the one from 13 / 15, and right.
    np.testing.assert_allclose(bars(above), [(10 / 15, 0), (13 / 15, 1)])
    np.testing.assert_allclose(bars(below), [(10 / 15, 1), (13 / 15, 1)])
    points, honest = above.lines
    np.testing.assert_allclose(points.get_xydata(), [[0.7, 0], [0.9, 1]])
    np.testing.assert_allclose(honest.get_xydata(), [[0, 0], [1, 1]])
    assert above.get_title() == "here: calibration error 0.400"  # (0.7 + 0.1) / 2


def bars(axes: object) -> list[tuple[float, float]]:
    """Left edge and height."""
    [container] = [each for each in axes.containers if isinstance(each, BarContainer)]  # type: ignore[attr-defined]
    return [(bar.get_x(), bar.get_height()) for bar in container]


def test_a_laboratory_without_any_answer_can_be_drawn(tmp_path: Path) -> None:
    answers = Answers(np.array([0]), np.full((1, 2), np.nan), ["refused"])
    diagrams.draw({"here": row(answers, LABELS)}, LABELS, tmp_path)
    assert diagrams.reliability("here", row(answers, LABELS)).axes[0].get_title() == "here: calibration error -"
    assert (tmp_path / "here" / "reliability.png").is_file()


def test_each_laboratory_has_two_pictures(figures: dict[str, object], tmp_path: Path) -> None:
    labs = ("here", "$^$")  # a name is no formula
    diagrams.draw(dict.fromkeys(labs, figures), LABELS, tmp_path / "new")
    assert {path.relative_to(tmp_path / "new").as_posix() for path in tmp_path.rglob("*.png")} == {
        f"{lab}/{name}.png" for lab in labs for name in ("confusion", "reliability")
    }
    for path in tmp_path.rglob("*.png"):
        with Image.open(path) as picture:
            assert min(picture.size) > 300
            assert len(picture.convert("RGB").getcolors(1_000_000)) > 10
