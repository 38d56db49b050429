"""Records: the database as one class. What the API, the command line and the tests call."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Insert, delete, insert, literal, select, text

from hematovision import errors
from hematovision.bundle import Bundle
from hematovision.cells import Answer
from hematovision.records import audit, batches, cells_json, history, kept
from hematovision.records.database import alone, database_url, file_identity, open_engine, reading, writing
from hematovision.records.logins import Logins
from hematovision.records.preferences import Preferences
from hematovision.records.schema import refuse_unless_known
from hematovision.records.tables import Model, Prediction
from hematovision.records.tokens import Tokens
from hematovision.records.users import Users
from hematovision.records.values import DayCount, Entry, Filters, Keeping, Page, Place, Summary
from hematovision.settings import Settings

_LINES_AT_ONCE = 1000  # when a whole history is read


class Records:
    """The records of one database. Thread-safe; every method is one transaction, whole or not at all.

    records = Records.open(Settings.from_env())
    prediction = records.record(answer, service.bundle)
    records.entry(prediction).answer.label

    Each method raises `RecordsUnavailable` while the database does not answer.
    """

    def __init__(self, engine: Engine, pictures: Path, quota: int = 0) -> None:
        self.engine, self.pictures = engine, pictures
        self.users, self.logins, self.tokens = Users(engine), Logins(engine), Tokens(engine, quota)
        self.preferences = Preferences(engine)
        self.batches = batches.Batches(engine, pictures.with_name(batches.FOLDER))
        self._file = file_identity(engine)

    @classmethod
    def open(cls, settings: Settings, patience: float | None = None) -> Records:
        """Open the database of these settings; a new SQLite file is made. `patience`: see `open_engine`.

        Raises `SchemaRefused` for tables of another version, `RecordsUnavailable` if there is no answer.
        """
        engine = open_engine(database_url(settings), patience)
        try:
            refuse_unless_known(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, settings.records / kept.FOLDER, settings.quota)

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    def ping(self) -> None:
        """Ask the database whether it is there, and still the one that was opened: a SQLite file can be moved or
        deleted under an open connection, which would go on writing to what nobody will ever read."""
        with reading(self.engine) as connection:
            connection.execute(text("SELECT 1"))
        if file_identity(self.engine) != self._file:
            raise errors.RecordsUnavailable(
                "The database file is no longer the one that was opened. It is opened anew."
            )

    def record(self, answer: Answer, bundle: Bundle, by: UUID | None = None, keeping: Keeping | None = None) -> UUID:
        """Write down what `bundle` answered and return the prediction's id: when this returns, it is on disk.

        Boxes of red cells are not kept. `keeping` keeps the picture, too; raises `WorkUnknown` for no open work.
        """
        prediction, at, file = uuid.uuid4(), datetime.now(UTC), None
        row = {"id": prediction, "at": at, "day": at.date(), "user_id": by, **row_of(answer)}
        written = _insert_prediction(bundle, row)
        try:
            with writing(self.engine) as connection:
                if connection.execute(written).rowcount == 0:  # its first answer
                    _write_model(connection, bundle)
                    connection.execute(written)
                if keeping:
                    file = kept.keep(connection, self.pictures, prediction, keeping, at)
        except BaseException:
            if file:
                file.unlink(missing_ok=True)
            raise
        return prediction

    def record_all(self, answers: Mapping[UUID, Answer], bundle: Bundle) -> None:
        """Write down what `bundle` answered, each as the prediction of this id, at once or not at all; one that is
        there already stays as it is."""
        at = datetime.now(UTC)
        with writing(self.engine) as connection:
            model = _write_model(connection, bundle)
            there = set(connection.scalars(select(Prediction.id).where(Prediction.id.in_(answers))))
            rows = [
                {"id": prediction, "at": at, "day": at.date(), "user_id": None, "model_id": model, **row_of(answer)}
                for prediction, answer in answers.items()
                if prediction not in there
            ]
            if rows:
                connection.execute(insert(Prediction), rows)

    def entry(self, prediction: UUID, whose: UUID | None = None) -> Entry:
        """One prediction with its cells. Raises `PredictionUnknown`, also for one that is not this user's, if given."""
        with reading(self.engine) as connection:
            return history.entry(connection, prediction, whose)

    def page(self, filters: Filters | None = None, after: Place | None = None, lines: int = 50) -> Page:
        """Up to so many lines of the history, newest first, from where the page before it ended."""
        with reading(self.engine) as connection:
            return history.page(connection, filters or Filters(), after, lines)

    def lines(self, filters: Filters | None = None) -> Iterator[Summary]:
        """All of them, newest first, read a thousand at a time."""
        page = self.page(filters, lines=_LINES_AT_ONCE)
        yield from page.lines
        while page.next:
            page = self.page(filters, page.next, _LINES_AT_ONCE)
            yield from page.lines

    def statistics(
        self,
        since: date | None = None,
        until: date | None = None,
        model: str | None = None,
        user: UUID | None = None,
    ) -> list[DayCount]:
        """What was answered on each day (UTC) by each model, newest day first; `since` is included, `until` is not."""
        with reading(self.engine) as connection:
            return history.statistics(connection, since, until, model, user)

    def delete(
        self, prediction: UUID, by: UUID | None = None, reason: str | None = None, whose: UUID | None = None
    ) -> None:
        """Erase a prediction, its picture, and what the audit kept beside its chain; the chain says that it was done.

        Raises `PredictionUnknown`, also for one that is not this user's, if given.
        """
        with writing(self.engine) as connection:
            audit.take_tail(connection)  # before the row is read: two deletions at once shall not both find it
            model_sha256, content = history.content(connection, prediction, whose)
            kept.forget(connection, self.pictures, prediction)
            connection.execute(delete(Prediction).where(Prediction.id == prediction))
            audit.erase_details(connection, prediction)
            deleted = audit.Change(
                "prediction.deleted", prediction, by, content, reason=reason, model_sha256=model_sha256, erase=True
            )
            audit.append(connection, deleted)

    def open_work(self, name: str, days: int, by: UUID | None = None) -> UUID:
        """Begin to keep pictures for a piece of work; see `kept.open_work`."""
        with writing(self.engine) as connection:
            return kept.open_work(connection, name, days, by)

    def close_work(self, work: UUID, by: UUID | None = None) -> None:
        """Keep no further picture for a piece of work. Raises `WorkUnknown`."""
        with writing(self.engine) as connection:
            kept.close_work(connection, work, by)

    def open_works(self) -> list[tuple[UUID, str, int]]:
        """Id, name and days of each piece of work for which pictures are kept."""
        with reading(self.engine) as connection:
            return kept.open_works(connection)

    def sweep(self, now: datetime | None = None) -> int:
        """Delete the pictures and batches whose days are over; returns how many files and folders went."""
        now = now or datetime.now(UTC)
        with writing(self.engine) as connection:
            return kept.sweep(connection, self.pictures, now) + batches.sweep(connection, self.batches.folder, now)

    def verify(self, noted: str | None = None) -> audit.Verified:
        """Prove the audit. Raises `ChainBroken` with the first link that does not hold; also if `noted`, an entry's
        hash that an earlier proof gave, is not there any longer."""
        with reading(self.engine) as connection:
            return audit.verify(connection, noted)


