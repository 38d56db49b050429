"""The words of an answer: Box, Prediction, Cell, Answer. Plain values, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the upright picture; `x`, `y` is its upper left corner."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Probability:
    """One class and how probable the model finds it, 0..1 after calibration."""

    label: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """What the model said of one cell: every class, in the bundle's order; never edited."""

    probabilities: tuple[Probability, ...]

    @property
    def best(self) -> Probability:
        """The most probable class; the bundle's order decides a tie."""
        return max(self.probabilities, key=lambda each: each.probability)


@dataclass(frozen=True)
class ReadValue:
    """One value of a readout and how probable it is, 0..1."""

    value: str
    probability: float


@dataclass(frozen=True)
class Reading:
    """What a readout says of one cell: each of its values, in the bundle's order. A `leaning` is to a finer
    class and never counted; the others are attributes."""

    name: str
    leaning: bool
    values: tuple[ReadValue, ...]


@dataclass(frozen=True)
class Why:
    """Where the classifier saw a cell's label, and what else it reads off the cell.

    `seen_at` are rows of what each place of the standard picture adds to the label's logit, which lies over the square
    of `side` pixels with its upper left corner at `x`, `y` of the upright picture."""

    x: float
    y: float
    side: float
    seen_at: tuple[tuple[float, ...], ...]
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Cell:
    """One cell: where it is, what kind of object (`nucleated`, `platelet` or `red`), whether the picture's edge cuts
    it, and the answer. `status` is confident, check or unfamiliar, and None for a red cell, which is not classified;
    `label` is None when unfamiliar; `sketch` is what it looks like, see sketch.py, None for what was not classified.
    `why` is there on request, for a cell with a label."""

    box: Box
    kind: str
    edge: bool
    status: str | None
    label: str | None
    confidence: float | None
    probabilities: tuple[Probability, ...]
    reasons: tuple[str, ...] = ()
    sketch: str | None = None
    why: Why | None = None


@dataclass(frozen=True)
class ClassifiedCell(Cell):
    """One that was classified, and so has a status."""

    status: str


@dataclass(frozen=True)
class Model:
    """Which bundle answered."""

    name: str
    version: str


@dataclass(frozen=True)
class PictureFacts:
    """The upright picture's size in pixels and the SHA-256 of the bytes received."""

    width: int
    height: int
    sha256: str


@dataclass(frozen=True)
class Seen:
    """How many of each kind were seen in this picture, those cut by its edge included; never a concentration."""

    nucleated: int
    platelet: int
    red: int


@dataclass(frozen=True)
class Milliseconds:
    """Where the time went."""

    decode: float
    locate: float
    classify: float
    total: float


@dataclass(frozen=True)
class Answer:
    """The answer to one picture.

    The first fields are those of its main cell, the first of `cells`: the nucleated one nearest the centre, else the
    platelet nearest it. Without either, `status` is no_cells, or not_a_smear.
    """

    model: Model
    image: PictureFacts
    status: str
    label: str | None
    confidence: float | None
    probabilities: tuple[Probability, ...]
    reasons: tuple[str, ...]
    seen: Seen
    cells: tuple[Cell, ...]
    milliseconds: Milliseconds = field(compare=False)


def in_words(label: str) -> str:
    """A class as people write it: `immature_granulocyte` -> `immature granulocyte`."""
    return label.replace("_", " ")
