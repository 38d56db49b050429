"""From a model's probabilities to what is said of a cell and of a picture: status, label, and why, in sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hematovision.bundle import Bundle
from hematovision.cells import Box, Cell, ClassifiedCell, Prediction, Probability, Seen, in_words
from hematovision.familiar import Familiar
from hematovision.kinds import PLATELET
from hematovision.locator import Found
from hematovision.quality import Quality


class Strangeness(NamedTuple):
    """Of one cell: its `distance`, 0..2, from the nearest that the bundle remembers, the share 0..1 of val's cells that
    it is `stranger_than`, and how `purple` it is, -1..1, as of `dye.purple`."""

    distance: float
    stranger_than: float
    purple: float


class Judgement(NamedTuple):
    """What is said of a picture: that of its main cell, or why it has none."""

    status: str
    label: str | None = None
    confidence: float | None = None
    probabilities: tuple[Probability, ...] = ()
    reasons: tuple[str, ...] = ()


def judge(
    bundle: Bundle,
    found: Found,
    prediction: Prediction,
    alone: str,
    strangeness: Strangeness,
    sketch: str,
    quality: Callable[[], Quality],
) -> ClassifiedCell:
    """A cell that was located and classified; one that is stranger than the bundle's limits has no label. `alone` is
    its likeliest class by the classifier alone, `sketch` what it looks like; `quality` tells how good its picture is,
    and is asked only where the model is unsure."""
    best = prediction.best
    reasons = _unfamiliar(bundle.familiar, strangeness)
    if reasons:
        reasons += bundle.accepted.reasons(found.kind, quality())
        return _cell(found, prediction, "unfamiliar", reasons, sketch)
    if best.probability < bundle.confident_from:
        second = sorted(prediction.probabilities, key=lambda each: -each.probability)[1]
        sure, limit = f"{best.probability:.1%}", f"{bundle.confident_from:.1%}"
        sure = f"nearly {limit}" if sure == limit else sure
        reasons.append(
            f"The model is {sure} sure, below the {limit} from which "
            f"{bundle.confident_rate:.1%} of its answers were right in validation, to cells like those it remembers. "
            f"The next class is {in_words(second.label)} ({second.probability:.1%}). A person should look."
        )
    if strangeness.stranger_than > bundle.familiar.near:
        share, limit = f"{strangeness.stranger_than:.1%}", f"{bundle.familiar.near:.1%}"
        reasons.append(
            f"It looks stranger to the model than {f'a little over {limit}' if share == limit else share} of "
            f"validation's cells did; beyond {limit} no answer is confident, however sure. A person should look."
        )
    if (found.kind == PLATELET) != (alone == PLATELET):
        located = "a platelet" if found.kind == PLATELET else "a cell with a nucleus"
        reasons.append(
            f"It was located as {located}, and would by its looks alone be classified as {in_words(alone)}. "
            "A person should look."
        )
    elif alone != best.label:
        reasons.append(
            f"By its looks alone it would be classified as {in_words(alone)}; its size beside the red cells here is "
            f"rather that of {in_words(best.label)}. A person should look."
        )
    if not reasons:  # a bad picture alone is no reason: the model is as right where it is sure, and less often sure
        return _cell(found, prediction, "confident", [], sketch)
    return _cell(found, prediction, "check", [*reasons, *bundle.accepted.reasons(found.kind, quality())], sketch)


def _unfamiliar(familiar: Familiar, cell: Strangeness) -> list[str]:
    reasons = []
    if cell.distance > familiar.limit:
        reasons.append(
            f"No class is named. Of validation's cells at least {familiar.rate:.1%} were more like one that the model "
            f"remembers (their distance from it is {familiar.limit:.2g} at most, here {cell.distance:.2g}). A person "
            "should look."
        )
    if cell.purple < familiar.purple_from:
        reasons.append(
            "What is darkest in it has not the colour of a stained nucleus: it is less purple "
            f"({cell.purple:.2f}) than {familiar.rate:.1%} of validation's cells ({familiar.purple_from:.2f}; grey is "
            "0), so no class is named. Send a photograph in colour, of a smear stained by Romanowsky's method."
        )
    return reasons


def red(found: Found) -> Cell:
    """A red cell: seen, not classified."""
    return Cell(_box(found), found.kind, found.edge, status=None, label=None, confidence=None, probabilities=())


def of_picture(cells: Sequence[ClassifiedCell], seen: Seen) -> Judgement:
    """That of the first cell, the main one; without a cell to classify, red cells tell a smear from something else."""
    if cells:
        main = cells[0]
        return Judgement(main.status, main.label, main.confidence, main.probabilities, main.reasons)
    if seen.red:
        cells_were = "red cell was" if seen.red == 1 else "red cells were"
        reason = f"{seen.red} {cells_were} seen, and neither a nucleated cell nor a platelet. Photograph another field."
        return Judgement("no_cells", reasons=(reason,))
    reason = (
        "This does not look like a blood smear: no blood cells were found, or few among other things. Send a "
        "photograph of a stained smear through a microscope, in focus, with cells at least 12 pixels wide."
    )
    return Judgement("not_a_smear", reasons=(reason,))


def _cell(found: Found, prediction: Prediction, status: str, reasons: Sequence[str], sketch: str) -> ClassifiedCell:
    named = status != "unfamiliar"
    return ClassifiedCell(
        box=_box(found),
        kind=found.kind,
        edge=found.edge,
        status=status,
        label=prediction.best.label if named else None,
        confidence=prediction.best.probability if named else None,
        probabilities=prediction.probabilities,
        reasons=tuple(reasons),
        sketch=sketch,
    )


def _box(found: Found) -> Box:
    x, y = math.floor(found.x0), math.floor(found.y0)
    return Box(x, y, max(1, math.ceil(found.x1) - x), max(1, math.ceil(found.y1) - y))
