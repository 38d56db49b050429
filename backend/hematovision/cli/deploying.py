"""Commands that deploy the service: nginx, certificate."""

from __future__ import annotations

from pathlib import Path

import click

from hematovision.cli.main import FOLDER
from hematovision.settings import Settings


@click.command()
@click.option("--log", type=Path, default=Path("/var/log/nginx/access.log"), show_default=True, help="Its access log.")
@click.option("--run", type=FOLDER, help="Folder for its pid and temporary folders, where its own are not writable.")
def nginx(log: Path, run: Path | None) -> None:
    """Print nginx's configuration, whole: the page, the API under /api/, limits, TLS. HEMATOVISION_* say how.

    The service behind it wants HEMATOVISION_PROXIES=1.
    """
    from hematovision.api.nginx import configuration

    click.echo(configuration(Settings.from_env(), log, run), nl=False)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--name", "names", multiple=True, default=("localhost", "127.0.0.1"), help="Name or address; repeatable.")
@click.option("--days", type=click.IntRange(1, 825), default=365, show_default=True, help="How long it holds.")
def certificate(folder: Path, names: tuple[str, ...], days: int) -> None:
    """Write a certificate that signs itself, and its key, into FOLDER. Browsers warn of it; for trying, not for use."""
    from hematovision.certificate import write_certificate

    for path in write_certificate(folder, names, days):
        click.echo(path)
