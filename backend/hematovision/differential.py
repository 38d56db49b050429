"""The differential count: the cells of one or several pictures in, counts, per cents and exact intervals out.

Counted are the white cells of whatever class, immature granulocytes and any that a bundle adds included. Erythroblasts
stand alongside, per 100 white cells; platelets apart. Pure: no picture, no model, no web.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hematovision.cells import Answer, Cell
from hematovision.errors import CellsRefused
from hematovision.intervals import Interval, cells_needed, clopper_pearson, per_hundred, percentages, widest
from hematovision.overlaps import Place, suspected_overlaps
from hematovision.preclassification import (
    Amount,
    ClassCount,
    Erythroblasts,
    HeldBack,
    HeldBackCell,
    Identical,
    PreClassification,
    WhiteCount,
)

ERYTHROBLAST, PLATELET = "erythroblast", "platelet"

WANTED = (100, 200, 400)  # cells that laboratories count to
CORRECTED_FROM = 5  # erythroblasts per 100 white cells, from which an analyser's white count is corrected for them
MOST_CLASSES = 64


@dataclass(frozen=True)
class PictureCells:
    """The cells of one picture, and the SHA-256 by which the same picture is known when it comes twice."""

    sha256: str
    cells: tuple[Cell, ...]

    @classmethod
    def of(cls, answer: Answer) -> PictureCells:
        """Those of an answer to one picture."""
        return cls(answer.image.sha256, answer.cells)


@dataclass(frozen=True)
class Options:
    """How to count."""

    wanted: int = WANTED[0]  # cells: 100, 200 or 400
    widest: float | None = None  # limit for the widest interval, 1..100 percentage points
    white_count: float | None = None  # the analyser's, in 10^9/L
    white_count_corrected: bool = False  # the analyser has taken the erythroblasts off already
    count_edge: bool = False  # count the cells that a picture's edge cuts
    max_held_back: float = 10.0  # per cent; with more there are counts only
    drop: frozenset[Place] = frozenset()  # cells a person took out, as seen twice


def count_cells(pictures: Sequence[PictureCells], options: Options | None = None) -> PreClassification:
    """Count the cells of the pictures of one smear.

    What the locator or the classifier calls a platelet is one: dozens lie beside each white cell, so that a rare wrong
    name among them would make many white cells. Unfamiliar cells and those cut by an edge are held back.

    Raises `CellsRefused` for a cell to drop that is not there, and for more than 64 classes.
    """
    options = options or Options()
    _refuse_unknown(options.drop, pictures)
    identical = _identical(pictures)
    there = _places(pictures, without={each.picture for each in identical})
    kept = [(place, cell) for place, cell in there if place not in options.drop]

    platelets, held, counted = 0, [], []
    for place, cell in kept:
        label = _label(cell)
        if PLATELET in (cell.kind, label):
            platelets += 1
        elif cell.kind != "nucleated":  # red cells are shown, never counted here
            continue
        elif label is None:
            held.append(HeldBackCell(place, cell.box, "unfamiliar", None))
        elif cell.edge and not options.count_edge:
            held.append(HeldBackCell(place, cell.box, "edge", label))
        else:
            counted.append((place, cell))

    counts = Counter(cell.label for _, cell in counted)
    to_check = Counter(cell.label for _, cell in counted if cell.status == "check")
    classes = [ClassCount(label, counts[label], to_check[label]) for label in _white_labels(there)]
    white = [each.count for each in classes]
    n = sum(white)
    held_back = HeldBack(tuple(held), 100 * len(held) / (n + len(held)) if held else 0.0, options.max_held_back)
    erythroblasts = Erythroblasts(counts[ERYTHROBLAST], to_check[ERYTHROBLAST])
    white_count = None
    with_shares = n > 0 and held_back.share <= held_back.limit
    if with_shares:
        white_count = _white_count(options, erythroblasts.count, n)
        erythroblasts = _per_hundred_white(erythroblasts, n, white_count)
        classes = [
            _with_share(each, percentage, n, len(held), white_count)
            for each, percentage in zip(classes, percentages(white), strict=True)
        ]
    return PreClassification(
        pictures=len(pictures) - len(identical),
        white_cells=n,
        wanted=options.wanted,
        classes=tuple(classes),
        erythroblasts=erythroblasts,
        platelets=platelets,
        unseen_up_to=clopper_pearson(0, n).high if with_shares else None,
        widest_interval=widest(white).width if with_shares else None,
        cells_needed=cells_needed(white, options.widest) if with_shares and options.widest else None,
        white_count=white_count,
        held_back=held_back,
        identical=identical,
        overlaps=suspected_overlaps(counted),
        dropped=len(there) - len(kept),
    )


def _label(cell: Cell) -> str | None:
    """What the cell may be counted as; an unfamiliar one has no label, whatever it says."""
    return cell.label if cell.status in ("confident", "check") else None


def _identical(pictures: Sequence[PictureCells]) -> tuple[Identical, ...]:
    first: dict[str, int] = {}
    positions = ((p, first.setdefault(picture.sha256, p)) for p, picture in enumerate(pictures))
    return tuple(Identical(p, earlier) for p, earlier in positions if earlier != p)


def _places(pictures: Sequence[PictureCells], without: Collection[int]) -> list[tuple[Place, Cell]]:
    return [
        (Place(p, c), cell)
        for p, picture in enumerate(pictures)
        if p not in without
        for c, cell in enumerate(picture.cells)
    ]


def _refuse_unknown(drop: Collection[Place], pictures: Sequence[PictureCells]) -> None:
    for place in sorted(drop):
        if not (0 <= place.picture < len(pictures) and 0 <= place.cell < len(pictures[place.picture].cells)):
            raise CellsRefused(
                f"There is no cell {place.cell} in picture {place.picture} to drop. Both are counted from 0, in the "
                "order in which they are sent."
            )


def _white_labels(cells: Sequence[tuple[Place, Cell]]) -> list[str]:
    """The classes of white cells in the bundle's order, as the probabilities have it; none is typed here."""
    labels = dict.fromkeys(each.label for _, cell in cells for each in cell.probabilities)
    labels |= dict.fromkeys(label for _, cell in cells if (label := _label(cell)) is not None)
    if len(labels) > MOST_CLASSES:
        raise CellsRefused(f"The cells name more than {MOST_CLASSES} classes. Send the answers of one model.")
    return [label for label in labels if label not in (ERYTHROBLAST, PLATELET)]


