"""What recording costs a request, and a page of the history, with 100,000 predictions recorded: on both engines.

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
from pathlib import Path

from classify import CROP, ROUNDS, WARM_UP, form, gunicorn
from sqlalchemy import insert, text

from answers import BUNDLE, LABELS, answer, cell
from databases import postgresql
from hematovision.records.database import opened
from hematovision.records.schema import migrate
from hematovision.records.store import Records, row_of
from hematovision.records.tables import Model, Prediction
from hematovision.records.values import Filters
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
    pages = {name: milliseconds(lambda each=each: records.page(each)) for name, each in FILTERS.items()}
    return pages | {"statistics, 30 days": milliseconds(lambda: records.statistics(since=month))}


def recording(settings: Settings) -> tuple[float, float]:
    """Median milliseconds of a request without and with recording, in turn."""
    crop = form(CROP)
    given = {"records": str(settings.records), "database_url": settings.database_url}
    with gunicorn(OURS, recording="off") as plain, gunicorn(OURS, **given) as recorded:
        for _ in range(WARM_UP):
            plain.classify(crop), recorded.classify(crop)
        if not recorded.answer(crop)["recorded"]:
            raise SystemExit("nothing was recorded")
        took = [(plain.classify(crop), recorded.classify(crop)) for _ in range(ROUNDS)]
    without, with_ = (statistics.median(each) for each in zip(*took, strict=True))
    return without, with_


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
            echo(f"{with_ / without - 1:+.1%}\n\n")
            records.close()


if __name__ == "__main__":
    main()
