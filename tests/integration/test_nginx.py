"""The service as it is deployed: the real nginx before two real replicas."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from bad_pictures import BAD_PICTURES, BadPicture
from fronting import Front, fronting, printed
from hematovision.api import page
from hematovision.api.app import FORM_OVERHEAD
from hematovision.api.nginx import ANSWERED, configuration
from hematovision.api.problems import NEXT_STEP
from hematovision.api.schemas import ProblemSchema
from hematovision.certificate import write_certificate
from hematovision.cli import main
from hematovision.errors import SettingRefused
from hematovision.settings import Settings
from house import REPOSITORY, port_nobody_listens_on
from pictures import drawn_cell, encoded
from running import Running, running

CELL = encoded(drawn_cell(), "JPEG")
MAX_BYTES = 4_000_000
CLIENTS = int(os.environ.get("CLIENTS", "3"))  # while replicas are renewed; `make torture` has 64
BEHIND = {"open": "1", "proxies": "1", "recording": "off", "max_bytes": str(MAX_BYTES)}
FRONT = {"max_bytes": str(MAX_BYTES)}


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Running]]:
    """Two services, for the tests of this file that leave them as they were."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(running(port_nobody_listens_on(), tmp_path_factory.mktemp(name), **BEHIND))
            for name in ("first", "second")
        ]