def row_of(answer: Answer) -> dict[str, Any]:
    """What an answer says by itself, by column."""
    image, times = answer.image, answer.milliseconds
    return {
        "picture_sha256": image.sha256,
        "width": image.width,
        "height": image.height,
        "status": answer.status,
        "label": answer.label,
        "confidence": answer.confidence,
        "reasons": list(answer.reasons),
        "nucleated": answer.seen.nucleated,
        "platelet": answer.seen.platelet,
        "red": answer.seen.red,
        "cells": [cells_json.written(cell) for cell in answer.cells if cell.kind != "red"],
        "milliseconds": vars(times),
    }


def _insert_prediction(bundle: Bundle, row: dict[str, Any]) -> Insert:
    """Of this row with the bundle's id; of none, if the bundle has no row yet."""
    columns = Prediction.__table__.columns
    given = [literal(value, columns[name].type) for name, value in row.items()]
    whole = select(*given, Model.id).where(Model.sha256 == bundle.sha256)
    inserted = insert(Prediction).from_select([*row, "model_id"], whole)
    return inserted.execution_options(preserve_rowcount=True)  # which tells whether there was one


def _write_model(connection: Connection, bundle: Bundle) -> UUID:
    """Give this bundle its row, unless it has one; returns that row's id."""
    alone(connection, Model)
    model = connection.scalar(select(Model.id).where(Model.sha256 == bundle.sha256))
    if model is None:
        model = uuid.uuid4()
        facts = {"name": bundle.name, "version": bundle.version, "sha256": bundle.sha256, "labels": list(bundle.labels)}
        connection.execute(insert(Model).values(id=model, **facts))
    return model
