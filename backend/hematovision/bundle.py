"""A model is a folder: bundle.json, two networks (locator and model, each .keras and .tflite), metrics.json,
head.npz, familiar.npz, halfway.npz, readouts.npz, MODEL_CARD.md, selftest/.

bundle.json holds every fact that serving needs (labels in order, input, framing, fitted limits) and the SHA-256 of
every other file. A folder is opened only when all of it is as written.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hematovision.contents import accepted_of, familiar_of, fitted_of, head_of, readouts_of, sizes_of
from hematovision.errors import BundleRefused, ModelUnavailable
from hematovision.familiar import Familiar
from hematovision.head import Head
from hematovision.kinds import LocatedAs
from hematovision.locator import Fitted
from hematovision.quality import Accepted
from hematovision.readout import Readout
from hematovision.sizes import Sizes

Floats = NDArray[np.floating]

FORMAT = 11
CURRENT = "CURRENT"
RECORD = "bundle.json"
SELF_TEST = "selftest/expected.json"
FAMILIAR = "familiar.npz"
HEAD = "head.npz"
HALFWAY = "halfway.npz"
READOUTS = "readouts.npz"
NETWORKS = ("locator.keras", "locator.tflite", "model.keras", "model.tflite")
LARGEST_INPUT = 1024  # pixels a side
CELL_BOX = "cell-box"  # framing since format 2: a square around the cell's box, `context` times its longer side


@dataclass(frozen=True)
class Bundle:
    """A verified model folder. `record` is bundle.json as it stands; the fields are what serving reads from it."""

    path: Path
    name: str
    version: str
    labels: tuple[str, ...]
    size: int  # pixels a side of the classifier's input, float32 RGB 0..255
    context: float  # side of the standard picture of a cell, in longer sides of the cell's box
    locator: Fitted
    temperature: float
    confident_from: float  # the confidence from which an answer is `confident` ...
    confident_rate: float  # ... since this share of val answers to cells `near` was right from there on
    located_as: LocatedAs
    sizes: Sizes
    head: Head
    familiar: Familiar
    readouts: tuple[Readout, ...]
    accepted: Accepted
    metrics: dict[str, Any]
    record: dict[str, Any]
    sha256: str  # of bundle.json, which holds that of every other file: it names all of the bundle

    def weighed(self, looks: Floats, kinds: Sequence[str], beside: Floats) -> NDArray[np.float64]:
        """The classifier's probabilities (N, K) in the light of what each of N cells was located as, and of its size
        (N,) as of `sizes.beside_red`."""
        return self.sizes.weighed(self.located_as.weighed(looks, kinds, self.labels), beside)


def current_path(models: Path) -> Path:
    """The folder of the bundle that `models/CURRENT` names. Raises `ModelUnavailable` if there is none."""
    pointer = models / CURRENT
    if not pointer.is_file():
        raise ModelUnavailable(
            f"There is no file {CURRENT} in the models folder. Set HEMATOVISION_MODELS to a folder of bundles, "
            "or make one with `hematovision train`."
        )
    name = pointer.read_text(encoding="utf-8", errors="replace").strip()
    if not re.fullmatch(r"[a-z0-9-]+/[0-9A-Za-z.+-]+", name) or ".." in name:
        raise BundleRefused(f"{CURRENT} must hold one line such as wbc-mobilenetv2/1.0.0 and holds {name[:80]!r}.")
    path = models / name
    if not path.is_dir():
        raise ModelUnavailable(
            f"{CURRENT} names {name}, and there is no such folder beside it. Name one that is there."
        )
    return path


def make_current(models: Path, name: str) -> None:
    """Have `models/CURRENT` name this bundle, such as wbc-mobilenetv2/1.0.0: at once, or not at all."""
    with NamedTemporaryFile("w", encoding="utf-8", dir=models, prefix=f".{CURRENT}-", delete=False) as written:
        replacing = Path(written.name)
        written.write(f"{name}\n")
        written.flush()
        os.fsync(written.fileno())
    replacing.chmod(0o644)  # others than its owner may serve it
    replacing.replace(models / CURRENT)


def named(models: Path, version: str) -> str:
    """The bundle of this version as `CURRENT` would name it; `version` may be such a name already. Raises
    `ModelUnavailable` unless there is one, and no more than one."""
    found = sorted(each.parent for each in models.glob(f"*/*/{RECORD}"))
    names = [each.relative_to(models).as_posix() for each in found]
    meant = [name for name in names if version in (name, name.partition("/")[2])]
    if len(meant) != 1:
        raise ModelUnavailable(f"There is no one bundle {version}. There are: {', '.join(names) or 'none'}.")
    return meant[0]


def open_bundle(path: Path) -> Bundle:
    """Verify every byte of a bundle and return it. Raises `BundleRefused` with the file or field that is wrong."""
    record = _read_json(path, RECORD)
    if record.get("format") != FORMAT:
        raise BundleRefused(
            f"{RECORD} has format version {record.get('format')!r} and this version of HematoVision reads {FORMAT}. "
            "Use a matching release of HematoVision or another bundle."
        )
    try:
        _verify_files(path, dict(record["files"]))
        labels = tuple(record["labels"])
        metrics = _read_with_labels(path, "metrics.json", labels)
        _read_with_labels(path, SELF_TEST, labels)
        if record["input"]["framing"] != CELL_BOX:
            raise BundleRefused(f"{RECORD} asks for a framing unknown here: {record['input']['framing']!r}.")
        if not (1 <= int(record["input"]["size"]) <= LARGEST_INPUT and 0 < float(record["input"]["context"]) < 100):
            raise BundleRefused(f"{RECORD} holds a size or context that no classifier has. Fetch the bundle again.")
        if not 0 < float(record["calibration"]["temperature"]) < math.inf:
            raise BundleRefused(f"{RECORD} holds a temperature that no model has. Fetch the bundle again.")
        return Bundle(
            path=path,
            name=str(record["name"]),
            version=str(record["version"]),
            labels=labels,
            size=int(record["input"]["size"]),
            context=float(record["input"]["context"]),
            locator=fitted_of(record["locator"]),
            temperature=float(record["calibration"]["temperature"]),
            confident_from=float(record["calibration"]["confident_from"]),
            confident_rate=float(record["calibration"]["confident_rate"]),
            located_as=LocatedAs(*(float(record["located_as_platelet"][name]) for name in ("platelets", "others"))),
            sizes=sizes_of(record["beside_red_cells"], len(labels)),
            head=head_of(path / HEAD, len(labels)),
            familiar=familiar_of(path / FAMILIAR, record["familiarity"], len(labels)),
            readouts=readouts_of(path / READOUTS, record["readouts"], labels),
            accepted=accepted_of(record["quality"]),
            metrics=metrics,
            record=record,
            sha256=sha256_of(path / RECORD),
        )
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise BundleRefused(f"{RECORD} lacks or garbles a field: {error}. Fetch the bundle again.") from error


def seal(path: Path, record: dict[str, Any]) -> None:
    """Write bundle.json over the finished files of a bundle folder, with their SHA-256s. `record` lacks `files`."""
    files = {
        each.relative_to(path).as_posix(): sha256_of(each)
        for each in sorted(path.rglob("*"))
        if each.is_file() and each.name != RECORD
    }
    text = json.dumps({"format": FORMAT, **record, "files": files}, indent=2, ensure_ascii=False)
    (path / RECORD).write_text(text + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verify_files(path: Path, files: dict[str, str]) -> None:
    for needed in (*NETWORKS, "metrics.json", "MODEL_CARD.md", HEAD, FAMILIAR, HALFWAY, READOUTS, SELF_TEST):
        if needed not in files:
            raise BundleRefused(f"{RECORD} does not list {needed}. Fetch the bundle again.")
    for name, expected in files.items():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise BundleRefused(f"{RECORD} lists {name!r}, which is outside the bundle.")
        if not (path / name).is_file():
            raise BundleRefused(f"{name} is missing from the bundle. Fetch the bundle again.")
        if sha256_of(path / name) != expected:
            raise BundleRefused(
                f"{name} is not the file that was released: its SHA-256 differs. Fetch the bundle again."
            )


def _read_with_labels(path: Path, name: str, labels: tuple[str, ...]) -> dict[str, Any]:
    content = _read_json(path, name)
    if content.get("labels") != list(labels):
        raise BundleRefused(f"The labels of {name} are not those of {RECORD}, in that order. Fetch the bundle again.")
    return content


def _read_json(path: Path, name: str) -> dict[str, Any]:
    try:
        content = json.loads((path / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleRefused(f"{name} is missing from the bundle. Fetch the bundle again.") from None
    except (OSError, ValueError) as error:
        raise BundleRefused(f"{name} cannot be read. Fetch the bundle again.") from error
    if not isinstance(content, dict):
        raise BundleRefused(f"{name} does not hold an object. Fetch the bundle again.")
    return content
