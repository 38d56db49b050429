"""Do what the images and docker-compose.yml say without a container engine, so that what is shipped is what was tried.

    sudo python3 deploy/rehearse.py FOLDER [COMMAND ...]

Dockerfile and docker-compose.yml are read, not repeated: every COPY, RUN and ENV is done in a copy-on-write tree over
this Debian (which stands for the base images), then each service runs as its own user, its tree read-only, with its
tmpfs, volumes and secrets, in a network of its own. COMMAND is run beside them once all are healthy; without one this
ends there. What differs: the services share one network namespace, so that a replica listens on its own address
instead of on all, and this machine's PostgreSQL stands for its image.
"""

from __future__ import annotations

import ctypes
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
NEW_MOUNTS, NEW_NETWORK = 0x00020000, 0x40000000  # sched.h
PATIENCE = 60  # seconds until a service that does not become healthy is given up
BASE = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Image:
    """What a stage of the Dockerfile leaves: its tree, and how it is run."""

    tree: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": BASE, "HOME": "/tmp"})  # noqa: S108
    folder: str = "/"
    user: str = "0"
    command: list[str] = field(default_factory=list)
    healthy: list[str] = field(default_factory=list)


def unshare(what: int) -> None:
    """Give this process, and what it starts, namespaces of its own (os.unshare is there from Python 3.12 on)."""
    if ctypes.CDLL(None, use_errno=True).unshare(what):
        raise SystemExit(f"deploy/rehearse.py needs root on Linux: {os.strerror(ctypes.get_errno())}.")


def run(*command: str | Path, **options: Any) -> None:
    subprocess.run([str(part) for part in command], check=True, **options)


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """`[("FROM", "python:3.11 AS service"), ...]`, continued lines joined, comments left out."""
    lines = [line for line in dockerfile.read_text().splitlines() if line and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in joined)]


def inside(image: Image, command: list[str], user: str | None = None, **env: str) -> list[str]:
    """The command, to be run in the image's tree as its user, with its environment and no other."""
    identity = [] if (user or image.user) in ("0", "root") else ["--userspec", user or image.user, "--groups", ""]
    variables = [f"{name}={value}" for name, value in (image.env | env).items()]
    within = ["sh", "-c", 'cd "$0" && exec "$@"', image.folder, *command]
    return ["chroot", *identity, str(image.tree), "env", "-i", *variables, *within]


def build(folder: Path) -> dict[str, Image]:
    """Every stage of deploy/Dockerfile, by name. They stand on each other, in one tree."""
    tree = folder / "tree"
    for name in ("upper", "work", "tree"):
        (folder / name).mkdir(parents=True)
    run("mount", "-t", "overlay", "overlay", "-o",
        f"lowerdir=/,upperdir={folder / 'upper'},workdir={folder / 'work'}", tree)  # fmt: skip
    for name in ("dev", "proc"):
        run("mount", "--rbind", f"/{name}", tree / name)
    stages: dict[str, Image] = {}
    image = Image(tree)
    for word, rest in instructions(ROOT / "deploy" / "Dockerfile"):
        sys.stdout.write(f"{word} {rest}\n")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            image = replace(stages[base], env=dict(stages[base].env)) if base in stages else as_base(Image(tree))
            stages[name] = image
        elif word == "ENV":
            for name, value in (pair.split("=", 1) for pair in shlex.split(rest)):
                image.env[name] = value.replace("$PATH", image.env["PATH"])
        elif word == "WORKDIR":
            image.folder = rest
            (tree / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "COPY":
            copy(image, rest.split())
        elif word == "RUN":
            run(*inside(image, ["sh", "-c", rest]), **quietly())
        elif word == "USER":
            image.user = rest
        elif word == "CMD":
            image.command = json.loads(rest)
        elif word == "HEALTHCHECK":
            image.healthy = json.loads(rest.partition(" CMD ")[2])
        elif word != "EXPOSE":
            raise SystemExit(f"deploy/rehearse.py does not know {word} yet.")
    return stages


def as_base(image: Image) -> Image:
    """`python` and `python -m venv`, which the base image has and Debian by itself has not."""
    prepare = (
        "/usr/bin/python3 -c 'import ensurepip' 2>/dev/null || (apt-get update -qq && "
        "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv); "
        "ln -sf /usr/bin/python3 /usr/local/bin/python"
    )
    run(*inside(image, ["sh", "-c", prepare]), **quietly())
    return image


def quietly() -> dict[str, Any]:
    return {"stdout": subprocess.DEVNULL}


def copy(image: Image, words: list[str]) -> None:
    """COPY of what git knows of the checkout (.dockerignore lets in nothing but what is copied)."""
    *sources, target = words
    goal = image.tree / image.folder.lstrip("/") / target
    listing = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run([*listing, *sources], cwd=ROOT, check=True, capture_output=True, text=True)
    known = found.stdout.split("\0")
    for name in filter(None, known):
        below = name if len(sources) > 1 or target.endswith("/") else str(Path(name).relative_to(sources[0]))
        (goal / below).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, goal / below)


