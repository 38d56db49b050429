"""The alerts are what Prometheus accepts, speak when they should, are of what the service tells, and are explained."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict

import pytest
import yaml

from answers import answer, cell
from exposed import Exposed
from hematovision.api.metrics import Metrics, State
from hematovision.api.schemas import STATUSES
from hematovision.api.waiting import QueueState
from hematovision.cells import Model
from house import REPOSITORY, lacking

FOLDER = REPOSITORY / "deploy" / "prometheus"
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
ALERTS = [rule["alert"] for rule in RULES if "alert" in rule]
TESTS = yaml.safe_load((FOLDER / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]


@pytest.mark.parametrize("arguments", [("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")])
def test_prometheus_accepts_them_and_they_speak_when_they_should(arguments: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool") or lacking("no promtool (on Debian: apt-get install prometheus)")
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False, cwd=FOLDER)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_was_seen_to_speak_and_to_be_silent() -> None:
    silent, heard = set(), set()
    for each in (case for test in TESTS for case in test["alert_rule_test"]):
        (heard if each.get("exp_alerts") else silent).add(each["alertname"])
    assert heard == silent == set(ALERTS)


def test_each_is_of_what_the_service_tells() -> None:
    """Its names, their labels, and the words that are asked for; that it was renamed makes no alert speak."""
    metrics = Metrics()
    metrics.note(State("ready", Model("drawn", "1"), False, "ok", QueueState(0, 0, 16)))
    metrics.request("/classify", None, 0.1)
    for status in STATUSES:
        metrics.answer(answer(cell(status=status)), cached=False)
    told: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for sample in Exposed(metrics.exposed().decode()).samples:
        for label, value in sample.labels.items():
            told[sample.name][label].add(value)
        told[sample.name]["instance"].add("Prometheus's own")
    for rule in RULES:
        asked = re.findall(r"\b(hematovision_\w+)(?:\{([^}]*)\})?", rule["expr"])
        assert asked or "record" not in rule
        for name, labels in asked:
            assert name in told, f"{rule} asks for {name}"
            for label, words in re.findall(r'(\w+)(?:!?=~?)"([^"]*)"', labels):
                assert set(words.split("|")) <= told[name][label], f"{rule} asks for {words} in {name}"


@pytest.mark.parametrize("alert", ALERTS)
def test_each_is_explained_to_whoever_is_called(alert: str) -> None:
    operating = (REPOSITORY / "deploy" / "OPERATING.md").read_text(encoding="utf-8")
    [row] = re.findall(rf"^\| `{alert}` \| (.+) \| (.+) \|$", operating, re.MULTILINE)
    assert all(len(told) > 20 for told in row)
