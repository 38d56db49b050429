"""Pictures that are kept: for a piece of work, for its number of days, as pixels alone; and the sweep that ends it."""

from __future__ import annotations

import errno
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update

from hematovision import errors
from hematovision.records import audit
from hematovision.records.tables import KeptPicture, Work
from hematovision.records.values import Keeping

FOLDER = "pictures"

# A file that no row names is left over from a crash; one younger than this may be of a transaction not yet ended.
_LEFT_OVER_AFTER = 3600  # seconds


def open_work(connection: Connection, name: str, days: int, by: UUID | None = None) -> UUID:
    """Begin to keep the pictures that are sent for a piece of work, each for `days` days. Returns its id."""
    work = uuid.uuid4()
    connection.execute(insert(Work).values(id=work, name=name, days=days, opened_at=datetime.now(UTC)))
    audit.append(connection, audit.Change("work.opened", work, by, new={"name": name, "days": days}))
    return work


def close_work(connection: Connection, work: UUID, by: UUID | None = None) -> None:
    """Keep no further picture for it; those that are kept go when their days are over. Raises `WorkUnknown`."""
    _days(connection, work)
    connection.execute(update(Work).where(Work.id == work).values(closed_at=datetime.now(UTC)))
    audit.append(connection, audit.Change("work.closed", work, by))


def open_works(connection: Connection) -> list[tuple[UUID, str, int]]:
    """Id, name and days of each piece of work for which pictures are kept."""
    open_ones = select(Work.id, Work.name, Work.days).where(Work.closed_at.is_(None)).order_by(Work.opened_at)
    return [(row.id, row.name, row.days) for row in connection.execute(open_ones)]


def keep(connection: Connection, folder: Path, prediction: UUID, keeping: Keeping, at: datetime) -> Path:
    """Write a prediction's picture to the folder and its row to the transaction. Returns the file, which is the
    caller's to take away should the transaction fail. Raises `WorkUnknown`, or `StorageFull` with nothing left."""
    until = at + timedelta(days=_days(connection, keeping.work))
    digest = hashlib.sha256(keeping.png).hexdigest()
    values = {"prediction_id": prediction, "work_id": keeping.work, "until": until, "sha256": digest}
    connection.execute(insert(KeptPicture).values(values))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = file_of(folder, prediction)
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:  # noqa: PTH123  (mode)
            written.write(keeping.png)
            written.flush()
            os.fsync(written.fileno())
    except OSError as error:
        file.unlink(missing_ok=True)
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise errors.StorageFull(
            "The disk of the records is full: the picture was not kept. Make room, or send it without `work`."
        ) from error
    return file


def forget(connection: Connection, folder: Path, prediction: UUID) -> bool:
    """Delete a prediction's picture, if it is kept. The file goes first: if it cannot, nothing else is deleted."""
    file_of(folder, prediction).unlink(missing_ok=True)
    gone = connection.execute(delete(KeptPicture).where(KeptPicture.prediction_id == prediction))
    return bool(gone.rowcount)


def sweep(connection: Connection, folder: Path, now: datetime) -> int:
    """Delete every picture whose days are over, and every file left over from a crash. Returns how many files."""
    audit.take_tail(connection)  # two sweeps at once would count and note each picture twice
    over = select(KeptPicture.prediction_id, KeptPicture.sha256).where(KeptPicture.until <= now)
    rows = connection.execute(over).all()
    for prediction, digest in rows:
        forget(connection, folder, prediction)
        audit.append(connection, audit.Change("picture.swept", prediction, old={"sha256": digest}))
    named = set(connection.scalars(select(KeptPicture.prediction_id)))
    left_over = list(_left_over(folder, named))
    for file in left_over:
        file.unlink(missing_ok=True)
    return len(rows) + len(left_over)


def file_of(folder: Path, prediction: UUID) -> Path:
    """Where a prediction's picture lies, if it is kept."""
    return folder / f"{prediction}.png"


def _left_over(folder: Path, named: set[UUID]) -> Iterator[Path]:
    files = {str(prediction) for prediction in named}
    for file in folder.glob("*.png"):
        if file.stem not in files and file.stat().st_mtime < time.time() - _LEFT_OVER_AFTER:
            yield file


def _days(connection: Connection, work: UUID) -> int:
    days = connection.scalar(select(Work.days).where(Work.id == work, Work.closed_at.is_(None)))
    if days is None:
        raise errors.WorkUnknown(
            "No pictures are kept for this piece of work: it was never opened, or is closed. Send the picture without "
            "`work`, or open one with `hematovision records keep`."
        )
    return days
