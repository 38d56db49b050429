"""What recording costs a request, and a page of the history, with 100,000 predictions recorded; and what it costs to
count the requests of a token: on both engines.

Part of `make bench`. Prints a table in Markdown. Asked for are at most 15 % of a request at the median, and a filtered
page in under three times what it takes with 1,000 predictions.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import requests
from classify import CROP, ROUNDS, WARM_UP, Server, form, gunicorn
from sqlalchemy import insert, text

from answers import BUNDLE, LABELS, answer, cell
from databases import postgresql
from hematovision.records.database import opened
from hematovision.records.schema import migrate
from hematovision.records.store import Records, row_of
from hematovision.records.tables import Model, Prediction
from hematovision.records.values import Filters, NewAccount
from hematovision.settings import Settings

FEW, MANY = 1_000, 100_000
OURS = "hematovision.api.serve:wsgi()"
STATUSES = ("confident",) * 8 + ("check", "unfamiliar")
FILTERS = {
    "none": Filters(),
    "status": Filters(status="check"),
    "label": Filters(label="basophil"),
    "status and label": Filters(status="check", label="basophil"),
    "model": Filters(model="drawn/1"),
}


def fill(records: Records, wanted: int) -> None:
    """Until there are so many, over a year."""
    chance = random.Random(wanted)  # noqa: S311  (no secret)
    now = datetime.now(UTC)
    with records.engine.execution_options(writes=True).begin() as connection:
        model = connection.scalar(text("SELECT id FROM models"))
        if model is None:
            model = uuid.uuid4()
            facts = {"name": BUNDLE.name, "version": BUNDLE.version, "sha256": BUNDLE.sha256, "labels": list(LABELS)}
            connection.execute(insert(Model).values(id=model, **facts))
        model = uuid.UUID(str(model))
        have = connection.scalar(text("SELECT count(*) FROM predictions"))
        for _ in range((wanted - have) // 1000):
            rows = []
            for _ in range(1000):
                made = answer(cell(chance.choice(LABELS), chance.choice(STATUSES)), picture=str(chance.random()))
                at = now - timedelta(days=365 * chance.random())
                rows.append({"id": uuid.uuid4(), "at": at, "day": at.date(), "model_id": model, **row_of(made)})
            connection.execute(insert(Prediction), rows)
    with records.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if connection.dialect.name == "postgresql" else "ANALYZE"))


def milliseconds(work: Callable[[], object]) -> float:
    """Median of thirty times."""
    took = []
    for _ in range(30):
        started = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - started))
    return statistics.median(took)


def reading(records: Records) -> dict[str, float]:
    """Milliseconds of a page by each filter, and of the statistics of a month."""
    month = datetime.now(UTC).date() - timedelta(days=30)
    pages = {name: milliseconds(partial(records.page, each)) for name, each in FILTERS.items()}
    return pages | {"statistics, 30 days": milliseconds(lambda: records.statistics(since=month))}


def recording(settings: Settings) -> tuple[float, float]:
    """Median milliseconds of a request without and with recording, in turn."""
    crop = form(CROP)
    given = {"records": str(settings.records), "database_url": settings.database_url}
    with gunicorn(OURS, recording="off") as plain, gunicorn(OURS, **given) as recorded:
        if not recorded.answer(crop)["recorded"]:
            raise SystemExit("nothing was recorded")
        return in_turn(plain, recorded, crop)


def counting(settings: Settings, records: Records) -> tuple[float, float]:
    """Median milliseconds of a request by a token without and with a quota, in turn; both are recorded."""
    [user] = records.users.add([NewAccount(uuid.uuid4().hex, "viewer", uuid.uuid4().hex)])
    _, token = records.tokens.make(user.id, "bench", 1, datetime.now(UTC))
    crop = form(CROP)
    crop.headers["Authorization"] = f"Bearer {token}"
    given = {"records": str(settings.records), "database_url": settings.database_url, "login": "on"}
    with gunicorn(OURS, **given) as free, gunicorn(OURS, **given, quota="100000") as counted:
        took = in_turn(free, counted, crop)
    if records.tokens.of(user.id, datetime.now(UTC))[0].asked < ROUNDS:
        raise SystemExit("nothing was counted, or the hour has ended")
    return took


def in_turn(plain: Server, other: Server, sent: requests.PreparedRequest) -> tuple[float, float]:
    """Median milliseconds of each."""
    for _ in range(WARM_UP):
        plain.classify(sent), other.classify(sent)
    took = [(plain.classify(sent), other.classify(sent)) for _ in range(ROUNDS)]
    one, two = (statistics.median(each) for each in zip(*took, strict=True))
    return one, two


@contextmanager
def engines() -> Iterator[dict[str, Settings]]:
    with tempfile.TemporaryDirectory() as folder, postgresql(durable=True) as cluster:
        settings = Settings(records=Path(folder))
        yield {"SQLite": settings, "PostgreSQL": replace(settings, database_url=cluster.new_database())}


def main() -> None:
    echo = sys.stdout.write
    with engines() as both:
        for name, settings in both.items():
            with opened(settings) as engine:
                migrate(engine)
            records = Records.open(settings)
            fill(records, FEW)
            few = reading(records)
            fill(records, MANY)
            many = reading(records)
            without, with_ = recording(settings)
            echo(f"| {name} | {FEW:,} | {MANY:,} | times |\n| --- | --- | --- | --- |\n")
            for each in few:
                echo(f"| {each}, median ms | {few[each]:.2f} | {many[each]:.2f} | {many[each] / few[each]:.2f} |\n")
            echo(f"\n- a request with {MANY:,} recorded: {without:.1f} ms without recording, {with_:.1f} ms with it, ")
            echo(f"{with_ / without - 1:+.1%}\n")
            free, counted = counting(settings, records)
            echo(
                f"- by a token: {free:.1f} ms without a quota, {counted:.1f} ms with one, {counted / free - 1:+.1%}\n\n"
            )
            records.close()


if __name__ == "__main__":
    main()