def _white_count(options: Options, erythroblasts: int, n: int) -> WhiteCount | None:
    """An analyser counts erythroblasts as white cells: of 100 + NRBC that it saw, 100 are white."""
    given = options.white_count
    if given is None:
        return None
    per_100 = 100 * erythroblasts / n
    if options.white_count_corrected:
        return WhiteCount(given, given, "The white count was already corrected for erythroblasts when it was given.")
    if per_100 < CORRECTED_FROM:
        return WhiteCount(
            given, given, f"Not corrected: fewer than {CORRECTED_FROM} erythroblasts for every 100 white cells."
        )
    return WhiteCount(
        given,
        given * 100 / (100 + per_100),
        f"Corrected by 100 / (100 + {per_100:.3g}) for {per_100:.3g} erythroblasts for every 100 white cells.",
    )


def _with_share(each: ClassCount, percentage: float, n: int, held: int, white_count: WhiteCount | None) -> ClassCount:
    interval = clopper_pearson(each.count, n)
    return replace(
        each,
        percentage=percentage,
        interval=interval,
        range=Interval(100 * each.count / (n + held), 100 * (each.count + held) / (n + held)),
        absolute=_amount(100 * each.count / n, interval, white_count),
    )


def _per_hundred_white(each: Erythroblasts, n: int, white_count: WhiteCount | None) -> Erythroblasts:
    per_100, interval = 100 * each.count / n, per_hundred(each.count, n)
    return replace(each, per_100=per_100, interval=interval, absolute=_amount(per_100, interval, white_count))


def _amount(per_100: float, interval: Interval, white_count: WhiteCount | None) -> Amount | None:
    if white_count is None:
        return None
    factor = white_count.used / 100
    return Amount(per_100 * factor, interval.times(factor))
