"""One batch from its source to its result, as the command line and the API start it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hematovision.batch.clusters import Model, cluster
from hematovision.batch.engine import run
from hematovision.batch.results import Result
from hematovision.batch.sources import Source
from hematovision.bundle import current_path, open_bundle
from hematovision.progress import Progress
from hematovision.settings import Settings


class Done(NamedTuple):
    """How many pictures a result holds, those that failed among them, and how many failed."""

    pictures: int
    failures: int


def answer_all(
    source: str, out: Path, kind: str, workers: int, settings: Settings, progress: Progress,
    most: float = math.inf, begun: Callable[[Result], None] = lambda result: None,
) -> Done:  # fmt: skip
    """Answer all pictures of a source into the folder `out`, going on from what is there. `begun` is given the result
    as it is opened; of an archive of more than `most` pictures the first ones are answered.

    Raises `SourceRefused`, `ResultRefused`, `StorageFull`, `BatchUnavailable` or `ModelUnavailable`.
    """
    bundle = open_bundle(current_path(settings.models))
    pictures = Source(source, settings.limits, most)
    model = {"model": bundle.name, "version": bundle.version, "sha256": bundle.sha256}
    result = Result(out, kind, {"source": source, **model})
    begun(result)
    try:
        with cluster(workers, Model(bundle.sha256, settings.limits)) as connect:
            run(pictures, result, connect, progress)
    finally:
        result.close()
    return Done(result.pictures, result.failures)
