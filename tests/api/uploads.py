"""A form with files, encoded here to the last byte: the test client would spool large ones to disk, and mend names."""

from __future__ import annotations

from typing import Any

BOUNDARY = "a-line-that-no-picture-holds"


def form(*data: bytes, name: str = "cell.jpg", media_type: str = "image/jpeg", field: str = "image") -> dict[str, Any]:
    """What to give `client.post` to send these files as one multipart form, all under the same name."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    head += f"Content-Type: {media_type}\r\n\r\n"
    body = b"".join(head.encode() + each + b"\r\n" for each in data) + f"--{BOUNDARY}--\r\n".encode()
    return {"data": body, "content_type": f"multipart/form-data; boundary={BOUNDARY}"}
