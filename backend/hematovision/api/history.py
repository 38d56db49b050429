"""GET /history, as pages or CSV; one entry, and its erasure; statistics day by day."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any
from uuid import UUID

from flask import Response, request
from flask_restx import Namespace, Resource
from marshmallow import Schema, ValidationError

from hematovision import errors
from hematovision.api.access import only, visitor
from hematovision.api.history_schemas import (
    DaysSchema,
    EntrySchema,
    FiltersSchema,
    HistorySchema,
    PageSchema,
    StatisticsSchema,
    WhySchema,
)
from hematovision.api.schemas import CELL_STATUSES, STATUSES
from hematovision.api.services import services
from hematovision.api.shapes import SHAPES, answers, parameters
from hematovision.records.values import DayCount, Filters, Place, Summary

namespace = Namespace("history", path="/history", description="What was answered, as recorded.")

COLUMNS = (
    "id", "at", "user", "model", "version", "status", "label", "confidence", "nucleated", "platelet", "red", "width",
    "height", "sha256", "milliseconds",
)  # fmt: skip

history_schema, entry_schema, statistics_schema = HistorySchema(), EntrySchema(), StatisticsSchema()


@namespace.route("")
class History(Resource):
    @namespace.doc("history", params=parameters(PageSchema), **answers(HistorySchema, 400, 404, 503))
    def get(self) -> Any:
        """A page of what was answered, newest first."""
        query = _own(_query(PageSchema()))
        after, lines = query.pop("after", None), query.pop("lines")
        page = services().recorder.records.page(Filters(**query), _place(after) if after else None, lines)
        return history_schema.dump({"lines": page.lines, "next": _cursor(page.next) if page.next else None})


@namespace.route(".csv")
class HistoryCsv(Resource):
    @namespace.doc("history_csv", params=parameters(FiltersSchema), produces=["text/csv", "application/problem+json"])
    @namespace.response(200, "One line a prediction.")
    @namespace.response("default", "Any failure.", SHAPES["Problem"])
    def get(self) -> Response:
        """All that was answered, newest first, as CSV."""
        lines = services().recorder.records.lines(Filters(**_own(_query(FiltersSchema()))))
        first = list(islice(lines, 1))  # read before the answer begins: a database that is away is a problem by name
        headers = {"Content-Disposition": "attachment; filename=history.csv"}
        return Response(_csv(chain(first, lines)), mimetype="text/csv", headers=headers)


@namespace.route("/<uuid:id>")
class Entry(Resource):
    @namespace.doc("entry", **answers(EntrySchema, 404, 503))
    def get(self, id: UUID) -> Any:
        """One prediction with all its cells, as it was answered."""
        entry = services().recorder.records.entry(id, visitor().whose)
        return entry_schema.dump(vars(entry.answer) | vars(entry))

    @namespace.doc("erase", params=parameters(WhySchema), **answers(None, 400, 404, 503))
    @only("reviewer", "admin")
    def delete(self, id: UUID) -> Any:
        """Erase a prediction and its picture, if one was kept. The audit notes that it was done, and nothing of it."""
        reason = _query(WhySchema())["reason"]
        services().recorder.records.delete(id, visitor().id, reason, visitor().whose)
        return "", 204


@namespace.route("/statistics")
class Statistics(Resource):
    @namespace.doc("statistics", params=parameters(DaysSchema), **answers(StatisticsSchema, 400, 404, 503))
    def get(self) -> Any:
        """What was answered on each day by each model: a laboratory's drift at a glance."""
        counted = services().recorder.records.statistics(**_own(_query(DaysSchema())))
        return statistics_schema.dump({"days": [_day(each) for each in counted]})


def _own(query: dict[str, Any]) -> dict[str, Any]:
    """The query, of one's own records unless one may see everybody's. Raises `AccessRefused` for somebody else's."""
    if (own := visitor().whose) is None:
        return query
    if query.get("user", own) != own:
        raise errors.AccessRefused("You may see your own records. An admin may see everybody's.")
    return query | {"user": own}


def _query(schema: Schema) -> dict[str, Any]:
    """The query as the schema reads it; an empty value is as none. Raises `QueryRefused` for one that is no such
    thing, and for a name that is not known: a misspelt filter would find too much."""
    given = {name: value for name, value in request.args.items() if value}
    if unknown := sorted(set(given) - set(schema.fields)):
        raise errors.QueryRefused(f"There is no {unknown[0][:40]!r} to ask by. There are: {', '.join(schema.fields)}.")
    try:
        query: dict[str, Any] = schema.load(given)
    except ValidationError as error:  # never let it out: it carries the query
        name, [reason, *_] = next(iter(error.messages_dict.items()))
        raise errors.QueryRefused(f"`{name}`: {str(reason).rstrip('.')}. /docs says how it is written.") from None
    return query


def _cursor(place: Place) -> str:
    """For the next page: opaque to the caller."""
    return base64.urlsafe_b64encode(json.dumps([place.at.isoformat(), place.id.hex]).encode()).decode().rstrip("=")


def _place(cursor: str) -> Place:
    """The same place again. Raises `QueryRefused` for what is none."""
    try:
        at, id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return Place(datetime.fromisoformat(at).astimezone(UTC), UUID(id))
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise errors.QueryRefused("`after` is not the `next` of a page. Send it as it came, or leave it out.") from None


def _csv(lines: Iterable[Summary]) -> Iterator[str]:
    """A line at a time, so that memory does not grow with the history."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in lines:
        yield _taken(text)
        what = [line.model.name, line.model.version, line.status, line.label, line.confidence]
        picture = [*vars(line.seen).values(), line.image.width, line.image.height, line.image.sha256]
        writer.writerow([line.id, line.at.isoformat(), line.user, *what, *picture, line.total])
    yield _taken(text)


def _taken(text: io.StringIO) -> str:
    taken = text.getvalue()
    text.seek(0)
    text.truncate()
    return taken


def _day(counted: DayCount) -> dict[str, Any]:
    judged = sum(counted.statuses.get(status, 0) for status in CELL_STATUSES)
    labelled = sum(counted.labels.values())

    def share(status: str) -> float | None:
        return counted.statuses.get(status, 0) / judged if judged else None

    return {
        "day": counted.day,
        "model": counted.model,
        "pictures": counted.pictures,
        "statuses": [{"status": each, "count": counted.statuses.get(each, 0)} for each in STATUSES],
        "labels": [
            {"label": label, "count": count, "share": count / labelled}
            for label, count in sorted(counted.labels.items())
        ],
        "check": share("check"),
        "unfamiliar": share("unfamiliar"),
    }
