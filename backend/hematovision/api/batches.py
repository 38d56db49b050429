"""/batches: an archive of pictures in, its result out later; answered by a process of its own (`batch.turns`)."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from flask import Response, g, request, send_file, url_for
from flask_restx import Namespace, Resource
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from hematovision import errors
from hematovision.api.access import only, visitor
from hematovision.api.batch_schemas import FORMATS, BatchesSchema, BatchSchema, ResultFormatSchema
from hematovision.api.bodies import arriving, one_of
from hematovision.api.services import services
from hematovision.api.shapes import SHAPES, answers, parameters
from hematovision.batch import ARCHIVE, refuse_unless_installed, result_file
from hematovision.batch.archives import refuse_unless_archive

if TYPE_CHECKING:
    from hematovision.records.batches import Batches as Kept
    from hematovision.records.values import BatchFacts

namespace = Namespace("batches", path="/batches", description="Thousands of pictures in one archive.")

AT_ONCE = 4  # archives that arrive in a worker: each holds one of its threads
TYPES = ("application/zip", "application/x-tar", "application/gzip", "application/octet-stream")
FORM_OVERHEAD = 64 * 1024

_arriving = BoundedSemaphore(AT_ONCE)

batch_schema, batches_schema = BatchSchema(), BatchesSchema()

upload = namespace.parser()
upload.add_argument("archive", location="files", type=FileStorage, required=True, help="One zip or tar.")


@namespace.route("")
class Batches(Resource):
    @namespace.doc("batches", **answers(BatchesSchema, 503))
    def get(self) -> Any:
        """One's own batches, newest first, each as /batches/{id} tells it."""
        most = services().settings.max_archive
        return batches_schema.dump({"batches": _kept().all(visitor().whose), "max_bytes": most})

    @namespace.expect(upload)
    @namespace.doc(
        "send_batch",
        **answers(BatchSchema, 400, 403, 408, 413, 415, 422, 503, 507, done=202),
        description="Send a zip or a tar, packed or not, as multipart field `archive`, or as the raw body:\n\n"
        "    curl -T pictures.zip -X POST -H 'Content-Type: application/zip' http://127.0.0.1:8000/batches\n\n"
        "`Location` leads to its state. The archive is deleted when it is answered; the result holds names of its "
        "pictures and is kept for some days. Nothing of it comes into the history.",
    )
    @only("reviewer", "admin")
    def post(self) -> Any:
        """Have all pictures of an archive classified, each as /classify would."""
        kept, by = _kept(), visitor().id
        refuse_unless_installed()
        kept.refuse_if_full(by)
        if not _arriving.acquire(blocking=False):
            raise errors.QueueFull("Other archives are arriving. Send yours when they have.")
        try:
            batch = _accepted(kept, by)
        finally:
            _arriving.release()
        services().attend()
        where = url_for("batches_batch", id=batch.id)
        return batch_schema.dump(batch), 202, {"Location": where}


@namespace.route("/<uuid:id>")
class Batch(Resource):
    @namespace.doc("batch", **answers(BatchSchema, 404, 503))
    def get(self, id: UUID) -> Any:
        """How far a batch is."""
        batch = _kept().one(id, visitor().whose)
        if batch.state in ("waiting", "running"):
            services().attend()
        return batch_schema.dump(batch)

    @namespace.doc("cancel_batch", **answers(None, 403, 404, 503))
    @only("reviewer", "admin")
    def delete(self, id: UUID) -> Any:
        """Cancel a batch, and forget it: its archive and its result are deleted."""
        _kept().forget(id, visitor().id, visitor().whose)
        return "", 204


@namespace.route("/<uuid:id>/results")
class Results(Resource):
    @namespace.doc(
        "batch_results",
        params=parameters(ResultFormatSchema),
        produces=["application/vnd.apache.parquet", "text/csv", "application/problem+json"],
    )
    @namespace.response(200, "One row a picture, one a cell, one a failure; `hematovision batch --columns`.")
    @namespace.response("default", "Any failure.", SHAPES["Problem"])
    def get(self, id: UUID) -> Response:
        """The result of a batch that is done, as a file."""
        kind, kept = one_of("format", FORMATS), _kept()
        batch = kept.one(id, visitor().whose)
        if batch.state != "done":
            raise errors.BatchUnfinished(f"The batch is {batch.state}. /batches/{id} tells how far it is.")
        file = result_file(kept.folder_of(id), kind)
        if not file.is_file():
            raise errors.BatchUnknown("The files of this batch are gone. Send its archive again.")
        mimetype = "text/csv" if kind == "csv" else "application/vnd.apache.parquet"
        response = send_file(file.absolute(), mimetype, as_attachment=True, download_name=f"batch.{kind}")
        response.headers["Cache-Control"] = "no-store"
        return response


def _kept() -> Kept:
    """Raises `BatchUnavailable` where nothing is recorded, and `RecordsUnavailable`."""
    try:
        return services().recorder.records.batches
    except errors.RecordsOff:
        raise errors.BatchUnavailable(
            "Batches are in the records, and nothing is recorded here. HEMATOVISION_RECORDING=on has them."
        ) from None


def _accepted(kept: Kept, by: UUID | None) -> BatchFacts:
    """The batch of the archive in the request, on disk. Of one that is refused, nothing stays."""
    batch = uuid4()
    folder = kept.folder_of(batch)
    kept.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    most = services().settings.max_archive
    try:
        g.until = time.monotonic() + services().settings.upload
        request.max_content_length = most + FORM_OVERHEAD
        with arriving():
            _receive(folder / ARCHIVE)
        if (folder / ARCHIVE).stat().st_size > most:
            raise RequestEntityTooLarge
        refuse_unless_archive(folder / ARCHIVE)
        return kept.accept(batch, by)
    except RequestEntityTooLarge:
        _forget(folder)
        raise errors.ArchiveTooLarge(
            f"At most {most:,} bytes are accepted. Pack the pictures in several archives."
        ) from None
    except BaseException:
        _forget(folder)
        raise


def _forget(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _receive(path: Path) -> None:
    """Write what is sent to this file, as it comes. Raises `SourceRefused` or `MediaTypeRefused`."""
    if request.mimetype == "multipart/form-data":
        g.spool = path  # `create_app` has its request write there
        try:
            if not request.files.getlist("archive"):
                raise errors.SourceRefused("The form has no file named `archive`. Send a zip or a tar so named.")
            _keep(g.spooled)
        finally:
            if "spooled" in g:
                g.spooled.close()
        return
    if request.mimetype not in TYPES:
        raise errors.MediaTypeRefused(
            f"The body is declared as {request.mimetype or 'nothing'}. Send the archive as multipart field `archive`, "
            f"or raw with one of: {', '.join(TYPES)}."
        )
    with path.open("xb") as written:
        shutil.copyfileobj(request.stream, written, 1024 * 1024)
        _keep(written)


def _keep(written: Any) -> None:
    """What is acknowledged survives a power cut."""
    written.flush()
    os.fsync(written.fileno())
