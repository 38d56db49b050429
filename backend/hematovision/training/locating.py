"""A trained locator: what is fitted after training, its export in the run's folder, and how it is opened again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from hematovision.bundle import RECORD as BUNDLE
from hematovision.bundle import open_bundle
from hematovision.contents import fitted_of
from hematovision.detection import fit_limits
from hematovision.errors import LabelsRefused
from hematovision.images import RGB, decode
from hematovision.locator import KINDS, Fitted, Found, Network
from hematovision.peaks import Sought
from hematovision.progress import Progress
from hematovision.runtime import LiteRT
from hematovision.smear import best_look, cells_of
from hematovision.training.export import write_network
from hematovision.training.fields import BoxedField
from hematovision.training.labs import naming
from hematovision.training.score_locator import comparisons

RECORD, EXPORT, REFERENCE = "locator.json", "locator.tflite", "locator.keras"
OTHERWISE = 0.02  # share of fields, laboratories weighing alike, that would be called no smear
# The most that is asked of a smear. At laboratories that a locator has not seen it explains less than at its own: with
# the share that 98 % of its own fields reach (.72), one of Bangkok's fields in two was called no smear.
MOST_ASKED = 0.3
PROVISIONAL = 0.3  # the limit of every kind until limits are chosen: by what is above it a scale is found

Fields = Sequence[BoxedField]


def finish(run: Path, fields: Fields, sizes: tuple[float, float], progress: Progress) -> dict[str, Any]:
    """Export `run/best.keras` and fit what goes with it: the sizes of kinds on train fields, the limits on val fields,
    and what share of the dark lies in cells on both. Returns locator.json, which is written last: a run that has it is
    finished.

    `sizes` is the range of nucleated cells in training windows, in pixels; its middle is where cells are brought.
    """
    learned, val = ([each for each in fields if each.split == side and each.complete] for side in ("train", "val"))
    if not learned or not val:
        raise LabelsRefused("Train or val has no field in which every cell is boxed. Add fields with all their boxes.")
    write_network(_serving(keras.saving.load_model(run / "best.keras", compile=False)), run, REFERENCE, EXPORT)
    aim = (sizes[0] * sizes[1]) ** 0.5
    record = {
        "limits": dict.fromkeys(KINDS, PROVISIONAL),
        "sizes": dict(zip(KINDS, _typical(learned), strict=True)),
        "least": aim / 1.7,
        "aim": aim,
        "most": aim * 2.4,
        "explained_from": 0.0,
    }
    network = LiteRT(run / EXPORT, Sought)
    compared = comparisons(network, fitted_of(record), val, progress)
    record["limits"] = dict(zip(KINDS, fit_limits(compared), strict=True))
    record |= _smear(Locator(network, fitted_of(record)), [each for each in fields if each.split != "test"], progress)
    record |= {"fitted_on": "val", "n": len(val), "labs": sorted({each.lab for each in fields})}
    (run / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record


@dataclass(frozen=True)
class Locator:
    """The two that `locate` is called with."""

    network: Network
    fitted: Fitted

    def __call__(self, rgb: RGB) -> list[Found]:
        """(H, W, 3) uint8 -> its cells."""
        return cells_of(rgb, self.network, self.fitted)


def open_locator(folder: Path) -> Locator:
    """The locator of a finished run, or of a bundle. Raises `LabelsRefused` if there is none."""
    if (folder / BUNDLE).is_file():
        return Locator(LiteRT(folder / EXPORT, Sought), open_bundle(folder).locator)
    fitted = fitted_of(record_of(folder))
    return Locator(LiteRT(folder / EXPORT, Sought), fitted)


def record_of(folder: Path) -> dict[str, Any]:
    """What was fitted with the locator of a finished run, or of a bundle."""
    for path, within in ((folder / RECORD, None), (folder / BUNDLE, "locator")):
        if path.is_file():
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return content[within] if within else content
    raise LabelsRefused(f"There is no trained locator in {folder}. Make one: `hematovision train locator {folder}`.")


def _smear(locator: Locator, fields: Fields, progress: Progress) -> dict[str, float]:
    """`explained_at_home`: the least share of what is dark that lies in cells, in all but `OTHERWISE` of the fields;
    `explained_from`: what is asked of a picture, the same or `MOST_ASKED`."""
    shares = []
    for done, each in enumerate(fields, 1):
        with naming(each.path):
            rgb = decode(each.path.read_bytes()).rgb
        shares.append(best_look(rgb, locator.network, locator.fitted).share)
        progress("looking at fields", done, len(fields))
    of_lab = Counter(each.lab for each in fields)
    weights = np.array([1 / of_lab[each.lab] for each in fields])
    least = np.quantile(shares, OTHERWISE, weights=weights, method="inverted_cdf")
    asked = min(float(least), MOST_ASKED)
    return {"explained_from": asked, "explained_at_home": float(least), "explained_n": len(shares)}


def _serving(model: keras.Model) -> keras.Model:
    """The network with its two outputs by name, `heat` as 0..1."""
    heat = layers.Activation("sigmoid", name="heat")(model.get_layer("heat_logits").output)
    return keras.Model(model.input, {"heat": heat, "boxes": model.get_layer("box_offsets").output}, name=model.name)


def _typical(fields: Fields) -> tuple[float, ...]:
    """The longer side of each kind, as a share of a nucleated cell's: the median over laboratories of medians; 1 if
    nobody drew any."""
    shares = []
    for lab in sorted({each.lab for each in fields}):
        of = [each for each in fields if each.lab == lab]
        sides = np.concatenate([(each.boxes[:, 2:] - each.boxes[:, :2]).max(axis=1, initial=0) for each in of])
        kinds = np.concatenate([each.kinds for each in of])
        medians = np.array([np.median(sides[kinds == k]) if (kinds == k).any() else np.nan for k in range(len(KINDS))])
        shares.append(medians / medians[0])
    drawn = [[share for share in of_kind if not np.isnan(share)] for of_kind in np.transpose(shares)]
    return tuple(float(np.median(of_kind)) if of_kind else 1.0 for of_kind in drawn)
