"""`make bench`: a request against the sum of its parts, against the same road on other engines, and against what the
machine can multiply at most; many clients; start, memory and what has to be installed.

python tests/bench/against.py [ROUNDS]

All in turn in one run: its ratios are what holds elsewhere. What other engines do stands in engines.py.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the peak of one core, as the networks have one

import http.client
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
from classify import CROP, OURS, STARTS, USUAL, WARM_UP, Server, form, gunicorn, jpeg, processor
from packaging.requirements import Requirement

from hematovision.bundle import current_path, open_bundle
from hematovision.images import decode
from hematovision.inference import SHORTER_SIDE
from hematovision.locator import WINDOW
from hematovision.runtime import open_networks
from hematovision.settings import Settings

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
CLIENTS, SECONDS = 16, ROUNDS / 10
CORES = os.cpu_count() or 1
OTHERS = {
    "model.predict": "predict",
    "tf.function, batched": "function",
    "ONNX Runtime": "onnxruntime",
    "OpenVINO": "openvino",
}
# What the usual way's route imports, and what this project installs to serve.
TO_SERVE, TO_SERVE_USUAL = ["hematovision"], ["flask", "gunicorn", "keras", "tensorflow", "pillow"]
SIDE = 1024  # of the matrices whose product is the peak
PRINTED: dict[str, float] = {}  # what the table of many clients needs of the one before
echo = sys.stdout.write


class Parts:
    """What a request cannot do without, each called alone; `run` gives (wall, CPU) milliseconds by name."""

    def __init__(self, empty: Server) -> None:
        bundle = open_bundle(current_path(Settings.from_env().models))
        networks = open_networks("litert", bundle.path)
        picture, random = jpeg(CROP), np.random.default_rng(0)
        window, cell = (random.uniform(0, 255, (1, side, side, 3)).astype(np.float32) for side in (WINDOW, bundle.size))
        left, right = random.uniform(size=(2, SIDE, SIDE)).astype(np.float32)
        self.empty, self.sent = empty, form(CROP)
        self.calls: dict[str, Callable[[], object]] = {
            "decode": lambda: decode(picture, at_least=SHORTER_SIDE),
            "locator network": lambda: networks.locator(window),
            "classifier network": lambda: networks.classifier(cell),
            "matrix product": lambda: left @ right,
        }

    def run(self) -> dict[str, tuple[float, float]]:
        took = {}
        for name, call in self.calls.items():
            started, used = time.perf_counter(), time.thread_time()
            call()
            took[name] = 1000 * (time.perf_counter() - started), 1000 * (time.thread_time() - used)
        return took | {"empty RESTX POST": (self.empty.classify(self.sent), 0.0)}

    def cpu_of_post(self, times: int = 400) -> float:
        """Milliseconds of the server's CPU a request; the clock of a process is too coarse for one."""
        before = self.empty.cpu_seconds
        for _ in range(times):
            self.empty.classify(self.sent)
        return 1000 * (self.empty.cpu_seconds - before) / times


def converted(folder: Path) -> None:
    """Both networks as ONNX, which ONNX Runtime and OpenVINO read."""
    bundle = current_path(Settings.from_env().models)
    for name in ("locator", "model"):
        command = [sys.executable, "-m", "tf2onnx.convert", "--opset", "17", "--tflite", str(bundle / f"{name}.tflite")]
        subprocess.run([*command, "--output", str(folder / f"{name}.onnx")], check=True, capture_output=True)


def multiplications(path: Path) -> int:
    """Multiply-adds of one picture through a .keras network: of its convolutions and dense layers."""
    import keras

    def leaves(model: Any) -> Any:
        for layer in model.layers:
            yield from leaves(layer) if hasattr(layer, "layers") else [layer]

    total = 0
    for layer in leaves(keras.saving.load_model(path, compile=False)):
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose | keras.layers.DepthwiseConv2D):
            transposed = isinstance(layer, keras.layers.Conv2DTranspose)
            seen = (layer.input if transposed else layer.output).shape
            total += int(np.prod(layer.kernel.shape)) * seen[1] * seen[2]
        elif isinstance(layer, keras.layers.Dense):
            total += int(np.prod(layer.kernel.shape))
    return total


def installed(roots: list[str]) -> float:
    """Megabytes of these distributions with all that they require here."""
    seen: set[str] = set()
    size, waiting = 0, list(roots)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:  # of another platform
            continue
        files = [Path(str(found.locate_file(each))) for each in found.files or ()]
        size += sum(each.stat().st_size for each in files if each.is_file())
        needed = [Requirement(each) for each in found.requires or ()]
        waiting += [each.name for each in needed if not each.marker or each.marker.evaluate({"extra": ""})]
    return size / 1e6


