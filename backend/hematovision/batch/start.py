"""One batch from its source to its result, as the command line and the API start it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid5

from hematovision import errors
from hematovision.batch.clusters import Model, cluster
from hematovision.batch.engine import run
from hematovision.batch.results import Record, Result
from hematovision.batch.schema import Row, answers_of
from hematovision.batch.sources import Source
from hematovision.bundle import Bundle, current_path, open_bundle
from hematovision.progress import Progress
from hematovision.settings import Settings


class Done(NamedTuple):
    """How many pictures a result holds, those that failed among them, and how many failed."""

    pictures: int
    failures: int


def answer_all(
    source: str, out: Path, kind: str, workers: int, settings: Settings, progress: Progress,
    most: float = math.inf, begun: Callable[[Result], None] = lambda result: None, record: bool = False,
) -> Done:  # fmt: skip
    """Answer all pictures of a source into the folder `out`, going on from what is there. `begun` is given the result
    as it is opened; of an archive of more than `most` pictures the first ones are answered. With `record`
    each answer becomes a prediction of the records, too, once, however often the run is stopped and gone on with.

    Raises `SourceRefused`, `ResultRefused`, `StorageFull`, `BatchUnavailable`, `ModelUnavailable`, `RecordsOff` or
    `RecordsUnavailable`.
    """
    bundle = open_bundle(current_path(settings.models))
    pictures = Source(source, settings.limits, most)
    model = {"model": bundle.name, "version": bundle.version, "sha256": bundle.sha256}
    with _recording(settings, bundle, record) as recorded:
        result = Result(out, kind, {"source": source, **model}, recorded)
        begun(result)
        try:
            with cluster(workers, Model(bundle.sha256, settings.limits)) as connect:
                run(pictures, result, connect, progress)
        finally:
            result.close()
    return Done(result.pictures, result.failures)


@contextmanager
def _recording(settings: Settings, bundle: Bundle, wanted: bool) -> Iterator[Record | None]:
    """What writes rows to the records: a prediction's id is made from the result's and the picture's name, so that
    one whose part was lost is not there twice when it is answered again."""
    if not wanted:
        yield None
        return
    if settings.recording == "off":
        raise errors.RecordsOff("Nothing is recorded here: HEMATOVISION_RECORDING is off. Leave --record out.")
    from hematovision.records.store import Records

    with closing(Records.open(settings)) as records:

        def record(result: UUID, rows: Sequence[Row]) -> None:
            records.record_all({uuid5(result, name): answer for name, answer in answers_of(rows)}, bundle)

        yield record
