"""Every setting is read from its variable, has a default and a sentence, and no misspelt one passes unseen."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from hematovision.errors import SettingRefused
from hematovision.settings import PREFIX, Limits, Settings, variable
from house import REPOSITORY

GIVEN = {
    "host": ("0.0.0.0", "0.0.0.0"),  # noqa: S104
    "port": ("9000", 9000),
    "workers": ("3", 3),
    "threads": ("4", 4),
    "cache": ("0", 0),
    "queue": ("8", 8),
    "readers": ("9", 9),
    "deadline": ("20", 20),
    "drain": ("5", 5),
    "models": ("/srv/models", Path("/srv/models")),
    "runtime": ("keras", "keras"),
    "max_bytes": ("5000000", 5_000_000),
    "max_pixels": ("1000000", 1_000_000),
    "max_archive": ("5000000", 5_000_000),
    "upload": ("60", 60),
    "batch_days": ("30", 30),
    "max_held_back": ("25", 25),
    "cors_origins": ("https://a.example, https://b.example,", ("https://a.example", "https://b.example")),
    "frontend": ("~/page", Path("~/page").expanduser()),
    "examples": ("pictures", Path("pictures")),
    "records": ("/var/lib/records", Path("/var/lib/records")),
    "database_url": ("postgresql://me@host/name", "postgresql://me@host/name"),
    "database_url_file": ("/run/secrets/database_url", Path("/run/secrets/database_url")),
    "recording": ("off", "off"),
    "login": ("on", "on"),
    "quota": ("500", 500),
    "open": ("1", 1),
    "proxies": ("2", 2),
    "metrics": ("10.0.0.0/8, ::1", ("10.0.0.0/8", "::1")),
    "idle_minutes": ("10", 10),
    "replicas": ("one:8000, two:8000", ("one:8000", "two:8000")),
    "http_port": ("8080", 8080),
    "https_port": ("8443", 8443),
    "certificate": ("/tls/a.pem", Path("/tls/a.pem")),
    "certificate_key": ("/tls/a.key", Path("/tls/a.key")),
    "rate": ("50", 50),
    "balancers": ("10.0.0.0/8", ("10.0.0.0/8",)),
    "log_level": ("debug", "debug"),
    "data": ("/data", Path("/data")),
    "weights": ("/weights.h5", Path("/weights.h5")),
}


def test_this_list_knows_every_setting() -> None:
    assert set(GIVEN) == {each.name for each in fields(Settings)}


@pytest.mark.parametrize(("name", "text", "value"), [(name, *given) for name, given in GIVEN.items()])
def test_each_setting_is_read_from_its_variable(name: str, text: str, value: Any) -> None:
    settings = Settings.from_env({PREFIX + name.upper(): text, "PATH": "/bin"})
    assert getattr(settings, name) == value
    default = Settings()
    others = [each.name for each in fields(Settings) if each.name != name]
    assert all(getattr(settings, other) == getattr(default, other) for other in others)


@pytest.mark.parametrize("name", GIVEN)
def test_an_empty_variable_keeps_the_default(name: str) -> None:
    assert Settings.from_env({variable(name): ""}) == Settings()


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_each_setting_has_a_sentence(setting: Any) -> None:
    sentence = setting.metadata["sentence"]
    assert sentence.endswith(".") and 10 < len(sentence) < 120


def test_the_defaults_are_a_private_service_over_the_bundle_that_is_here() -> None:
    settings = Settings.from_env({})
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.models == REPOSITORY / "models"
    assert settings.frontend == REPOSITORY / "frontend"
    assert settings.cors_origins == ()
    assert settings.limits == Limits(20 * 1024 * 1024, 50_000_000)


@pytest.mark.parametrize("name", ["HEMATOVISION_MODEL", "HEMATOVISION_", "HEMATOVISION_port", "HEMATOVISION_MAX_BYTE"])
def test_a_variable_that_is_no_setting_is_refused_by_name(name: str) -> None:
    with pytest.raises(SettingRefused, match=f"^{name} is not a setting"):
        Settings.from_env({name: "1"})


@pytest.mark.parametrize("name", [name for name, (_, value) in GIVEN.items() if isinstance(value, int)])
@pytest.mark.parametrize("text", ["many", "1.5", "0x10", "-"])
def test_a_number_that_is_none_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingRefused, match=f"{variable(name)} must be a whole number"):
        Settings.from_env({variable(name): text})


BOUNDS = [
    ("port", 0, 65_535),
    ("workers", 1, 256),
    ("threads", 1, 256),
    ("cache", 0, 1_000_000),
    ("queue", 0, 10_000),
    ("readers", 1, 256),
    ("deadline", 1, 600),
    ("drain", 0, 600),
    ("max_bytes", 1_024, 1_000_000_000),
    ("max_pixels", 1_024, 89_000_000),
    ("max_held_back", 0, 100),
    ("open", 0, 1),
    ("quota", 0, 1_000_000),
    ("proxies", 0, 10),
    ("idle_minutes", 1, 720),
    ("http_port", 1, 65_535),
    ("https_port", 1, 65_535),
    ("rate", 0, 10_000),
]


@pytest.mark.parametrize(("name", "low", "high"), BOUNDS)
def test_a_number_is_accepted_up_to_its_bounds_and_refused_beyond(name: str, low: int, high: int) -> None:
    for value in (low, high):
        assert getattr(Settings.from_env({variable(name): str(value)}), name) == value
    for value in (low - 1, high + 1, -(10**20), 10**20):
        with pytest.raises(SettingRefused, match=f"{variable(name)} must be between {low:,} and {high:,}"):
            Settings.from_env({variable(name): str(value)})


@pytest.mark.parametrize(
    ("name", "text"),
    [("runtime", "onnx"), ("runtime", "LITERT"), ("recording", "yes"), ("login", "1"), ("log_level", "loud")],
)
def test_a_word_that_is_not_known_is_refused_with_those_that_are(name: str, text: str) -> None:
    with pytest.raises(SettingRefused, match=f"{variable(name)} must be one of .* and is '{text}'"):
        Settings.from_env({variable(name): text})


def test_settings_given_in_code_are_held_to_the_same_bounds() -> None:
    with pytest.raises(SettingRefused, match="HEMATOVISION_PORT"):
        Settings(port=70_000)


def test_the_environment_is_read_when_asked_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMATOVISION_PORT", "8123")
    assert Settings.from_env().port == 8123
    monkeypatch.delenv("HEMATOVISION_PORT")
    assert Settings.from_env().port == 8000