def many(application: str, *options: str, **settings: str) -> tuple[float, float, float, float]:
    """`CLIENTS` at once: requests answered, seconds, the clients' CPU seconds, megabytes of the largest worker."""
    sent, answered = form(CROP), [0] * CLIENTS
    with gunicorn(application, *options, **settings) as server:
        for _ in range(WARM_UP):
            server.classify(sent)
        until = time.perf_counter() + SECONDS

        def ask(which: int) -> None:
            connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
            while time.perf_counter() < until:
                connection.request("POST", "/classify", sent.body, dict(sent.headers))
                answer = connection.getresponse()
                answered[which] += bool(answer.read()) and answer.status == 200

        clients = [threading.Thread(target=ask, args=(which,)) for which in range(CLIENTS)]
        started, used = time.perf_counter(), time.process_time()
        for each in clients:
            each.start()
        for each in clients:
            each.join()
        took = time.perf_counter() - started, time.process_time() - used
        return sum(answered), *took, server.megabytes


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        converted(Path(folder))
        os.environ["BENCH_ONNX"] = folder
        one_client(stack)
        stack.close()
        many_clients()
    here, usual = installed(TO_SERVE), installed(TO_SERVE_USUAL)
    echo(f"- installed to serve: {here:.0f} MB; the usual way {usual:.0f} MB, {usual / here:.1f} times (asked 6)\n")


def one_client(stack: ExitStack) -> None:
    sent = form(CROP)
    starts = [(ready(OURS), ready(USUAL)) for _ in range(min(STARTS, ROUNDS))]
    ours, usual = stack.enter_context(gunicorn(OURS)), stack.enter_context(gunicorn(USUAL))
    servers = {"HematoVision": ours, "classifier alone, model.predict": usual}
    for name, engine in OTHERS.items():
        os.environ["BENCH_ENGINE"] = engine
        servers[name] = stack.enter_context(gunicorn("engines:wsgi()"))
    assert len(ours.answer(sent)["cells"]) == 1, "the parts are those of one cell"
    parts = Parts(stack.enter_context(gunicorn("empty_post:app")))
    for _ in range(WARM_UP):
        parts.run()
        for server in servers.values():
            server.classify(sent)
    took, alone = [], []
    for _ in range(ROUNDS):
        took.append([server.classify(sent) for server in servers.values()])
        alone.append(parts.run())
    medians = dict(zip(servers, map(statistics.median, zip(*took, strict=True)), strict=True))
    wall, cpu = ({name: statistics.median(each[name][k] for each in alone) for name in alone[0]} for k in (0, 1))
    peak = 2 * SIDE**3 / min(each["matrix product"][0] for each in alone) / 1e6  # GFLOP/s
    names = ["decode", "locator network", "classifier network", "empty RESTX POST"]
    cpu["empty RESTX POST"] = parts.cpu_of_post()
    needed = sum(wall[name] for name in names)
    PRINTED["cpu"] = sum(cpu[name] for name in names)
    mine = medians["HematoVision"]
    echo(f"{processor()}, {CORES} cores; one client, {ROUNDS} rounds in turn\n\n| | median ms | times ours | MB |\n")
    echo("| --- | --- | --- | --- |\n")
    for name, each in medians.items():
        echo(f"| {name} | {each:.3g} | {each / mine:.2f} | {servers[name].megabytes:.0f} |\n")
    for name in names:
        echo(f"| {name}, alone | {wall[name]:.3g} | {wall[name] / mine:.2f} | |\n")
    echo(f"\n- a request is {mine / needed:.2f} times the sum of its parts ({needed:.1f} ms; asked 1.25)\n")
    bundle = current_path(Settings.from_env().models)
    for name, network in (("locator", "locator"), ("classifier", "model")):
        count = multiplications(bundle / f"{network}.keras")
        rate = 2 * count / wall[f"{name} network"] / 1e6
        echo(f"- {name}: {count / 1e6:.0f} million multiply-adds, {rate / peak:.0%} of the peak of one core\n")
    started, usually = (statistics.median(each) for each in zip(*starts, strict=True))
    echo(f"- from start to ready: {started:.2g} s; the usual way {usually / started:.1f} times (asked 6)\n")
    echo(f"- memory of a worker: the usual way {usual.megabytes / ours.megabytes:.1f} times (asked 6)\n")


def many_clients() -> None:
    workers = ["--workers", str(CORES), "--threads", str(CLIENTS)]
    echo(f"\n{CLIENTS} clients, {SECONDS:.0f} s each\n\n| | requests a second | a core | MB a worker |\n")
    echo("| --- | --- | --- | --- |\n")
    rows = {"HematoVision": (OURS, workers, "")} | {
        name: ("engines:wsgi()", workers if engine != "function" else ["--threads", str(CLIENTS)], engine)
        for name, engine in OTHERS.items()
    }
    share = 0.0
    for name, (application, options, engine) in rows.items():
        os.environ["BENCH_ENGINE"] = engine
        answered, seconds, clients, memory = many(application, *options, threads="1", queue=str(CLIENTS))
        if name == "HematoVision":
            share = answered * PRINTED["cpu"] / 1000 / (CORES * seconds - clients)
        rate = answered / seconds
        echo(f"| {name} | {rate:.1f} | {rate / CORES:.1f} | {memory:.0f} |\n")
    echo(f"\n- {share:.0%} of {CORES} cores over the parts' CPU time ({PRINTED['cpu']:.1f} ms), without what the ")
    echo("clients took (asked 85%)\n")


def ready(application: str) -> float:
    with gunicorn(application) as server:
        return server.ready_after


if __name__ == "__main__":
    main()
