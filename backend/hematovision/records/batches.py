"""Batches that were sent over the API: whose they are, whose turn it is, how far each is. Any replica can tell.

The files of each lie in a folder that bears its id: the archive until it is answered, then the result.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, Update, and_, delete, func, insert, or_, select, update

from hematovision import errors
from hematovision.records import audit
from hematovision.records.database import noted, reading, writing
from hematovision.records.tables import Batch
from hematovision.records.values import UNFINISHED, BatchFacts, BatchProgress

FOLDER = "batches"
STALE = timedelta(seconds=30)  # without a beat: whoever runs a batch is taken for dead
MOST_UNFINISHED = 20  # of one user
MOST_LISTED = 200

# A folder that no row names is of an archive on its way, or left over from a crash.
_LEFT_OVER_AFTER = 2 * 3600  # seconds; no archive may take as long


class Taken(NamedTuple):
    """A batch whose turn it is; `tries` tells how many times it was begun and its process not heard of again."""

    id: UUID
    tries: int


class Batches:
    """The batches of one database. Methods of a `runner` change nothing where the batch is no longer that one's."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self.folder = engine, folder

    def folder_of(self, batch: UUID) -> Path:
        """Where its files lie."""
        return self.folder / str(batch)

    def refuse_if_full(self, by: UUID | None) -> None:
        """Raises `QueueFull` where as many of this user's wait as may."""
        unfinished = select(func.count()).where(Batch.user_id == by, Batch.state.in_(UNFINISHED))
        with reading(self._engine) as connection:
            if (connection.scalar(unfinished) or 0) >= MOST_UNFINISHED:
                raise errors.QueueFull(f"{MOST_UNFINISHED} of your batches wait already. Send the next one later.")

    def accept(self, batch: UUID, by: UUID | None = None) -> BatchFacts:
        """Write down that an archive has arrived, and waits. When this returns, that is on disk."""
        row = {"id": batch, "user_id": by, "at": datetime.now(UTC), "state": "waiting", "tries": 0}
        with writing(self._engine) as connection:
            connection.execute(insert(Batch).values(**row, progress=vars(BatchProgress())))
            return _facts(_row(connection, batch, None))

    def one(self, batch: UUID, whose: UUID | None = None) -> BatchFacts:
        """Raises `BatchUnknown`, also for one that is not this user's, if given."""
        with reading(self._engine) as connection:
            return _facts(_row(connection, batch, whose))

    def all(self, whose: UUID | None = None) -> list[BatchFacts]:
        """Those of this user, if given, newest first, and the latest only if they are very many."""
        wanted = select(*Batch.__table__.columns).order_by(Batch.at.desc(), Batch.id).limit(MOST_LISTED)
        with reading(self._engine) as connection:
            rows = connection.execute(wanted.where(Batch.user_id == whose) if whose else wanted)
            return [_facts(row) for row in rows]

    def forget(self, batch: UUID, by: UUID | None = None, whose: UUID | None = None) -> None:
        """Cancel it, whatever its state, and delete its files; its runner hears of it. Raises `BatchUnknown`."""
        with writing(self._engine) as connection:
            audit.take_tail(connection)
            _row(connection, batch, whose)
            connection.execute(delete(Batch).where(Batch.id == batch))
            audit.append(connection, audit.Change("batch.deleted", batch, by))
        shutil.rmtree(self.folder_of(batch), ignore_errors=True)

    def take(self, runner: UUID, now: datetime) -> Taken | None:
        """The one whose turn it is, and is nobody else's from now on; None where none waits."""
        free = or_(Batch.state == "waiting", and_(Batch.state == "running", Batch.beat_at < now - STALE))
        first = select(Batch.id).where(free).order_by(Batch.at, Batch.id).limit(1).scalar_subquery()
        took = update(Batch).where(Batch.id == first, free).returning(Batch.id, Batch.tries)
        with writing(self._engine) as connection:
            values = {"state": "running", "runner": runner, "beat_at": now, "tries": Batch.tries + 1, "problem": None}
            row = connection.execute(took.values(values)).first()
        return Taken(row.id, row.tries - 1) if row else None

    def unfinished(self) -> bool:
        """Whether any waits, or is in the hands of a process, which may have died."""
        some = select(Batch.id).where(Batch.state.in_(UNFINISHED)).limit(1)
        with reading(self._engine) as connection:
            return connection.scalar(some) is not None

    def tell(self, batch: UUID, runner: UUID, progress: BatchProgress, now: datetime) -> bool:
        """How far it is, and that its runner lives. False where it is no longer that one's."""
        return noted(self._engine, _of(batch, runner).values(progress=vars(progress), beat_at=now), {}) == 1

    def put_back(self, batch: UUID, runner: UUID, problem: errors.HematoVisionError | None = None) -> None:
        """Let it wait for its turn again, and say why if that is not its own fault."""
        with writing(self._engine) as connection:
            values = {"state": "waiting", "tries": Batch.tries - 1, "problem": _told(problem)}
            connection.execute(_of(batch, runner).values(values))

    def end(
        self, batch: UUID, runner: UUID, progress: BatchProgress, until: datetime,
        problem: errors.HematoVisionError | None = None,
    ) -> bool:  # fmt: skip
        """It is done, or failed with a problem. False where it is no longer this runner's."""
        state = "failed" if problem else "done"
        values = {"state": state, "progress": vars(progress), "until": until, "problem": _told(problem)}
        with writing(self._engine) as connection:
            return connection.execute(_of(batch, runner).values(values)).rowcount == 1


def sweep(connection: Connection, folder: Path, now: datetime) -> int:
    """Delete every batch whose days are over, and every folder left over from a crash. Returns how many folders."""
    audit.take_tail(connection)
    over = list(connection.scalars(select(Batch.id).where(Batch.until <= now)))
    for batch in over:
        shutil.rmtree(folder / str(batch), ignore_errors=True)
        connection.execute(delete(Batch).where(Batch.id == batch))
        audit.append(connection, audit.Change("batch.swept", batch))
    left_over = list(_left_over(folder, {str(each) for each in connection.scalars(select(Batch.id))}))
    for each in left_over:
        shutil.rmtree(each, ignore_errors=True)
    return len(over) + len(left_over)


def _left_over(folder: Path, named: set[str]) -> Iterator[Path]:
    for each in folder.glob("*"):
        if each.name not in named and each.stat().st_mtime < time.time() - _LEFT_OVER_AFTER:
            yield each


def _of(batch: UUID, runner: UUID) -> Update:
    return update(Batch).where(Batch.id == batch, Batch.state == "running", Batch.runner == runner)


def _row(connection: Connection, batch: UUID, whose: UUID | None) -> Row[Any]:
    wanted = select(*Batch.__table__.columns).where(Batch.id == batch)
    row = connection.execute(wanted.where(Batch.user_id == whose) if whose else wanted).first()
    if row is None:
        raise errors.BatchUnknown("There is no batch of this id: it was cancelled, its days are over, or never sent.")
    return row


def _facts(row: Row[Any]) -> BatchFacts:
    progress = BatchProgress(**row.progress)
    return BatchFacts(row.id, row.user_id, row.at, row.state, progress, row.problem, row.until)


def _told(problem: errors.HematoVisionError | None) -> dict[str, str] | None:
    return {"code": problem.code, "detail": str(problem)} if problem else None
