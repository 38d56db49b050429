"""An archive of pictures; and a form with files, encoded here to the last byte: the test client would spool large ones
to disk, and mend names."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from pictures import drawn_cell, encoded

BOUNDARY = "a-line-that-no-picture-holds"


def form(*data: bytes, name: str = "cell.jpg", media_type: str = "image/jpeg", field: str = "image") -> dict[str, Any]:
    """What to give `client.post` to send these files as one multipart form, all under the same name."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    head += f"Content-Type: {media_type}\r\n\r\n"
    body = b"".join(head.encode() + each + b"\r\n" for each in data) + f"--{BOUNDARY}--\r\n".encode()
    return {"data": body, "content_type": f"multipart/form-data; boundary={BOUNDARY}"}


def archive(count: int = 1, **files: bytes) -> bytes:
    """A zip of so many drawn cells, and of these files beside them."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        for number in range(count):
            packed.writestr(f"slide/{number:04}.png", encoded(drawn_cell(number)))
        for name, data in files.items():
            packed.writestr(name, data)
    return written.getvalue()
