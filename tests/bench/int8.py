"""A full-integer classifier, calibrated on real cells: how much faster, and what it does to the accuracy of every row.

python tests/bench/int8.py [--most N]

Calibrated on the standard pictures of train cells of HEMATOVISION_DATA; scored on test cells, at most N of each
laboratory if N is given. Locator, limits and all else are the bundle's. It could be shipped where no row falls by more
than `MOST_LOST`, with limits fitted anew; README's decisions say why it is not.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from hematovision.bundle import Bundle, current_path, open_bundle
from hematovision.images import decode
from hematovision.progress import bar
from hematovision.road import Road
from hematovision.runtime import SIGNATURE, LiteRT, Networks, Outputs, open_networks
from hematovision.settings import Settings
from hematovision.training.labs import LabelledCell, read_cells
from hematovision.training.splits import SPOILT

CALIBRATED_ON, ROUNDS = 256, 60
MOST_LOST = 0.003  # of accuracy, in any row


def main(most: int | None) -> None:
    settings = Settings.from_env()
    bundle = open_bundle(current_path(settings.models))
    networks = open_networks("litert", bundle.path)
    road = Road(bundle, networks)
    cells = [each for each in read_cells(settings.data) if each.group not in SPOILT and each.label in bundle.labels]
    learned = [each for each in cells if each.split == "train" and each.lab in bundle.record["training"]["labs"]]
    frames = [found for each in spread(learned, CALIBRATED_ON) if len(found := framed(road, each))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model-int8.tflite")
        path.write_bytes(quantised(bundle, frames))
        whole: LiteRT[Outputs] = LiteRT(path, Outputs)
        faster = speed(networks, whole, frames[0])
        megabytes = path.stat().st_size / 1e6, (bundle.path / "model.tflite").stat().st_size / 1e6
    other = Road(bundle, Networks(networks.locator, whole))
    lost = []
    sys.stdout.write("| lab | n | float32 | int8 | change, points |\n| --- | --- | --- | --- | --- |\n")
    for lab in sorted({each.lab for each in cells}):
        of_lab = [each for each in cells if each.lab == lab and each.split == "test"]
        rows = spread(of_lab, most or len(of_lab))
        if not rows:
            continue
        before, after = right(road, other, rows)
        lost.append(before - after)
        sys.stdout.write(f"| {lab} | {len(rows)} | {before:.2%} | {after:.2%} | {100 * (after - before):+.2f} |\n")
    verdict = "no row falls" if max(lost) <= MOST_LOST else "not shipped: a row falls"
    sys.stdout.write(f"\n- {faster:.2f} times faster, {megabytes[0]:.1f} MB instead of {megabytes[1]:.1f}\n")
    sys.stdout.write(f"- {verdict} by more than {100 * MOST_LOST:.1f} points; worst {-100 * max(lost):+.2f}\n")


def spread(cells: Sequence[LabelledCell], most: int) -> list[LabelledCell]:
    """At most so many, spread over the list."""
    return [cells[k] for k in np.linspace(0, len(cells) - 1, min(most, len(cells))).astype(int)]


def framed(road: Road, cell: LabelledCell) -> np.ndarray:
    """(1, size, size, 3) float32 of its main cell; (0, size, size, 3) where none is found."""
    rgb = decode(cell.path.read_bytes()).rgb
    found = [each for each in road.locate(rgb)[:1] if each.kind != "red"]
    return road.frames(rgb, found).astype(np.float32)


def quantised(bundle: Bundle, frames: Sequence[np.ndarray]) -> bytes:
    """The classifier with integer weights and arithmetic; float32 goes in and comes out, as the service has it."""
    model = keras.saving.load_model(bundle.path / "model.keras", compile=False)
    archive = keras.export.ExportArchive()
    archive.track(model)
    picture = tf.TensorSpec([1, *model.input_shape[1:]], tf.float32, name="picture")
    archive.add_endpoint(SIGNATURE, lambda picture: model(picture, training=False), input_signature=[picture])

    def calibration() -> Iterator[dict[str, Any]]:
        for each in frames:
            yield {"picture": each}

    with tempfile.TemporaryDirectory() as saved:
        archive.write_out(saved, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=[SIGNATURE])
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = calibration
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        return bytes(converter.convert())


def speed(networks: Networks, whole: LiteRT[Outputs], frame: np.ndarray) -> float:
    """How many times faster, medians of calls in turn."""
    took = []
    for _ in range(ROUNDS):
        pair = []
        for run in (networks.classifier, whole):
            started = time.perf_counter()
            run(frame)
            pair.append(time.perf_counter() - started)
        took.append(pair)
    before, after = (statistics.median(each) for each in zip(*took, strict=True))
    return before / after


def right(road: Road, other: Road, cells: Sequence[LabelledCell]) -> tuple[float, float]:
    """The shares that each road's classifier names right; a cell not found is wrong."""
    hits = np.zeros(2)
    with bar() as progress:
        for index, cell in enumerate(cells):
            frames = framed(road, cell).astype(np.uint8)
            if len(frames):
                truth = road.bundle.labels.index(cell.label)
                for which, each in enumerate((road, other)):
                    means = each.seen(frames).features.mean(axis=(1, 2))
                    hits[which] += int(road.bundle.head.logits(means).argmax() == truth)
            progress("classifying", index + 1, len(cells))
    before, after = hits / len(cells)
    return float(before), float(after)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int)
    main(parser.parse_args().most)