@pytest.fixture(scope="module")
def front(replicas: list[Running], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with fronting(tmp_path_factory.mktemp("front") / "nginx", replicas, rate="0", **FRONT) as nginx:
        yield nginx


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_certificate(tmp_path_factory.mktemp("tls"), ("localhost", "127.0.0.1"), days=2)


@pytest.fixture(scope="module")
def secured(
    replicas: list[Running], certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    files = {"certificate": str(certificate[0]), "certificate_key": str(certificate[1])}
    with fronting(tmp_path_factory.mktemp("secured") / "nginx", replicas, **files, **FRONT) as nginx:
        yield nginx


def send(url: str, data: bytes = CELL, **options: Any) -> requests.Response:
    return requests.post(f"{url}/api/classify", files={"image": ("cell.jpg", data)}, timeout=30, **options)


def problem_of(response: requests.Response, status: int, code: str) -> dict[str, Any]:
    """The problem of this answer, which is whole, has headers that allow nothing, and tells the request's id."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert ProblemSchema(unknown="raise").validate(body) == {}
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == response.headers["X-Request-ID"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    return body


def raw(port: int, sent: bytes) -> bytes:
    """What comes back for these bytes, until the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(sent)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def test_the_page_leads_to_files_that_need_never_be_asked_for_again(front: Front) -> None:
    index = requests.get(f"{front.url}/", timeout=10)
    assert index.headers["Cache-Control"] == "no-cache"
    linked = re.findall(r'(?:href|src)="(?!#|api/)([^"]+)"', index.text)
    assert len(linked) > 15
    below = page.assets(REPOSITORY / "frontend")
    for path in [*linked, f"{below}/js/components/hv-viewer.js"]:
        assert path.startswith(f"{below}/")
        file = requests.get(f"{front.url}/{path}", timeout=10)
        assert file.content == (REPOSITORY / "frontend" / path.removeprefix(f"{below}/")).read_bytes()
        assert file.headers["Cache-Control"] == "max-age=31536000, public, immutable"
        assert file.headers["Content-Security-Policy"] == page.HEADERS["Content-Security-Policy"]
    assert requests.get(f"{front.url}/{below}/js/main.js", timeout=10).headers["Content-Encoding"] == "gzip"


def test_both_servers_show_the_same_page(front: Front, replicas: list[Running]) -> None:
    by_nginx, by_python = (requests.get(f"{url}/", timeout=10) for url in (front.url, replicas[0].url))
    assert by_nginx.text == by_python.text
    for name in ("Content-Type", "Cache-Control", *page.HEADERS):
        assert by_nginx.headers[name] == by_python.headers[name]
    assert "unsafe" not in by_nginx.headers["Content-Security-Policy"]


def test_the_path_of_the_files_follows_their_content(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "frontend", tmp_path / "page")
    assert page.assets(tmp_path / "page") == page.assets(REPOSITORY / "frontend")
    with (tmp_path / "page" / "js" / "main.js").open("a") as file:
        file.write("\n")
    assert page.assets(tmp_path / "page") != page.assets(REPOSITORY / "frontend")


def test_files_of_another_version_are_not_there(front: Front) -> None:
    problem_of(requests.get(f"{front.url}/assets/0123456789abcdef/js/main.js", timeout=10), 404, "not_found")


def test_a_picture_is_answered_as_without_nginx(front: Front, replicas: list[Running]) -> None:
    direct = requests.post(f"{replicas[0].url}/classify", files={"image": CELL}, timeout=30).json()
    answer = send(front.url, headers={"X-Request-ID": "of-the-laboratory"})
    assert answer.status_code == 200
    assert answer.headers["X-Request-ID"] == "of-the-laboratory"
    changing = {"milliseconds": 0, "cached": None}
    assert answer.json() | changing == direct | changing
    assert answer.headers["Content-Encoding"] == "gzip"


def test_the_documentation_keeps_its_own_policy(front: Front) -> None:
    docs = requests.get(f"{front.url}/api/docs", timeout=10)
    assert "script-src 'self' 'unsafe-inline'" in docs.headers["Content-Security-Policy"]
    script = re.search(r'src="(/api/swaggerui/[^"]+\.js)"', docs.text)
    assert script
    assert requests.get(f"{front.url}{script.group(1)}", timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/nowhere", {}, 404, "not_found"),
        ("GET", "/api/nowhere", {}, 404, "not_found"),
        ("GET", "/api/metrics", {}, 404, "not_found"),
        ("GET", "/api//metrics", {}, 404, "not_found"),
        ("GET", "/metrics", {}, 404, "not_found"),
        ("POST", "/", {}, 405, "method_not_allowed"),
        ("GET", "/" + "a" * 9_000, {}, 414, "request_uri_too_long"),
        ("GET", "/", {"Cookie": "a" * 9_000}, 431, "request_header_fields_too_large"),
    ],
)
def test_every_refusal_is_a_problem(
    front: Front, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    response = requests.request(method, f"{front.url}{path}", headers=headers, timeout=10)
    assert problem_of(response, status, code)["detail"] == NEXT_STEP[status]


def test_a_request_without_a_host_is_a_problem(front: Front) -> None:
    received = raw(front.port, b"GET / HTTP/1.1\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 400")
    assert b'"code": "bad_request"' in received


def test_a_message_with_two_lengths_is_refused(front: Front) -> None:
    """Who reads it by one length would see a second request in what who reads it by the other takes for the first."""
    head = "POST /api/classify HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nConnection: close\r\n"
    for lengths in ("Content-Length: 4\r\nTransfer-Encoding: chunked", "Content-Length: 4\r\nContent-Length: 5"):
        received = raw(front.port, f"{head}{lengths}\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n".encode())
        assert received.startswith(b"HTTP/1.1 400")
        assert received.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("way", ["form", "raw", "chunked"])
def test_more_bytes_than_a_request_may_have_are_refused(front: Front, way: str) -> None:
    data = CELL + bytes(MAX_BYTES + FORM_OVERHEAD)
    sent = {"form": {"files": {"image": data}}, "raw": {"data": data}, "chunked": {"data": iter([data])}}[way]
    headers = {} if way == "form" else {"Content-Type": "image/jpeg"}
    response = requests.post(f"{front.url}/api/classify", timeout=30, headers=headers, **sent)
    problem_of(response, 413, "request_entity_too_large")


def test_the_limits_of_nginx_and_of_the_api_are_one(front: Front) -> None:
    """A picture of as many bytes as allowed is looked at; of one more byte, the API itself says that it is too many."""
    refused = problem_of(send(front.url, bytes(MAX_BYTES)), 415, "picture_format_refused")
    assert "JPEG" in refused["detail"]
    problem_of(send(front.url, bytes(MAX_BYTES + 1)), 413, "picture_too_large")


@pytest.mark.parametrize("bad", BAD_PICTURES, ids=str)
def test_a_bad_picture_is_refused_as_without_nginx(front: Front, replicas: list[Running], bad: BadPicture) -> None:
    files = {"image": (bad.name, bad.data, bad.media_type)}
    direct = requests.post(f"{replicas[0].url}/classify", files=files, timeout=30)
    assert direct.status_code in (400, 415, 422)
    problem_of(
        requests.post(f"{front.url}/api/classify", files=files, timeout=30), direct.status_code, direct.json()["code"]
    )


def test_no_upload_and_no_answer_touches_the_disk(front: Front, replicas: list[Running]) -> None:
    """nginx would make a file in a folder that is not there any more, and fail."""
    large = encoded(drawn_cell(width=1_000, height=1_000), "BMP")
    before = [replica.files_in_scratch() for replica in replicas]
    moved = {kind: front.folder / kind for kind in ("client_body", "proxy")}
    for folder in moved.values():
        assert list(folder.rglob("*")) == []
        folder.rename(folder.with_suffix(".away"))
    try:
        assert send(front.url, large).status_code == 200
        pieces = (large[at : at + 100_000] for at in range(0, len(large), 100_000))
        chunked = requests.post(
            f"{front.url}/api/classify", data=pieces, headers={"Content-Type": "image/bmp"}, timeout=30
        )
        assert chunked.status_code == 200
    finally:
        for folder in moved.values():
            folder.with_suffix(".away").rename(folder)
    assert [replica.files_in_scratch() for replica in replicas] == before


def test_slow_clients_hold_no_thread(front: Front, replicas: list[Running]) -> None:
    """More of them than there are threads have sent half a picture, and another is answered."""
    slow = []
    for _ in range(8):
        client = socket.create_connection(("127.0.0.1", front.port), timeout=30)
        head = (
            f"POST /api/classify HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: {len(CELL)}\r\n\r\n"
        )
        client.sendall(head.encode() + CELL[:-1])
        slow.append(client)
    assert [send(front.url).status_code for _ in range(4)] == [200] * 4
    for client in slow:
        client.sendall(CELL[-1:])
        assert client.recv(12) == b"HTTP/1.1 200"
        client.close()


def test_what_is_logged_tells_nobody(front: Front, replicas: list[Running]) -> None:
    requests.get(f"{front.url}/api/history/an-id?name=anna", headers={"Cookie": "secret=1"}, timeout=10)
    send(front.url)
    log = front.folder / "access.log"
    replicas[0].wait_for(lambda: log.read_text().rstrip().endswith("}") and '"status":200' in log.read_text())
    written = log.read_text() + (front.folder / "errors").read_text()
    assert '"status":200' in written
    assert not re.search(r"anna|secret|history|cell\.jpg|client", written)


def test_tls_is_ended_and_kept_to(secured: Front, certificate: tuple[Path, Path]) -> None:
    verify = str(certificate[0])
    for path in ("/", "/api/health", "/nowhere"):
        response = requests.get(f"{secured.tls_url}{path}", verify=verify, timeout=10)
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert send(secured.tls_url, verify=verify).status_code == 200
    cookie = requests.delete(f"{secured.tls_url}/api/session", verify=verify, timeout=10).headers["Set-Cookie"]
    assert "Secure" in cookie
    assert stat.S_IMODE(certificate[1].stat().st_mode) == 0o600
    old = ssl.create_default_context(cafile=verify)
    old.set_ciphers("DEFAULT@SECLEVEL=0")  # else this end would refuse first
    with pytest.warns(DeprecationWarning):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", secured.tls_port)) as plain, pytest.raises(ssl.SSLError, match="ALERT"):
        old.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_certificate_is_made_for_the_names_that_are_given(runner: CliRunner, tmp_path: Path) -> None:
    made = runner.invoke(main, ["certificate", str(tmp_path), "--name", "lab.example", "--name", "::1"])
    assert made.output.split() == [str(tmp_path / "certificate.pem"), str(tmp_path / "certificate.key")]
    read = ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", tmp_path / "certificate.pem"]
    told = subprocess.run(read, capture_output=True, text=True, check=True).stdout
    assert "DNS:lab.example, IP Address:0:0:0:0:0:0:0:1" in told
    refused = runner.invoke(main, ["certificate", str(tmp_path), "--name", "no name,"])
    assert (refused.exit_code, "openssl made no certificate" in refused.output) == (1, True)


def test_without_tls_the_page_leads_to_it_and_the_api_says_so(secured: Front) -> None:
    led = requests.get(f"{secured.url}/", timeout=10, allow_redirects=False)
    assert (led.status_code, led.headers["Location"]) == (308, f"{secured.tls_url}/")
    refused = send(secured.url, allow_redirects=False)
    assert (refused.status_code, refused.json()["code"]) == (403, "https_required")
    assert "Strict-Transport-Security" not in refused.headers


@pytest.mark.parametrize("length", ["told", "untold"])
def test_an_upload_over_http_2_touches_no_disk_either(secured: Front, tmp_path: Path, length: str) -> None:
    large = encoded(drawn_cell(width=1_000, height=1_000), "BMP")
    (tmp_path / "large.bmp").write_bytes(large)
    body = {"told": ["--data-binary", f"@{tmp_path / 'large.bmp'}"], "untold": ["--upload-file", "-"]}[length]
    command = ["curl", "--silent", "--insecure", "--http2", "--request", "POST", "--header", "Content-Type: image/bmp",
               "--write-out", "%{http_version} %{http_code}", "--output", tmp_path / "answer",
               *body, f"{secured.tls_url}/api/classify"]  # fmt: skip
    folder = secured.folder / "client_body"
    folder.rename(folder.with_suffix(".away"))
    done = subprocess.run(command, input=large, capture_output=True, check=True)
    folder.with_suffix(".away").rename(folder)
    assert done.stdout == b"2 200"


def test_too_many_requests_of_one_client_are_refused(replicas: list[Running], tmp_path: Path) -> None:
    with fronting(tmp_path / "nginx", replicas, rate="1", **FRONT) as front:
        asked: list[requests.Response] = []

        def ask() -> None:
            with suppress(requests.Timeout):  # those that wait
                asked.append(requests.get(f"{front.url}/api/model", timeout=1))

        clients = [threading.Thread(target=ask) for _ in range(12)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        refused = [response for response in asked if response.status_code != 200]
        assert len(refused) >= 12 - 1 - 4 - 2  # one at once, four wait, and time goes on
        for response in refused:
            problem_of(response, 429, "too_many_requests")
            assert response.headers["Retry-After"] == "5"
        assert requests.get(f"{front.url}/", timeout=10).status_code == 200  # the page's own files are not counted


def test_only_the_balancers_named_are_believed(replicas: list[Running], tmp_path: Path) -> None:
    told = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    for balancers, believed in (("127.0.0.0/8", True), ("10.0.0.0/8", False)):
        with fronting(tmp_path / f"nginx{len(balancers)}", replicas, balancers=balancers, **FRONT) as front:
            response = requests.delete(f"{front.url}/api/session", headers=told, timeout=10)
            assert ("Secure" in response.headers["Set-Cookie"]) == believed
            assert ("Strict-Transport-Security" in response.headers) == believed


def test_replicas_are_renewed_one_by_one_without_a_failed_request(tmp_path: Path) -> None:
    """Under load each is stopped and started anew; then one is killed, and the other stopped."""
    ports = [port_nobody_listens_on(), port_nobody_listens_on()]
    statuses: list[int] = []
    over = threading.Event()

    def ask() -> None:
        with requests.Session() as session:
            while not over.is_set():
                statuses.append(
                    session.post(f"{front.url}/api/classify", files={"image": CELL}, timeout=30).status_code
                )

    with ExitStack() as stack:

        def start(number: int, turn: str) -> Running:
            folder = tmp_path / f"{number}{turn}"
            folder.mkdir()
            return stack.enter_context(running(ports[number], folder, queue=str(max(16, CLIENTS)), **BEHIND))

        first = [start(0, "old"), start(1, "old")]
        front = stack.enter_context(fronting(tmp_path / "nginx", first, rate="0", **FRONT))
        clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            renewed = []
            for number, old in enumerate(first):
                old.stop()
                renewed.append(start(number, "new"))
                before = len(statuses)
                renewed[-1].wait_for(lambda before=before: len(statuses) > before + 5)
        finally:
            over.set()
            for client in clients:
                client.join()
        assert len(statuses) > 20
        assert set(statuses) == {200}
        sys.stdout.write(f"two replicas renewed under {CLIENTS} clients: {len(statuses)} requests, none failed\n")
        for process in (*renewed[0].workers(), renewed[0].process.pid):
            os.kill(process, signal.SIGKILL)
        assert [send(front.url).status_code for _ in range(6)] == [200] * 6
        renewed[1].stop()
        problem_of(send(front.url), 502, "bad_gateway")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"replicas": ("127.0.0.1:8000; } evil",)}, "HEMATOVISION_REPLICAS"),
        ({"replicas": ("localhost",)}, "HEMATOVISION_REPLICAS"),
        ({"balancers": ("everybody",)}, "HEMATOVISION_BALANCERS"),
        ({"certificate": Path("a.pem")}, "HEMATOVISION_CERTIFICATE_KEY"),
        ({"certificate": Path("a.pem"), "certificate_key": Path('k"; evil')}, "nginx cannot be told"),
        ({"frontend": REPOSITORY / "$uri"}, "nginx cannot be told"),
    ],
)
def test_what_nginx_would_misread_is_refused(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingRefused, match=re.escape(named)):
        configuration(Settings(**settings), Path("/var/log/nginx/access.log"))


def test_every_status_nginx_answers_has_a_next_step() -> None:
    assert set(ANSWERED) <= set(NEXT_STEP)
    configured = printed()
    assert all(f"return {status} " in configured for status in ANSWERED)
