"""hematovision: the command line. Every command is a few lines over the library; heavy imports wait until needed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from hematovision import INTENDED_USE, __version__
from hematovision.errors import HematoVisionError, LabelsRefused, PictureRefused
from hematovision.progress import bar
from hematovision.settings import Settings

PICTURES = click.Path(exists=True, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


class _Commands(click.Group):
    """A failure with a name is one sentence and exit status 1, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HematoVisionError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands, epilog=INTENDED_USE)
@click.version_option(__version__, prog_name="hematovision")
def main() -> None:
    """Which cells are in a photograph of a blood smear, how sure, and where it does not know.

    Every setting is an environment variable HEMATOVISION_*; README.md lists them.
    """


@main.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
def serve(host: str | None, port: int | None) -> None:
    """Serve the page and the API on one address."""
    from hematovision.api.serve import serve as run

    given = {"host": host, "port": port}
    settings = replace(Settings.from_env(), **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    click.echo(f"HematoVision: http://{settings.host}:{settings.port}/  (stop with Ctrl+C)", err=True)
    run(settings)


@main.command()
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


@main.command()
@click.argument("run", type=FOLDER)
@click.option("--data", type=FOLDER, help="Labelled pictures: cells.csv, or one folder per class.")
@click.option("--lab", "labs", multiple=True, help="Learn from this laboratory only; may be repeated.")
@click.option("--size", type=click.IntRange(32), help="Pixels a side of the network's input.")
@click.option("--epochs", type=click.IntRange(1), help="Epochs in all.")
@click.option("--seed", type=int, help="Seed of everything random.")
@click.option("--release", "version", help="When trained, write the bundle of this version and make it current.")
def train(run: Path, version: str | None, data: Path | None, labs: tuple[str, ...], **given: int | None) -> None:
    """Train a model in the folder RUN, or go on with a run that was stopped.

    Needs the `train` extra. RUN gets checkpoints, history.csv and curves.png.
    """
    settings = Settings.from_env()
    try:
        from hematovision.training.release import release
        from hematovision.training.train import TrainConfig
        from hematovision.training.train import train as run_training
    except ImportError as error:
        raise click.ClickException(f"Training needs {error.name}. Run `pip install hematovision[train]`.") from error
    config = replace(TrainConfig(labs=labs), **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    data = data or settings.data
    with bar() as progress:
        click.echo(f"best model: {run_training(data, run, config, settings.weights, progress)}")
    if version:
        with bar() as progress:
            click.echo(f"released: {release(data, run, settings.models, version, progress)}")


@main.command()
@click.argument("folder", required=False, type=FOLDER)
@click.option("--lab", "labs", multiple=True, help="This laboratory only; may be repeated.")
@click.option("--split", type=click.Choice(("train", "val", "test", "all")), default="test", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The rows as one JSON object.")
def evaluate(folder: Path | None, labs: tuple[str, ...], split: str, as_json: bool) -> None:
    """Score the current bundle on labelled pictures: one row a laboratory. Needs no TensorFlow."""
    from hematovision import tables
    from hematovision.inference import InferenceService
    from hematovision.training.labs import read_cells
    from hematovision.training.score import rows_by_lab

    settings = Settings.from_env()
    service = InferenceService.open(settings.models, settings.runtime, settings.limits)
    cells = [cell for cell in read_cells(folder or settings.data, labs) if split in ("all", cell.split)]
    if not cells:
        raise LabelsRefused(f"No picture fell on the side {split}. Add pictures, or score them all: --split all.")
    with bar() as progress:
        rows = rows_by_lab(service, cells, progress)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        tables.scores(rows)


@main.command()
@click.argument("folder", required=False, type=FOLDER)
@click.option("--csv", "as_csv", is_flag=True, help="The manifest itself, one line a picture.")
def manifest(folder: Path | None, as_csv: bool) -> None:
    """List the labelled pictures: how many on each side, which show one thing twice, and whose labels disagree."""
    from hematovision import tables
    from hematovision.training import manifest as library

    data = folder or Settings.from_env().data
    with bar() as progress:
        made = library.make_manifest(data, library.listed(data), progress)
    if as_csv:
        library.write_csv(made, sys.stdout)
    else:
        tables.manifest(made)


@main.command()
@click.option("--source", help="Another address that holds the same files.")
def examples(source: str | None) -> None:
    """Fetch ten public example pictures for the page, each checked against its SHA-256."""
    from hematovision import examples as library

    folder = Settings.from_env().examples
    with bar() as progress:
        paths = library.fetch(folder, source or library.SOURCE, progress)
    click.echo(f"{len(paths)} pictures in {folder}\n{library.ATTRIBUTION}")


@main.group()
def bundle() -> None:
    """Look after model bundles."""


@bundle.command()
@click.argument("path", required=False, type=FOLDER)
def verify(path: Path | None) -> None:
    """Verify a bundle, or the current one: every byte, and the self-test on this machine."""
    from hematovision.bundle import current_path, open_bundle
    from hematovision.inference import InferenceService
    from hematovision.runtime import open_runtime

    settings = Settings.from_env()
    opened = open_bundle(path or current_path(settings.models))
    InferenceService(opened, open_runtime(settings.runtime, opened.path))
    click.echo(f"{opened.name} {opened.version}: {len(opened.record['files'])} files as released, self-test passed")


def _files(pictures: Sequence[Path]) -> Iterator[Path]:
    from hematovision.images import SUFFIXES

    for path in pictures:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES)
        else:
            yield path
