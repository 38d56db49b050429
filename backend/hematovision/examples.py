"""Ten public fields to try the service with, fetched once, each byte as pinned."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hematovision.errors import ExamplesUnavailable
from hematovision.progress import Progress

SOURCE = (
    "https://raw.githubusercontent.com/Shenggan/BCCD_Dataset/d272fb14cdff6e473fafeeeba32aba5f560e9e43/BCCD/JPEGImages/"
)
ATTRIBUTION = "BCCD Dataset (cosmicad, akshaylamba, Shenggan), github.com/Shenggan/BCCD_Dataset, MIT licence"
HOW_TO_FETCH = "There are no example pictures here yet. Run `hematovision examples` once to fetch ten, then try again."


@dataclass(frozen=True)
class Example:
    """One pinned picture; `shows` is the published label of its white cell."""

    name: str
    shows: str
    sha256: str


EXAMPLES = (
    Example("BloodImage_00000.jpg", "neutrophil", "e1dcc488889acba247a895df7be839e514850030217b4025048619f664fd4cb3"),
    Example("BloodImage_00008.jpg", "basophil", "41c10341e68981da9a596348f50a359fb5d1af5909dfddd5b922d0b061bbe7fa"),
    Example("BloodImage_00009.jpg", "eosinophil", "734527f21c96fd1a78e5a4bf6b0505c01e0c2e0eecd3a7f663369d3ad868257b"),
    Example("BloodImage_00020.jpg", "lymphocyte", "9a451f4c73509cb3f4412cb57a2065a6b85f2759b84be5d662a419c316f59504"),
    Example("BloodImage_00040.jpg", "monocyte", "4aca6afce265c06dead7de07e3ca636629b15e4012343f6423495546f0170b37"),
    Example("BloodImage_00144.jpg", "eosinophil", "8d02f17b55899daca740a1e3f2a36558b24249b84004d1ca2b565ce1ce261475"),
    Example("BloodImage_00157.jpg", "lymphocyte", "11d2aa7385337655d08bef37846d002fd9c9e6051cd5043bd9e7667bbcffefd3"),
    Example("BloodImage_00168.jpg", "neutrophil", "bbb294cd8092462d438a783286b24ab3bf682e75a44e043f238e026726b2fd3c"),
    Example("BloodImage_00255.jpg", "monocyte", "e3a3e1d46b74bb02601dcdf06da27ebc6f1cb483b1cc89427ca6f88877da09e8"),
    Example("BloodImage_00298.jpg", "neutrophil", "449a8e0bfd968bc4bdd4499aa78297b74eb53cb51d772de20723fd6d3911b277"),
)


def present(folder: Path) -> list[Example]:
    """Those that are in `folder`, by name."""
    return [example for example in EXAMPLES if (folder / example.name).is_file()]


def fetch(
    folder: Path, source: str = SOURCE, progress: Progress | None = None, wanted: Sequence[Example] = EXAMPLES
) -> list[Path]:
    """Fetch what is missing in `folder` from `source`; returns the paths of all.

    Raises `ExamplesUnavailable` if a picture cannot be had or is not, byte for byte, the one pinned; it is not kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for done, example in enumerate(wanted, 1):
        path = folder / example.name
        if not (path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == example.sha256):
            _keep(path, _download(source.rstrip("/") + "/" + example.name), example)
        if progress:
            progress("fetching examples", done, len(wanted))
    return [folder / example.name for example in wanted]


def _download(url: str) -> bytes:
    import requests  # here, since the service lists examples but never fetches any

    try:
        response = requests.get(url, timeout=30)
        response.raise_for_status()
    except requests.RequestException as error:
        raise ExamplesUnavailable(
            "The example pictures could not be fetched. Check the connection and run `hematovision examples` again."
        ) from error
    return response.content


def _keep(path: Path, data: bytes, example: Example) -> None:
    if hashlib.sha256(data).hexdigest() != example.sha256:
        raise ExamplesUnavailable(
            f"{example.name} is not the picture that was pinned; it was not kept. Report this, please."
        )
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
