"""Reading what was recorded: a page of it, one entry, and what was answered day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, func, literal, select, tuple_

from hematovision import errors
from hematovision.cells import Answer, Milliseconds, PictureFacts, Seen
from hematovision.cells import Model as ModelName
from hematovision.records import cells_json
from hematovision.records.tables import Instant, Model, Prediction
from hematovision.records.values import DayCount, Entry, Filters, Page, Place, Summary

# All but the cells, which only an entry of its own shows.
_LINE = [column for column in Prediction.__table__.columns if column.name not in ("cells", "reasons", "day")]


class _Model(NamedTuple):
    name: ModelName
    sha256: str
    labels: list[str]


def page(connection: Connection, filters: Filters, after: Place | None, lines: int) -> Page:
    """Up to `lines` lines, newest first, that come after a place."""
    models = _models(connection)
    wanted = select(*_LINE).where(*_conditions(filters, models))
    if after:
        wanted = wanted.where(
            tuple_(Prediction.at, Prediction.id) < tuple_(literal(after.at, Instant()), literal(after.id))
        )
    ordered = wanted.order_by(Prediction.at.desc(), Prediction.id.desc()).limit(lines + 1)
    rows = connection.execute(ordered).all()  # one more than asked for tells whether there is a next page
    shown = tuple(_summary(row, models[row.model_id].name) for row in rows[:lines])
    more = len(rows) > lines
    return Page(shown, Place(shown[-1].at, shown[-1].id) if more else None)


def entry(connection: Connection, prediction: UUID, whose: UUID | None = None) -> Entry:
    """One prediction with its cells; only if it is this user's, if given. Raises `PredictionUnknown`."""
    row = _row(connection, prediction, whose)
    model = _models(connection)[row.model_id]
    cells = tuple(cells_json.read(each, model.labels) for each in row.cells)
    answer = Answer(
        model=model.name,
        image=PictureFacts(row.width, row.height, row.picture_sha256),
        status=row.status,
        label=row.label,
        confidence=row.confidence,
        probabilities=cells[0].probabilities if cells else (),
        reasons=tuple(row.reasons),
        seen=Seen(row.nucleated, row.platelet, row.red),
        cells=cells,
        milliseconds=Milliseconds(**row.milliseconds),
    )
    return Entry(row.id, row.at, row.user_id, model.sha256, answer)


def content(connection: Connection, prediction: UUID, whose: UUID | None = None) -> tuple[str, dict[str, Any]]:
    """The model's SHA-256 and the whole row, as JSON has it, for the audit. Raises `PredictionUnknown`."""
    row = _row(connection, prediction, whose)
    values = {name: _plain(value) for name, value in row._mapping.items()}
    return _models(connection)[row.model_id].sha256, values


def statistics(
    connection: Connection, since: date | None, until: date | None, model: str | None, user: UUID | None
) -> list[DayCount]:
    """How many of each status and label on each day by each model, newest day first. Of all users it asks for nothing
    that is not in the one index whose first column is the day."""
    models = _models(connection)
    by = (Prediction.day, Prediction.model_id, Prediction.status, Prediction.label)
    counted = select(*by, func.count().label("pictures")).group_by(*by)
    if since:
        counted = counted.where(Prediction.day >= since)
    if until:
        counted = counted.where(Prediction.day < until)
    if model:
        counted = counted.where(_of_model(model, models))
    if user:
        counted = counted.where(Prediction.user_id == user)
    found: dict[tuple[Any, UUID], DayCount] = {}
    for row in connection.execute(counted):
        day = found.setdefault((row.day, row.model_id), DayCount(row.day, models[row.model_id].name, {}, {}))
        day.statuses[row.status] = day.statuses.get(row.status, 0) + row.pictures
        if row.label is not None:
            day.labels[row.label] = day.labels.get(row.label, 0) + row.pictures
    return sorted(found.values(), key=lambda each: (each.day, each.model.name, each.model.version), reverse=True)


def _row(connection: Connection, prediction: UUID, whose: UUID | None) -> Row[Any]:
    wanted = select(*Prediction.__table__.columns).where(Prediction.id == prediction)
    row = connection.execute(wanted.where(Prediction.user_id == whose) if whose else wanted).first()
    if row is None:
        raise errors.PredictionUnknown("There is no prediction of this id: it was never recorded, or was erased.")
    return row


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID | date) else value  # a datetime is a date, too


def _models(connection: Connection) -> dict[UUID, _Model]:
    """Every model by its id: a handful, so that no page is joined with them and each is read off its index."""
    rows = connection.execute(select(*Model.__table__.columns))
    return {row.id: _Model(ModelName(row.name, row.version), row.sha256, row.labels) for row in rows}


def _conditions(filters: Filters, models: dict[UUID, _Model]) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.since:
        conditions.append(Prediction.at >= filters.since)
    if filters.until:
        conditions.append(Prediction.at < filters.until)
    if filters.status:
        conditions.append(Prediction.status == filters.status)
    if filters.label:
        conditions.append(Prediction.label == filters.label)
    if filters.model:
        conditions.append(_of_model(filters.model, models))
    if filters.user:
        conditions.append(Prediction.user_id == filters.user)
    return conditions


def _of_model(name: str, models: dict[UUID, _Model]) -> ColumnElement[bool]:
    """By `name/version`, which several bundles may bear while they are made."""
    ids = [id for id, model in models.items() if f"{model.name.name}/{model.name.version}" == name]
    return Prediction.model_id == ids[0] if len(ids) == 1 else Prediction.model_id.in_(ids)


def _summary(row: Row[Any], model: ModelName) -> Summary:
    return Summary(
        id=row.id,
        at=row.at,
        user=row.user_id,
        model=model,
        image=PictureFacts(row.width, row.height, row.picture_sha256),
        status=row.status,
        label=row.label,
        confidence=row.confidence,
        seen=Seen(row.nucleated, row.platelet, row.red),
        total=row.milliseconds["total"],
    )
