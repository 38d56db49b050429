"""Commands that answer thousands of pictures: batch, and batches for those that were sent over the API."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread

import click

from hematovision.cli.main import FOLDER
from hematovision.errors import HematoVisionError
from hematovision.progress import bar
from hematovision.settings import Settings


def _columns(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from hematovision.batch.schema import COLUMNS, VERSION

        click.echo(f"Version {VERSION}. One row a picture, one a cell, one a failure:")
        click.echo("\n".join(f"{each.name:14} {each.kind:14} {each.sentence}" for each in COLUMNS))
        context.exit()


@click.command()
@click.argument("source")
@click.option("--out", type=FOLDER, required=True, help="Folder of the result; it may be of a run that was stopped.")
@click.option(
    "--workers", type=click.IntRange(1, 1024), default=os.cpu_count(), show_default="one a core", help="Here."
)
@click.option("--format", "kind", type=click.Choice(("parquet", "csv")), default="parquet", show_default=True)
@click.option("--record", is_flag=True, help="Write each answer to the records, too, as /classify does.")
@click.option("--columns", is_flag=True, is_eager=True, expose_value=False, callback=_columns, help="What rows hold.")
def batch(source: str, out: Path, workers: int, kind: str, record: bool) -> None:
    """Classify all pictures of SOURCE, a folder, a zip or tar, or an address such as s3://bucket/smears.

    On worker processes of this machine, or on the Dask cluster that DASK_SCHEDULER_ADDRESS names. A run that was
    stopped goes on when the same command is given again. Exit status 1 if a picture could not be answered; it is a row
    with its reason, and the others are answered all the same.
    """
    from hematovision.batch import refuse_unless_installed

    refuse_unless_installed()
    from hematovision.batch.start import answer_all

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = Settings.from_env()
    try:
        with bar(rate="pictures") as progress:
            done = answer_all(source, out, kind, workers, settings, progress, record=record)
    except KeyboardInterrupt:
        raise HematoVisionError(
            f"Stopped. What was answered is in {out}; the same command goes on from there."
        ) from None
    click.echo(f"{done.pictures:,} pictures in {out}, {done.failures:,} of them could not be answered")
    if done.failures:
        sys.exit(1)


@click.command()
@click.option(
    "--workers", type=click.IntRange(1, 1024), default=max(1, (os.cpu_count() or 1) - 1),
    show_default="one a core, but for one", help="Worker processes.",
)  # fmt: skip
@click.option("--child", is_flag=True, hidden=True, help="Of a service: end with it, and when no batch waits.")
def batches(workers: int, child: bool) -> None:
    """Answer the batches that are sent to POST /batches, one after the other, until stopped.

    A service without login starts this by itself. With login, run it beside the replicas, with their database and
    their folder of records; several may run. A batch whose process has died is gone on with by another.
    """
    from hematovision.batch import refuse_unless_installed

    refuse_unless_installed()
    from hematovision.api import requests_log
    from hematovision.batch.turns import attend

    settings = Settings.from_env()
    requests_log.configure(settings.log_level)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if child:
        Thread(target=_end_with_parent, daemon=True).start()
        if hasattr(os, "nice"):
            os.nice(10)  # pictures on the page go first
    with suppress(KeyboardInterrupt):
        attend(settings, workers, lasting=not child)


def _end_with_parent() -> None:
    """Nothing is ever written to this: it ends when whoever holds its other end has ended."""
    os.read(sys.stdin.fileno(), 1)  # past Python's buffer, which must be free when this process ends
    os.kill(os.getpid(), signal.SIGTERM)
