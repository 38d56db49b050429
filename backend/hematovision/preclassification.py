"""What counting cells gives, until people have reviewed them: a pre-classification. Plain values, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hematovision.cells import Box
from hematovision.intervals import Interval
from hematovision.overlaps import MOST_COMPARED, Overlap, Place


@dataclass(frozen=True)
class Amount:
    """Cells in the blood, in 10^9/L: the share, and its interval's ends, of the white count."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class ClassCount:
    """One class of white cells. `percentage` is rounded so that all sum to 100; `interval` and `range`, in per cent,
    are not. `range` is the share if none, and if all, of the cells held back belonged to the class."""

    label: str
    count: int
    to_check: int  # how many of `count` have the status check
    percentage: float | None = None
    interval: Interval | None = None
    range: Interval | None = None
    absolute: Amount | None = None


@dataclass(frozen=True)
class Erythroblasts:
    """The erythroblasts, and how many they are for every 100 white cells."""

    count: int
    to_check: int
    per_100: float | None = None
    interval: Interval | None = None
    absolute: Amount | None = None


@dataclass(frozen=True)
class WhiteCount:
    """The analyser's white count as `given` and as `used`, in 10^9/L, and the sentence that says why."""

    given: float
    used: float
    message: str


@dataclass(frozen=True)
class HeldBackCell:
    """A nucleated cell that is not counted: `reason` is unfamiliar or edge. An unfamiliar one has no label."""

    place: Place
    box: Box
    reason: str
    label: str | None


@dataclass(frozen=True)
class HeldBack:
    """The cells held back; their `share` of themselves and the white cells together, and its `limit`, in per cent."""

    cells: tuple[HeldBackCell, ...]
    share: float
    limit: float


@dataclass(frozen=True)
class Identical:
    """A picture that is the `same_as` an earlier one, by positions from 0; its cells are left out."""

    picture: int
    same_as: int


@dataclass(frozen=True)
class PreClassification:
    """What was counted. None stands where nothing can be said: no white cell is counted, or too many are held back."""

    status: ClassVar[str] = "pre_classification"
    message: ClassVar[str] = (
        "This is a pre-classification by a model. It is no differential count until a person has reviewed its cells."
    )
    interval_message: ClassVar[str] = (
        "The exact 95 % intervals cover sampling: which cells happened to be counted. They do not cover "
        "misclassification: cells that the model calls by a wrong name."
    )

    pictures: int  # different ones
    white_cells: int
    wanted: int
    classes: tuple[ClassCount, ...]  # in the bundle's order
    erythroblasts: Erythroblasts
    platelets: int  # seen in these pictures; not a concentration
    unseen_up_to: float | None  # per cent of the white cells that a class may be although none of it was counted
    widest_interval: float | None  # percentage points
    cells_needed: int | None  # how many more bring it to the limit asked for
    white_count: WhiteCount | None
    held_back: HeldBack
    identical: tuple[Identical, ...]
    overlaps: tuple[Overlap, ...]
    dropped: int

    @property
    def missing(self) -> int:
        """Cells to go until as many as wanted are counted."""
        return max(0, self.wanted - self.white_cells)

    @property
    def counts_only(self) -> bool:
        """Whether so many cells are held back that counts are given and no shares."""
        return self.held_back.share > self.held_back.limit

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of this count, in sentences."""
        notes = []
        if self.counts_only:
            notes.append(
                f"Held back are {self.held_back.share:.1f} % of the cells, more than {self.held_back.limit:g} %, so "
                "only counts are given. Look at these cells, or photograph more fields."
            )
        if self.missing:
            notes.append(f"Counted: {self.white_cells} of the {self.wanted} cells wanted; {self.missing} are missing.")
        if self.unseen_up_to is not None:
            notes.append(
                f"A class of which none was counted may still be up to {self.unseen_up_to:.2g} % of the white cells."
            )
        if self.identical:
            notes.append(f"Pictures that came twice and count once: {len(self.identical)}.")
        if self.overlaps:
            notes.append(
                f"Pairs that are perhaps one cell photographed twice: {len(self.overlaps)}. Look at each pair, and "
                "drop one cell where they are."
            )
        if self.white_cells + self.erythroblasts.count > MOST_COMPARED:
            notes.append(f"More than {MOST_COMPARED:,} cells: none were compared to find those photographed twice.")
        return tuple(notes)
