"""POST /classify: one picture in, one answer out."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import g, request
from flask_restx import Namespace, Resource
from werkzeug.datastructures import FileStorage

from hematovision import errors
from hematovision.api.access import visitor
from hematovision.api.bodies import arriving, client_gone, one_of
from hematovision.api.history_schemas import RecordedAnswerSchema
from hematovision.api.remembered import Asked
from hematovision.api.services import services
from hematovision.api.shapes import answers
from hematovision.cells import Answer, Milliseconds
from hematovision.images import pixels_alone
from hematovision.records.values import Keeping

namespace = Namespace("classify", path="/classify", description="Which cells are in a picture, and how sure.")

BOXES = ("classified", "all")
WHY = ("none", "labels")

answer_schema = RecordedAnswerSchema()

upload = namespace.parser()
upload.add_argument("image", location="files", type=FileStorage, required=True, help="One photograph.")
upload.add_argument("boxes", location="args", choices=BOXES, default=BOXES[0], help="`all`: those of red cells, too.")
upload.add_argument("why", location="args", choices=WHY, default=WHY[0], help="`labels`: why a cell has its label.")
upload.add_argument("work", location="args", help="Id of a piece of work for which the picture is kept.")


@namespace.route("")
class Classify(Resource):
    @namespace.expect(upload)
    @namespace.doc(
        "classify",
        **answers(RecordedAnswerSchema, 400, 404, 408, 413, 415, 422, 429, 503, 507),
        description="Send one JPEG, PNG, WebP, BMP or TIFF as multipart field `image`, or as the raw body:\n\n"
        "    curl -F image=@cell.jpg http://127.0.0.1:8000/classify\n"
        "    curl --data-binary @cell.jpg -H 'Content-Type: image/jpeg' http://127.0.0.1:8000/classify\n\n"
        "Several pictures: one request each. Limits stand at /model. The answer is recorded; the picture is not kept "
        "unless `work` names a piece of work that `hematovision records keep` opened, and then only its pixels.",
    )
    def post(self) -> Any:
        """Find and classify the cells of one picture, a field or a crop."""
        red_cells, why, work = one_of("boxes", BOXES) == "all", one_of("why", WHY) == "labels", _work()
        inference, queue, remembered = services().inference, services().queue, services().answers
        metrics, began = services().metrics, time.perf_counter()
        queue.refuse_if_full()
        with arriving():
            picture = _picture()
        started = time.perf_counter()
        metrics.took("read", started - began)
        asked = Asked(hashlib.sha256(picture).hexdigest(), inference.bundle.sha256, red_cells, why)
        known = remembered.get(asked)

        def answered() -> tuple[Answer, Keeping | None]:
            metrics.took("wait", time.perf_counter() - started)
            answer = known or inference.classify(picture, red_cells, why)
            return answer, Keeping(work, pixels_alone(picture, inference.limits)) if work else None

        answer, keeping = (known, None) if known and not work else queue.run(answered, client_gone(), g.until)
        if known:  # where the time of this request went
            answer = replace(answer, milliseconds=Milliseconds(0, 0, 0, 1000 * (time.perf_counter() - started)))
        else:
            remembered.keep(asked, answer)
        answered_at = time.perf_counter()
        recorded = services().recorder.record(answer, inference.bundle, visitor().id, keeping)
        g.encoding_since = time.perf_counter()
        metrics.took("record", g.encoding_since - answered_at)
        metrics.answer(answer, cached=known is not None)
        return answer_schema.dump(
            vars(answer) | {"cached": known is not None, "recorded": recorded is not None, "id": recorded}
        )


def _work() -> UUID | None:
    """The piece of work for which the picture shall be kept, if any. Raises `WorkUnknown` for what is no id."""
    if not (work := request.args.get("work")):
        return None
    try:
        return UUID(work)
    except ValueError:
        raise errors.WorkUnknown(
            "`work` is not the id of a piece of work. `hematovision records keep` opens one and prints its id."
        ) from None


def _picture() -> bytes:
    """The one picture of the request, in memory. Raises a `PictureRefused`."""
    if request.mimetype == "multipart/form-data":
        files = request.files.getlist("image")
        if len(files) > 1:
            raise errors.PicturesSeveral("Send one request for each picture.")
        if not files:
            raise errors.PictureMissing(
                "The form has no file named `image`. Choose a picture and send it under that name."
            )
        data: bytes = files[0].read()
        return data
    if request.mimetype.startswith("image/") or request.mimetype == "application/octet-stream":
        return request.get_data()
    if request.content_length:
        raise errors.MediaTypeRefused(
            f"The body is declared as {request.mimetype or 'nothing'}. Send the picture as multipart field `image`, "
            "or raw with a Content-Type such as image/jpeg."
        )
    raise errors.PictureMissing(
        "The request has no body. Send one picture as multipart field `image`, or as the raw body."
    )
