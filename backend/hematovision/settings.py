"""Every setting of HematoVision, read from `HEMATOVISION_*` when asked, each with a default and a sentence."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, get_type_hints

from platformdirs import user_data_path

from hematovision import errors

PREFIX = "HEMATOVISION_"
MOST_OF_QUOTA = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What a picture may cost: bytes received, and pixels after decoding."""

    max_bytes: int = 20 * 1024 * 1024
    max_pixels: int = 50_000_000


def _carried(name: str) -> Path:
    """A folder that the installed package carries, or the checkout's own when running from one."""
    package = Path(__file__).resolve().parent
    carried = package / "carried" / name
    return carried if carried.is_dir() else package.parents[1] / name


def _setting(sentence: str, default: Any = MISSING, found: Callable[[], Any] | None = None, where: str = "") -> Any:
    """A field with its sentence; `found` looks for a default that depends on the machine, `where` says it in words."""
    about = {"sentence": sentence, "default": where or default}
    return field(default_factory=found, metadata=about) if found else field(default=default, metadata=about)


@dataclass(frozen=True)
class Settings:
    """One field a setting; `host` is `HEMATOVISION_HOST`, and so on."""

    host: str = _setting(
        "Address to listen on; anything but this machine's own wants `_LOGIN` on, and a proxy in front.", "127.0.0.1"
    )
    port: int = _setting("Port to listen on.", 8000)
    workers: int = _setting("Worker processes, each with the model loaded once.", 1)
    threads: int = _setting("Pictures in a worker's model at once, each in a thread with its own interpreter.", 2)
    cache: int = _setting("Cells in answers that a worker remembers for the same picture to come; `0`: none.", 4096)
    queue: int = _setting("Pictures that may wait for a worker's model; the next one gets 503 at once.", 16)
    readers: int = _setting("Threads a worker beside these, for requests that arrive or need no model.", 16)
    deadline: int = _setting("Seconds in which a request must have arrived (else 408) and be answered (else 503).", 30)
    drain: int = _setting("Seconds after SIGTERM in which `/health/ready` says 503 and requests are still taken.", 2)
    models: Path = _setting(
        "Folder of model bundles; its file `CURRENT` names the one in use.",
        found=lambda: _carried("models"),
        where="`models/`, or what the installed package carries",
    )
    runtime: str = _setting("`litert`, or `keras` for the reference model, which needs the `train` extra.", "litert")
    max_bytes: int = _setting("Largest picture accepted, in bytes.", Limits.max_bytes)
    max_pixels: int = _setting("Largest picture accepted, in pixels; at most 89,000,000.", Limits.max_pixels)
    max_archive: int = _setting("Largest archive that `POST /batches` accepts, in bytes.", 1024**3)
    upload: int = _setting("Seconds in which such an archive must have arrived.", 1800)
    batch_days: int = _setting("Days for which the result of a batch is kept.", 7)
    max_held_back: int = _setting(
        "Cells held back (unfamiliar or cut by an edge), in per cent, above which a differential gives counts only.", 10
    )
    cors_origins: tuple[str, ...] = _setting(
        "Origins, separated by commas, whose pages may call the API; empty: only its own page.", ()
    )
    frontend: Path = _setting(
        "Folder of the page that `hematovision serve` shows.",
        found=lambda: _carried("frontend"),
        where="`frontend/`, or what the installed package carries",
    )
    examples: Path = _setting(
        "Folder that `hematovision examples` fills and the page reads.",
        found=lambda: user_data_path("hematovision", appauthor=False) / "examples",
        where="the user's data folder",
    )
    records: Path = _setting(
        "Folder of the database and of pictures that are kept.",
        found=lambda: user_data_path("hematovision", appauthor=False) / "records",
        where="the user's data folder",
    )
    database_url: str = _setting(
        "`postgresql://user@host/name`, or `sqlite:///file`.", "", where="a SQLite file in the folder of records"
    )
    database_url_file: Path | None = _setting("File that holds the URL, where it has a password in it.", None)
    recording: str = _setting("`on`, or `off` to record no prediction and open no database.", "on")
    login: str = _setting(
        "`off` on a person's own machine, or `on`: users with passwords, sessions, tokens, roles.", "off"
    )
    quota: int = _setting(
        "Requests an hour for each token of users who have no quota of their own; `0`: without end.", 0
    )
    open: int = _setting("`1` answers other addresses and forwarded requests without login; `0` refuses them.", 0)
    proxies: int = _setting("Proxies in front whose `X-Forwarded-For` and `-Proto` are believed.", 0)
    metrics: tuple[str, ...] = _setting(
        "Networks, separated by commas, that may ask for `/metrics`, past any proxy; empty: this machine alone.", ()
    )
    idle_minutes: int = _setting("Minutes after which an unused session ends.", 30)
    replicas: tuple[str, ...] = _setting(
        "Services that nginx balances over, `host:port`, separated by commas; empty: the one of `_HOST` and `_PORT`.",
        (),
    )
    http_port: int = _setting("Port on which nginx listens without TLS.", 80)
    https_port: int = _setting("Port on which nginx listens with TLS, given a certificate.", 443)
    certificate: Path | None = _setting("File of nginx's certificate, PEM, with its chain; empty: no TLS.", None)
    certificate_key: Path | None = _setting("File of its key.", None)
    rate: int = _setting(
        "Requests a second that nginx passes on for one address; four times as many wait, further ones get 429; "
        "`0`: no limit.",
        20,
    )
    balancers: tuple[str, ...] = _setting(
        "Networks of load balancers before nginx whose `X-Forwarded-For` and `-Proto` it believes.", ()
    )
    log_level: str = _setting("`debug`, `info`, `warning` or `error`.", "info")
    data: Path = _setting("Folder of labelled pictures to train and evaluate on.", Path("../shared/data"))
    weights: Path | None = _setting(
        "File of ImageNet weights to start training from; empty: Keras fetches its own.", None
    )

    def __post_init__(self) -> None:
        _one_of("runtime", self.runtime, ("litert", "keras"))
        _one_of("recording", self.recording, ("on", "off"))
        _one_of("login", self.login, ("on", "off"))
        _one_of("log_level", self.log_level, ("debug", "info", "warning", "error"))
        for name, low, high in (
            ("port", 0, 65_535),
            ("workers", 1, 256),
            ("threads", 1, 256),
            ("cache", 0, 1_000_000),
            ("queue", 0, 10_000),
            ("readers", 1, 256),
            ("deadline", 1, 600),
            ("drain", 0, 600),
            ("max_bytes", 1_024, 1_000_000_000),
            ("max_pixels", 1_024, 89_000_000),  # above it Pillow's own guard against decompression bombs speaks
            ("max_archive", 1_024, 1024**4),
            ("upload", 1, 3_600),
            ("batch_days", 1, 365),
            ("max_held_back", 0, 100),
            ("quota", 0, MOST_OF_QUOTA),
            ("open", 0, 1),
            ("proxies", 0, 10),
            ("idle_minutes", 1, 720),
            ("http_port", 1, 65_535),
            ("https_port", 1, 65_535),
            ("rate", 0, 10_000),
        ):
            if not low <= getattr(self, name) <= high:
                raise errors.SettingRefused(f"{variable(name)} must be between {low:,} and {high:,}.")
        for network in self.metrics:
            try:
                ip_network(network)
            except ValueError:
                raise errors.SettingRefused(
                    f"{variable('metrics')} must be networks, 10.0.0.0/8, not {network!r}."
                ) from None
        if self.login == "on" and self.recording == "off":
            raise errors.SettingRefused("HEMATOVISION_LOGIN=on keeps its users in the records: leave RECORDING on.")

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Settings from the environment, or from `env`; an unset or empty variable keeps its default.

        Raises `SettingRefused` naming the variable that cannot be read, or that is not a setting at all.
        """
        env = os.environ if env is None else env
        names = {variable(each.name) for each in fields(cls)}
        unknown = sorted(name for name in env if name.startswith(PREFIX) and name not in names)
        if unknown:
            raise errors.SettingRefused(f"{unknown[0]} is not a setting. README.md lists them all.")
        types = get_type_hints(cls)
        given = {each.name: env.get(variable(each.name), "") for each in fields(cls)}
        return cls(**{name: _parse(name, text, types[name]) for name, text in given.items() if text})

    @property
    def for_all(self) -> bool:
        """Whether a request may come from any machine."""
        return self.login == "on" or self.open == 1

    @property
    def limits(self) -> Limits:
        """What one picture may cost."""
        return Limits(self.max_bytes, self.max_pixels)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def _parse(name: str, text: str, kind: Any) -> Any:
    if kind is int:
        try:
            return int(text)
        except ValueError:
            raise errors.SettingRefused(f"{variable(name)} must be a whole number and is {text!r}.") from None
    if kind is str:
        return text
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return Path(text).expanduser()


def _one_of(name: str, value: str, accepted: tuple[str, ...]) -> None:
    if value not in accepted:
        raise errors.SettingRefused(f"{variable(name)} must be one of {', '.join(accepted)} and is {value!r}.")
