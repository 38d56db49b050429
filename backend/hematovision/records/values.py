"""The words of the records: Entry, Summary, Filters, Page, DayCount, Account, TokenFacts, BatchFacts. Plain values,
frozen; no SQLAlchemy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from hematovision.cells import Answer, Model, PictureFacts, Seen

ROLES = ("viewer", "reviewer", "admin")
BATCH_STATES = ("waiting", "running", "done", "failed")


@dataclass(frozen=True)
class Summary:
    """A recorded prediction without its cells: a line of the history. `at` is when it was recorded, in UTC; `user` is
    who sent the picture, None where nobody is logged in."""

    id: UUID
    at: datetime
    user: UUID | None
    model: Model
    image: PictureFacts
    status: str
    label: str | None
    confidence: float | None
    seen: Seen
    total: float  # milliseconds


@dataclass(frozen=True)
class Entry:
    """A recorded prediction as it was answered, but for the boxes of red cells, which are only counted."""

    id: UUID
    at: datetime
    user: UUID | None
    model_sha256: str
    answer: Answer


@dataclass(frozen=True)
class Filters:
    """Which predictions of the history are meant: all that hold of each that is not None.

    `since` is included, `until` is not. `model` is `name/version`. Status and label are of the main cell.
    """

    since: datetime | None = None
    until: datetime | None = None
    status: str | None = None
    label: str | None = None
    model: str | None = None
    user: UUID | None = None


@dataclass(frozen=True)
class Place:
    """Where a page of the history ended: the time and id of its last line."""

    at: datetime
    id: UUID


@dataclass(frozen=True)
class Page:
    """Lines of the history, newest first; `next` is where the following page goes on, None at the end."""

    lines: tuple[Summary, ...]
    next: Place | None


@dataclass(frozen=True)
class DayCount:
    """Answers of one model on one day (UTC): how many of each status, and of each label of the main cell."""

    day: date
    model: Model
    statuses: dict[str, int]
    labels: dict[str, int]

    @property
    def pictures(self) -> int:
        """All of them."""
        return sum(self.statuses.values())


@dataclass(frozen=True)
class Keeping:
    """A picture to keep beside its prediction: for which piece of work, and its file, of pixels alone."""

    work: UUID
    png: bytes


@dataclass(frozen=True)
class NewAccount:
    """A user to be: name, role, and the password as it was typed or drawn."""

    name: str
    role: str
    password: str


@dataclass(frozen=True)
class Account:
    """A user, without the password. `quota`: requests an hour for each of their tokens, 0 for no end, None where the
    service's own holds."""

    id: UUID
    name: str
    role: str
    created_at: datetime
    disabled_at: datetime | None
    quota: int | None = None


@dataclass(frozen=True)
class TokenFacts:
    """What is known of a token, without its secret; `used_at` to the minute. `quota` is how many requests an hour it
    may make, 0 for no end; `asked` how many it has made in this one, counted where there is a quota."""

    id: UUID
    name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None
    quota: int
    asked: int


@dataclass(frozen=True)
class BatchProgress:
    """How far a batch is: pictures answered, those that failed among them, of how many as far as that is known yet,
    and how many a second lately, None until that is known."""

    pictures: int = 0
    failures: int = 0
    total: int | None = None
    rate: float | None = None


@dataclass(frozen=True)
class BatchFacts:
    """A batch that was sent over the API. `problem` is code and detail: why it failed, or, while it waits, why it has
    to. `until`: to when its result is kept."""

    id: UUID
    user: UUID | None
    at: datetime
    state: str
    progress: BatchProgress
    problem: dict[str, str] | None
    until: datetime | None

    @property
    def seconds_left(self) -> int | None:
        """None unless it is running and can be told."""
        told = self.progress
        if self.state != "running" or not told.rate or told.total is None:
            return None
        return math.ceil(max(0, told.total - told.pictures) / told.rate)
