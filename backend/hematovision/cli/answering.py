"""Commands that answer pictures: serve, classify, count, and the bundle and examples that go with them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from hematovision.cli.main import FOLDER, PICTURES
from hematovision.errors import ModelUnavailable, PictureRefused
from hematovision.progress import bar
from hematovision.settings import Settings


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
def serve(host: str | None, port: int | None) -> None:
    """Serve the page and the API on one address."""
    from hematovision.api.serve import serve as run

    given = {"host": host, "port": port}
    settings = replace(Settings.from_env(), **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    click.echo(f"HematoVision: http://{settings.host}:{settings.port}/  (stop with Ctrl+C)", err=True)
    run(settings)


@click.command()
@click.argument("pictures", nargs=-1, required=True, type=PICTURES)
@click.option("--json", "as_json", is_flag=True, help="One JSON list, as /classify answers, each with its file.")
@click.option("--csv", "as_csv", is_flag=True, help="One line a picture.")
def classify(pictures: Sequence[Path], as_json: bool, as_csv: bool) -> None:
    """Classify pictures, or every picture in a folder.

    Exit status 1 if a picture could not be answered; the others are answered all the same.
    """
    from hematovision import tables
    from hematovision.api.schemas import AnswerSchema
    from hematovision.inference import InferenceService

    settings = Settings.from_env()
    service = InferenceService.open(settings.models, settings.runtime, settings.limits)
    schema, rows, files = AnswerSchema(), [], list(_files(pictures))
    with bar() as progress:
        for done, file in enumerate(files, 1):
            try:
                rows.append({"file": str(file), **schema.dump(service.classify(file.read_bytes()))})
            except PictureRefused as error:
                rows.append({"file": str(file), "problem": {"code": error.code, "detail": str(error)}})
            progress("classifying", done, len(files))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif as_csv:
        tables.answers_as_csv(rows, service.bundle.labels)
    else:
        tables.answers(rows)
    if any("problem" in row for row in rows):
        sys.exit(1)


@click.command()
@click.argument("folder", type=PICTURES)
@click.option("--wanted", type=click.Choice(("100", "200", "400")), default="100", show_default=True, help="Cells.")
@click.option("--white-count", type=click.FloatRange(0.01, 1000), help="The analyser's white count in 10^9/L.")
@click.option("--count-edge", is_flag=True, help="Count the cells that a picture's edge cuts.")
@click.option("--json", "as_json", is_flag=True, help="Every cell of every picture, and the differential.")
@click.option("--csv", "as_csv", is_flag=True, help="One line a class.")
def count(folder: Path, wanted: str, white_count: float | None, count_edge: bool, as_json: bool, as_csv: bool) -> None:
    """Count the cells in every picture of FOLDER, the fields of one smear: a pre-classification for a person to review.

    Exit status 1 if a picture could not be answered; the others are counted all the same.
    """
    from hematovision import tables
    from hematovision.api.count_schemas import PreClassificationSchema
    from hematovision.api.schemas import AnswerSchema
    from hematovision.differential import Options, PictureCells, count_cells
    from hematovision.inference import InferenceService

    settings = Settings.from_env()
    service = InferenceService.open(settings.models, settings.runtime, settings.limits)
    rows, counted = [], []
    files = list(_files([folder]))
    with bar() as progress:
        for done, file in enumerate(files, 1):
            try:
                answer = service.classify(file.read_bytes())
            except PictureRefused as error:
                rows.append({"file": str(file), "problem": {"code": error.code, "detail": str(error)}})
                click.echo(f"{file} is not counted. {error}", err=True)
            else:
                counted.append(PictureCells.of(answer))
                shown = AnswerSchema(only=("seen", "cells")).dump(answer)
                rows.append({"file": str(file), **shown["seen"], "cells": shown["cells"]})
            progress("counting", done, len(files))
    options = Options(
        wanted=int(wanted), white_count=white_count, count_edge=count_edge, max_held_back=settings.max_held_back
    )
    differential = PreClassificationSchema().dump(count_cells(counted, options))
    if as_json:
        click.echo(json.dumps({"pictures": rows, "differential": differential}, indent=2))
    elif as_csv:
        tables.differential_as_csv(differential)
    else:
        tables.differential(rows, differential)
    if any("problem" in row for row in rows):
        sys.exit(1)


@click.command()
@click.option("--source", help="Another address that holds the same files.")
def examples(source: str | None) -> None:
    """Fetch ten public example pictures for the page, each checked against its SHA-256."""
    from hematovision import examples as library

    folder = Settings.from_env().examples
    with bar() as progress:
        paths = library.fetch(folder, source or library.SOURCE, progress)
    click.echo(f"{len(paths)} pictures in {folder}\n{library.ATTRIBUTION}")


@click.group()
def bundle() -> None:
    """Look after model bundles."""


@bundle.command()
@click.argument("path", required=False, type=FOLDER)
def verify(path: Path | None) -> None:
    """Verify a bundle, or the current one: every byte, and the self-test on this machine."""
    from hematovision.bundle import current_path, open_bundle
    from hematovision.inference import InferenceService
    from hematovision.runtime import open_networks

    settings = Settings.from_env()
    opened = open_bundle(path or current_path(settings.models))
    InferenceService(opened, open_networks(settings.runtime, opened.path))
    click.echo(f"{opened.name} {opened.version}: {len(opened.record['files'])} files as released, self-test passed")


@bundle.command()
@click.argument("version")
def use(version: str) -> None:
    """Make VERSION the current bundle, once it is verified; a running service goes over to it by itself."""
    from hematovision.bundle import current_path, make_current, named, open_bundle
    from hematovision.inference import InferenceService
    from hematovision.runtime import open_networks

    settings = Settings.from_env()
    name = named(settings.models, version)
    opened = open_bundle(settings.models / name)
    InferenceService(opened, open_networks(settings.runtime, opened.path))
    before = None
    with suppress(ModelUnavailable):
        before = current_path(settings.models).relative_to(settings.models).as_posix()
    make_current(settings.models, name)
    click.echo(f"{name} is verified and current")
    if before not in (None, name):
        click.echo(f"To go back: hematovision bundle use {before}")


def _files(pictures: Sequence[Path]) -> Iterator[Path]:
    from hematovision.images import SUFFIXES

    for path in pictures:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES)
        else:
            yield path
