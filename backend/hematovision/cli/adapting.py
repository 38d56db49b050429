"""The command that fits the current bundle to a laboratory of one's own: adapt."""

from __future__ import annotations

from pathlib import Path

import click

from hematovision.cli.main import FOLDER
from hematovision.progress import bar
from hematovision.settings import Settings


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--lab", help="Name of the laboratory, letters, digits and hyphens.  [default: the folder's]")
@click.option("--deeper", is_flag=True, help="Fit the upper half, too, with TensorFlow, in a quarter of an hour.")
def adapt(folder: Path, lab: str | None, deeper: bool) -> None:
    """Make a bundle for one's own laboratory from the current one and a FOLDER of labelled pictures.

    FOLDER has one folder per class, some hundred pictures of cells in all. The current bundle stays in use until
    `hematovision bundle use` names the new one. Needs no TensorFlow, but for --deeper.
    """
    from hematovision import tables
    from hematovision.training.adapt import adapt as run_adapting

    models = Settings.from_env().models
    name = lab or folder.resolve().name
    with bar() as progress:
        made = run_adapting(folder, models, name, progress, deeper)
    tables.scores({f"{name}, before": made.before, f"{name}, after": made.after})
    click.echo(f"Each cell was held back once. The new bundle: {made.path}")
    click.echo(f"To use it: hematovision bundle use {made.path.name}")
