"""Commands that learn and score: train, evaluate, manifest."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from hematovision.cli.main import FOLDER, WithDefault
from hematovision.errors import LabelsRefused
from hematovision.progress import bar
from hematovision.settings import Settings


@click.group(cls=WithDefault, default="classifier")
def train() -> None:
    """Train a network in the folder RUN, or go on with a run that was stopped. Needs the `train` extra.

    RUN gets checkpoints, history.csv and curves.png.
    """


@train.command()
@click.argument("run", type=FOLDER)
@click.option("--locator", type=FOLDER, help="Run of the locator that frames the cells; else the current bundle's.")
@click.option("--data", type=FOLDER, help="Labelled pictures: cells.csv, or one folder per class.")
@click.option("--lab", "labs", multiple=True, help="Learn from this laboratory only; may be repeated.")
@click.option("--size", type=click.IntRange(32), help="Pixels a side of the network's input.")
@click.option("--epochs", type=click.IntRange(1), help="Epochs in all.")
@click.option("--seed", type=int, help="Seed of everything random.")
@click.option("--release", "version", help="When trained, write the bundle of this version and make it current.")
@click.option("--runs", type=FOLDER, default="runs", show_default=True, help="Where `evaluate --leave-out` keeps rows.")
def classifier(
    run: Path,
    locator: Path | None,
    version: str | None,
    runs: Path,
    data: Path | None,
    labs: tuple[str, ...],
    **given: int | None,
) -> None:
    """Train the classifier of cells that a locator has framed."""
    settings = Settings.from_env()
    with _needs_train_extra():
        from hematovision.bundle import current_path
        from hematovision.training.leave_out import rows_left_out
        from hematovision.training.release import release
        from hematovision.training.train import TrainConfig
        from hematovision.training.train import train as run_training
    config = replace(TrainConfig(labs=labs), **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    data, locator = data or settings.data, locator or current_path(settings.models)
    with bar() as progress:
        click.echo(f"best model: {run_training(data, locator, run, config, settings.weights, progress)}")
    if version:
        with bar() as progress:
            made = release(data, locator, run, settings.models, version, rows_left_out(runs), progress)
        click.echo(f"released: {made}")


@train.command()
@click.argument("run", type=FOLDER)
@click.option("--data", type=FOLDER, help="Fields with boxes: fields.csv and boxes.csv.")
@click.option("--lab", "labs", multiple=True, help="Learn from this laboratory only; may be repeated.")
@click.option("--epochs", type=click.IntRange(1), help="Epochs in all.")
@click.option("--seed", type=int, help="Seed of everything random.")
def locator(run: Path, data: Path | None, labs: tuple[str, ...], **given: int | None) -> None:
    """Train the locator of cells in fields, and fit its limits on val fields."""
    settings = Settings.from_env()
    with _needs_train_extra():
        from hematovision.training.train_locator import LocatorConfig
        from hematovision.training.train_locator import train as run_training
    config = replace(LocatorConfig(labs=labs), **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
    with bar() as progress:
        click.echo(f"locator: {run_training(data or settings.data, run, config, settings.weights, progress)}")


@click.command()
@click.argument("version")
@click.option("--runs", type=FOLDER, default="runs", show_default=True, help="Where `evaluate --leave-out` keeps rows.")
def promote(version: str, runs: Path) -> None:
    """Release the current bundle, a candidate, as VERSION, with the rows of the laboratories left out."""
    with _needs_train_extra():
        from hematovision.training.leave_out import rows_left_out
        from hematovision.training.release import promote as run_promotion
    rows = rows_left_out(runs)
    if not rows:
        raise LabelsRefused(f"There is no row in {runs}. Make one: `hematovision evaluate --leave-out LAB`.")
    click.echo(f"released: {run_promotion(Settings.from_env().models, version, rows)}")


@click.group(cls=WithDefault, default="cells")
def evaluate() -> None:
    """Score the current bundle on labelled pictures, its locator on fields with boxes, or the recipe elsewhere."""


@evaluate.command()
@click.argument("folder", required=False, type=FOLDER)
@click.option("--lab", "labs", multiple=True, help="This laboratory only; may be repeated.")
@click.option(
    "--split",
    type=click.Choice(("train", "val", "test", "all")),
    help="This side only.  [default: test; all of a FOLDER without cells.csv]",
)
@click.option("--json", "as_json", is_flag=True, help="The row as one JSON object; several laboratories by name.")
@click.option("--pictures", type=FOLDER, help="Draw LAB/confusion.png and LAB/reliability.png in here.")
@click.option("--leave-out", "left_out", metavar="LAB", help="Score the recipe on a laboratory it never saw.")
@click.option("--locator-only", is_flag=True, help="With --leave-out: the locator's row, without its classifier's.")
@click.option("--runs", type=FOLDER, default="runs", show_default=True, help="Where runs for --leave-out are kept.")
def cells(
    folder: Path | None,
    labs: tuple[str, ...],
    split: str | None,
    as_json: bool,
    pictures: Path | None,
    left_out: str | None,
    locator_only: bool,
    runs: Path,
) -> None:
    """Score the current bundle on labelled pictures: one row a laboratory. The word `cells` may be left out.

    FOLDER has one folder per class, with crops or whole fields in it. A picture without an answer counts as wrong.
    Needs no TensorFlow; --pictures needs the `train` extra, as does --leave-out, which trains locator and classifier
    without that laboratory, or goes on with it, and scores them on every row of it.
    """
    from hematovision import tables
    from hematovision.inference import InferenceService
    from hematovision.training.labs import read_cells
    from hematovision.training.score import rows_by_lab

    if pictures:
        try:
            from hematovision.training.diagrams import draw
        except ImportError as error:
            raise click.ClickException("--pictures needs matplotlib. Run `pip install hematovision[train]`.") from error
    settings = Settings.from_env()
    if left_out:
        _score_left_out(folder or settings.data, left_out, locator_only, runs, settings.weights, as_json)
        return
    service = InferenceService.open(settings.models, settings.runtime, settings.limits)
    data = (folder or settings.data).resolve()  # the folder's name is the laboratory's, and `.` has none
    side = split or ("test" if (data / "cells.csv").is_file() else "all")
    cells = [cell for cell in read_cells(data, labs) if side in ("all", cell.split)]
    if not cells:
        raise LabelsRefused(f"No picture fell on the side {side}. Add pictures, or score them all: --split all.")
    with bar() as progress:
        rows = rows_by_lab(service, cells, progress)
    if pictures:
        draw(rows, service.bundle.labels, pictures)
    if as_json:
        [one, *others] = [{"lab": lab, **row} for lab, row in rows.items()]
        click.echo(json.dumps(rows if others else one, indent=2))
    else:
        tables.scores(rows)


@evaluate.command("locator")
@click.argument("folder", required=False, type=FOLDER)
@click.option("--split", type=click.Choice(("train", "val", "test", "all")), default="test", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The rows as one JSON object.")
def score_locator(folder: Path | None, split: str, as_json: bool) -> None:
    """Score the locator of the current bundle on fields with boxes, fields.csv and boxes.csv in FOLDER: one row a
    laboratory, at an intersection over union of 0.5; and on the crops of cells.csv, by class, where there are some.
    Needs no TensorFlow."""
    from hematovision import tables
    from hematovision.bundle import current_path, open_bundle
    from hematovision.runtime import open_networks
    from hematovision.training.fields import read_fields
    from hematovision.training.labs import read_cells
    from hematovision.training.score_locator import CENTRED, centres_held, rows_by_lab

    settings = Settings.from_env()
    bundle = open_bundle(current_path(settings.models))
    data = folder or settings.data
    network = open_networks(settings.runtime, bundle.path).locator
    fields = [each for each in read_fields(data) if split in ("all", each.split)]
    if not fields:
        raise LabelsRefused(f"No field fell on the side {split}. Add fields, or score them all: --split all.")
    crops = read_cells(data) if (data / "cells.csv").is_file() else []
    crops = [cell for cell in crops if cell.lab == CENTRED and split in ("all", cell.split)]
    with bar() as progress:
        rows = rows_by_lab(network, bundle.locator, fields, progress)
        rows["centres"] = centres_held(network, bundle.locator, crops, progress)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        tables.locator_scores(rows)


@click.command()
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


def _score_left_out(data: Path, lab: str, locator_only: bool, runs: Path, weights: Path | None, as_json: bool) -> None:
    from hematovision import tables

    with _needs_train_extra():
        from hematovision.training.leave_out import leave_out
    with bar() as progress:
        rows = leave_out(data, lab, runs, weights, progress, locator_only)
    if as_json:
        click.echo(json.dumps({"lab": lab, **rows}, indent=2))
        return
    tables.locator_scores({lab: rows["locator"]})
    if "classifier" in rows:
        tables.scores({lab: rows["classifier"]})


@contextmanager
def _needs_train_extra() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise click.ClickException(f"This needs {error.name}. Run `pip install hematovision[train]`.") from error
