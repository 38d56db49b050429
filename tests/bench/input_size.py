"""Which input size? Val accuracy of the last epoch of one run a size against milliseconds of its export, one thread.

python tests/bench/input_size.py runs/size-128 runs/size-160 runs/size-224
"""

from __future__ import annotations

import csv
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from hematovision.runtime import LiteRT, Outputs
from hematovision.training.export import write_classifier

ROUNDS = 60


def main(runs: list[str]) -> None:
    rows, timed = [], []
    with tempfile.TemporaryDirectory() as folder:
        for run in map(Path, runs):
            size = json.loads((run / "run.json").read_text())["config"]["size"]
            exported = Path(folder, str(size))
            exported.mkdir()
            write_classifier(run / "best.keras", exported)
            picture = np.random.default_rng(0).uniform(0, 255, (1, size, size, 3)).astype(np.float32)
            timed.append((LiteRT(exported / "model.tflite", Outputs), picture))
            with (run / "history.csv").open(newline="") as file:
                history = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
            rows.append((size, len(history), history[-1]))
    milliseconds = [[once(*each) for each in timed] for _ in range(ROUNDS)][5:]
    echo = sys.stdout.write
    echo("| input, px | epochs | val accuracy | val macro-F1 | val log loss | ms a picture |\n")
    echo("| --- | --- | --- | --- | --- | --- |\n")
    for (size, epochs, last), took in zip(rows, zip(*milliseconds, strict=True), strict=True):
        echo(
            f"| {size} | {epochs} | {last['val_accuracy']:.2%} | {last['val_macro_f1']:.2%} "
            f"| {last['val_log_loss']:.3f} | {statistics.median(took):.1f} |\n"
        )


def once(runtime: LiteRT[Outputs], picture: np.ndarray) -> float:
    started = time.perf_counter()
    runtime(picture)
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main(sys.argv[1:])
