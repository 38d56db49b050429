"""A certificate that signs itself, for trying TLS on one's own machine or network."""

from __future__ import annotations

import shutil
import subprocess
from ipaddress import ip_address
from pathlib import Path

from hematovision import errors


def write_certificate(folder: Path, names: tuple[str, ...], days: int) -> tuple[Path, Path]:
    """`certificate.pem` and `certificate.key` for these names and addresses, in `folder`; the key for its owner alone.

    Raises `SettingRefused` where openssl is missing, or does not take the names.
    """
    program = shutil.which("openssl")
    if program is None:
        raise errors.SettingRefused("A certificate is made by openssl, which is not installed. Install it, try again.")
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "certificate.pem", folder / "certificate.key"
    alternatives = ",".join(f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in names)
    done = subprocess.run(  # noqa: S603  (no shell reads the names)
        [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc",
         "-days", str(days), "-subj", f"/CN={names[0]}", "-addext", f"subjectAltName={alternatives}",
         "-keyout", str(key), "-out", str(certificate)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise errors.SettingRefused(f"openssl made no certificate: {done.stderr.strip().splitlines()[-1]}")
    return certificate, key


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
