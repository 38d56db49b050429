"""Commands that look after the records: migrate, backup, restore, export, import, verify, keep, sweep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from hematovision.progress import bar
from hematovision.settings import Settings

if TYPE_CHECKING:
    from hematovision.records.store import Records

NEW_FILE = click.Path(dir_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def records() -> None:
    """Look after what is recorded: the database that HEMATOVISION_DATABASE_URL names, else a SQLite file.

    All of these may be used while the service runs, but for `migrate` and `restore`.
    """


@records.command()
def migrate() -> None:
    """Make the tables, or bring them to those that this version knows. Make a backup first; stop the service."""
    from hematovision.records.database import opened
    from hematovision.records.schema import KNOWN
    from hematovision.records.schema import migrate as run

    with opened(Settings.from_env()) as engine:
        before = run(engine)
    click.echo(f"The database was at step {before or 'none'} and is at {KNOWN}.")


@records.command()
@click.argument("file", type=NEW_FILE)
def backup(file: Path) -> None:
    """Write the database to FILE, without kept pictures. PostgreSQL's needs pg_dump."""
    from hematovision.records.backup import backup as run
    from hematovision.records.database import opened

    with opened(Settings.from_env()) as engine, bar() as progress:
        run(engine, file, progress)
    click.echo(f"backup: {file}, {file.stat().st_size:,} bytes")


@records.command()
@click.argument("file", type=FILE)
@click.confirmation_option(prompt="All that was recorded since this backup will be gone. Go on?")
def restore(file: Path) -> None:
    """Put the database back as it was in the backup FILE. Stop the service first."""
    from hematovision.records.backup import restore as run
    from hematovision.records.database import opened

    with opened(Settings.from_env()) as engine, bar() as progress:
        run(engine, file, progress)
    click.echo(f"restored: {file}")


@records.command()
@click.argument("file", type=NEW_FILE)
def export(file: Path) -> None:
    """Write everything to FILE as JSON lines, for another database of either engine."""
    from hematovision.records.transfer import export as run

    with opened_records() as ours, bar() as progress:
        counted = run(ours.engine, file, progress)
    click.echo(f"exported: {counted.total():,} rows, {counted['predictions']:,} predictions among them")


@records.command("import")
@click.argument("file", type=FILE)
def import_(file: Path) -> None:
    """Read the export FILE into an empty database."""
    from hematovision.records.transfer import import_rows

    with opened_records() as ours, bar() as progress:
        counted = import_rows(ours.engine, file, progress)
    click.echo(f"imported: {counted.total():,} rows, {counted['predictions']:,} predictions among them")


@records.command()
@click.option("--noted", metavar="SHA256", help="Hash of an entry that an earlier `verify` printed: it must be there.")
def verify(noted: str | None) -> None:
    """Prove that the audit is as it was written; name the first link that does not hold."""
    with opened_records() as ours:
        verified = ours.verify(noted)
    click.echo(f"{verified.entries:,} entries hold; note the last one's hash elsewhere: {verified.last}")


@records.command()
@click.argument("name", required=False)
@click.option("--days", type=click.IntRange(1, 3650), help="Keep each picture for so many days.")
@click.option("--stop", type=click.UUID, metavar="ID", help="Keep no further picture for this piece of work.")
def keep(name: str | None, days: int | None, stop: UUID | None) -> None:
    """Keep the pictures of a piece of work: those sent to /classify?work=ID. Only their pixels, only for --days.

    Without NAME, list the work for which pictures are kept.
    """
    if bool(name) != bool(days) or (name and stop):
        raise click.UsageError("Give NAME and --days to begin, --stop ID to end, or nothing to see what is kept.")
    with opened_records() as ours:
        if stop:
            ours.close_work(stop)
        elif name and days:
            click.echo(f"{ours.open_work(name, days)}  {name}: pictures sent to /classify?work= this id are kept")
        else:
            for work, called, kept_for in ours.open_works():
                click.echo(f"{work}  {called}: each picture for {kept_for} days")


@records.command()
def sweep() -> None:
    """Delete the kept pictures whose days are over. A running service does so by itself, every hour."""
    with opened_records() as ours:
        click.echo(f"deleted: {ours.sweep()} pictures")


@contextmanager
def opened_records() -> Iterator[Records]:
    """The records, with the tables that this version knows."""
    from hematovision.records.store import Records

    with closing(Records.open(Settings.from_env())) as ours:
        yield ours
