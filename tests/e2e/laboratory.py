"""A laboratory with a past: users, and predictions of many days, in the records of a service."""

from __future__ import annotations

import random
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from answers import BUNDLE, answer, cell
from hematovision.records.store import Records
from hematovision.records.tables import Prediction
from hematovision.settings import Settings
from people import add

LABELS = ("neutrophil", "neutrophil", "neutrophil", "lymphocyte", "lymphocyte", "basophil", "platelet")
DAYS, A_DAY = 12, 6


def fill(folder: Path) -> None:
    """Records in this folder: admin `boss`, reviewer `anna` with predictions on each of twelve days, viewer `bert`
    with one. Each day more of them are to check."""
    chance = random.Random(5)  # noqa: S311
    with closing(Records.open(Settings(records=folder))) as records:
        add(records, "boss", "admin")
        anna, bert = add(records, "anna", "reviewer"), add(records, "bert")
        for back in range(DAYS):
            for number in range(A_DAY):
                status = (
                    "unfamiliar" if number == 0 and back % 4 == 0 else "check" if number > back / 2 else "confident"
                )
                made = answer(cell(chance.choice(LABELS), status), cell("neutrophil"), picture=f"{back} {number}")
                _record(records, made, anna.id, back)
        _record(records, answer(cell("basophil")), bert.id, 0)


def _record(records: Records, made: object, user: object, back: int) -> None:
    id = records.record(made, BUNDLE, user)  # type: ignore[arg-type]
    with records.engine.begin() as connection:
        at = records.entry(id).at - timedelta(days=back)
        connection.execute(update(Prediction).values(at=at, day=at.date()).where(Prediction.id == id))