class Deployment:
    """The services of docker-compose.yml, each in a mount namespace of its own."""

    def __init__(self, folder: Path, stages: dict[str, Image]) -> None:
        self.folder, self.stages = folder, stages
        self.compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
        self.services = self.compose["services"]
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        run("sh", ROOT / "deploy" / "secrets.sh", folder / "secrets")
        (folder / "volumes").mkdir()

    def command(self, name: str, command: list[str] | None = None) -> list[str]:
        """What starts a service: its own command, or another one in its place."""
        service = self.services[name]
        image = self.stages[service["build"]["target"]]
        address = self.address(name)
        env = {key: str(value) for key, value in service.get("environment", {}).items()}
        if address:
            env["HEMATOVISION_HOST"] = address
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        mounts = [f"mount --rbind {image.tree} {image.tree}"]  # onto itself: read-only here and nowhere else
        for each in service.get("tmpfs", []):
            at, _, options = each.partition(":")
            (image.tree / at.lstrip("/")).mkdir(parents=True, exist_ok=True)
            mounts.append(f"mount -t tmpfs -o {options} tmpfs {image.tree}{at}")
        for each in service.get("volumes", []):
            volume, at = each.split(":")
            mounts.append(f"mount --bind {self.volume(volume, image.tree / at.lstrip('/'))} {image.tree}{at}")
        for secret in service.get("secrets", []):
            source = self.folder / "secrets" / Path(self.compose["secrets"][secret]["file"]).name
            at = image.tree / "run" / "secrets" / secret
            at.parent.mkdir(exist_ok=True)
            at.touch()
            mounts.append(f"mount --bind {source} {at}")
        script = " && ".join([*mounts, f"mount -o remount,ro,bind {image.tree}", 'exec "$@"'])
        dropped = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
        user, _, group = str(service["user"]).partition(":")
        as_user = [*dropped, f"--reuid={user}", f"--regid={group or user}", "--clear-groups"]
        asked = command or service.get("command", image.command)
        started = inside(Image(image.tree, image.env, image.folder), [*as_user, *asked], **env)
        return ["unshare", "--mount", "sh", "-c", script, "sh", *started]

    def volume(self, name: str, content: Path) -> Path:
        """A named volume: at first what the image has there, as an engine fills it."""
        at = self.folder / "volumes" / name
        if not at.exists():
            run("cp", "-a", content, at)
        return at

    def address(self, name: str) -> str:
        return str(self.services[name]["networks"]["inside"].get("ipv4_address", ""))

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            os.fchown(log.fileno(), *(int(part) for part in self.services[name]["user"].split(":")))  # as engines do
            self.running[name] = subprocess.Popen(self.command(name), stdout=log, stderr=subprocess.STDOUT)

    def wait(self, name: str) -> None:
        """Until the image's own health check holds."""
        image = self.stages[self.services[name]["build"]["target"]]
        check = [part.replace("127.0.0.1", self.address(name) or "127.0.0.1") for part in image.healthy]
        for _ in range(PATIENCE):
            if self.running[name].poll() is not None:
                break
            if subprocess.run(self.command(name, check), capture_output=True, check=False).returncode == 0:
                return
            time.sleep(1)
        raise SystemExit(f"{name} does not become healthy:\n{(self.folder / f'{name}.log').read_text()[-3000:]}")

    def up(self) -> None:
        """In the order of `depends_on`."""
        self.database()
        run(*self.command("migrate"))
        for name in ("replica1", "replica2", "batches"):
            self.start(name)
        for name in ("replica1", "replica2"):
            self.wait(name)
        self.start("nginx")
        self.wait("nginx")

    def database(self) -> None:
        """This machine's PostgreSQL, with the user, password and address that the image would give it."""
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        data, given = self.folder / "volumes" / "database", self.services["database"]["environment"]
        data.mkdir()
        shutil.chown(data, "postgres", "postgres")
        password = self.folder / "secrets" / Path(self.compose["secrets"]["database_password"]["file"]).name
        open_for_postgres = self.folder / "password"
        shutil.copy(password, open_for_postgres)
        open_for_postgres.chmod(0o444)
        as_postgres = {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": data}
        run(programs / "initdb", "--auth=scram-sha-256", f"--username={given['POSTGRES_USER']}", f"--pgdata={data}",
            f"--pwfile={open_for_postgres}", "--no-sync", **as_postgres, **quietly())  # fmt: skip
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 172.28.0.0/24 scram-sha-256\n")
        options = f"-c listen_addresses={self.address('database')} -c unix_socket_directories="
        with (self.folder / "database.log").open("ab") as log:
            self.running["database"] = subprocess.Popen(
                [programs / "postgres", "-D", str(data), *shlex.split(options)], stdout=log, stderr=log, **as_postgres
            )
        env = os.environ | {"PGPASSWORD": password.read_text().strip()}
        at = [f"--host={self.address('database')}", f"--username={given['POSTGRES_USER']}"]
        for _ in range(PATIENCE):
            if subprocess.run([programs / "pg_isready", *at], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(1)
        run(programs / "createdb", *at, given["POSTGRES_DB"], env=env)

    def down(self) -> None:
        for process in reversed(self.running.values()):
            process.terminate()
            process.wait(PATIENCE)


def main(folder: Path, command: list[str]) -> None:
    """Build, start, run the command, stop; the exit status is the command's."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    unshare(NEW_MOUNTS)
    run("mount", "--make-rprivate", "/")
    stages = build(folder)
    (stages["service"].tree / "etc" / "hosts").write_text("127.0.0.1 localhost\n172.28.0.10 database\n")
    unshare(NEW_NETWORK)  # the images have been built with the network that there is
    run("ip", "link", "set", "lo", "up")
    deployment = Deployment(folder, stages)
    for name, service in deployment.services.items():
        for key, value in service.get("sysctls", {}).items():
            Path("/proc/sys", *key.split(".")).write_text(str(value))
        if address := deployment.address(name):
            run("ip", "address", "add", f"{address}/24", "dev", "lo")
    try:
        deployment.up()
        sys.stdout.write("All services are healthy.\n")
        if command:
            raise SystemExit(subprocess.run(command, check=False).returncode)
    finally:
        deployment.down()


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), sys.argv[2:])
