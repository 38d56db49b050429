"""Every failure that HematoVision names, each with a stable code and the HTTP status it means.

    HematoVisionError
    ├── PictureRefused              400  picture_refused          (cannot be answered; the sentence says what to send)
    │   ├── PictureMissing          400  picture_missing
    │   ├── PicturesSeveral         400  pictures_several
    │   ├── PictureEmpty            400  picture_empty
    │   ├── PictureTooLarge         413  picture_too_large        (bytes)
    │   ├── PictureFormatRefused    415  picture_format_refused
    │   ├── MediaTypeRefused        415  media_type_refused       (of the request)
    │   ├── PictureBroken           422  picture_broken
    │   ├── PictureFramesRefused    422  picture_several_frames
    │   ├── PictureTooManyPixels    422  picture_too_many_pixels
    │   └── PictureTooSmall         422  picture_too_small
    ├── ModelUnavailable            503  model_unavailable        (no verified model: no class, ever)
    │   └── BundleRefused           503  bundle_refused
    ├── SettingRefused              500  setting_refused
    ├── LabelsRefused               422  labels_refused           (a folder of labelled pictures that cannot be used)
    ├── BoxesRefused                400  boxes_refused            (a query for boxes that there are not)
    ├── CellsRefused                422  cells_refused            (cells that cannot be counted)
    │   ├── JsonBroken              400  json_broken
    │   └── JsonTooLarge            413  json_too_large           (bytes)
    ├── ExamplesUnavailable         503  examples_unavailable
    ├── RecordsUnavailable          503  records_unavailable      (the database is away)
    │   └── SchemaRefused           503  schema_refused           (the database is of another version)
    ├── RecordsOff                  404  records_off              (nothing is recorded here, by a setting)
    ├── PredictionUnknown           404  prediction_unknown
    ├── WorkUnknown                 404  work_unknown             (a piece of work that keeps no pictures)
    ├── QueryRefused                400  query_refused            (filters or a cursor that cannot be read)
    ├── RecordsRefused              422  records_refused          (a backup or an export that cannot be used)
    └── ChainBroken                 500  chain_broken             (the audit is not as it was written)

`str(error)` is one or two sentences for a person: what is wrong and what to do next.
"""


class HematoVisionError(Exception):
    """The root: `code` is stable for programs, `status` is the HTTP status, `title` is a heading."""

    code = "hematovision_error"
    status = 500
    title = "HematoVision could not do this"


class PictureRefused(HematoVisionError):
    """The bytes received are not a picture that can be answered."""

    code = "picture_refused"
    status = 400
    title = "This picture cannot be used"


class PictureMissing(PictureRefused):
    code = "picture_missing"
    title = "No picture was sent"


class PicturesSeveral(PictureRefused):
    code = "pictures_several"
    title = "Several pictures were sent in one request"


class PictureEmpty(PictureRefused):
    code = "picture_empty"
    title = "The picture is empty"


class PictureTooLarge(PictureRefused):
    code = "picture_too_large"
    status = 413
    title = "The picture has too many bytes"


class PictureFormatRefused(PictureRefused):
    code = "picture_format_refused"
    status = 415
    title = "This format is not accepted"


class MediaTypeRefused(PictureRefused):
    code = "media_type_refused"
    status = 415
    title = "This kind of request body is not accepted"


class PictureBroken(PictureRefused):
    code = "picture_broken"
    status = 422
    title = "The picture is damaged"


class PictureFramesRefused(PictureRefused):
    code = "picture_several_frames"
    status = 422
    title = "The file holds several pictures"


class PictureTooManyPixels(PictureRefused):
    code = "picture_too_many_pixels"
    status = 422
    title = "The picture has too many pixels"


class PictureTooSmall(PictureRefused):
    code = "picture_too_small"
    status = 422
    title = "The picture is too small"


class ModelUnavailable(HematoVisionError):
    """No verified model is loaded; nothing may be classified."""

    code = "model_unavailable"
    status = 503
    title = "No verified model is loaded"


class BundleRefused(ModelUnavailable):
    """A model folder that is not whole, not known or not what it says it is."""

    code = "bundle_refused"
    title = "The model bundle was refused"


class SettingRefused(HematoVisionError):
    """A `HEMATOVISION_*` variable that cannot be read."""

    code = "setting_refused"
    title = "A setting cannot be used"


class LabelsRefused(HematoVisionError):
    """A folder or table of labelled pictures that cannot be used."""

    code = "labels_refused"
    status = 422
    title = "These labelled pictures cannot be used"


class BoxesRefused(HematoVisionError):
    """The query asks for boxes of a kind that there is not."""

    code = "boxes_refused"
    status = 400
    title = "No such boxes"


class CellsRefused(HematoVisionError):
    """A body of which no differential can be made."""

    code = "cells_refused"
    status = 422
    title = "These cells cannot be counted"


class JsonBroken(CellsRefused):
    code = "json_broken"
    status = 400
    title = "The body is not JSON"


class JsonTooLarge(CellsRefused):
    code = "json_too_large"
    status = 413
    title = "The body has too many bytes"


class ExamplesUnavailable(HematoVisionError):
    """The example pictures could not be fetched whole, or are not what was pinned."""

    code = "examples_unavailable"
    status = 503
    title = "The example pictures are not here"


class RecordsUnavailable(HematoVisionError):
    """The database does not answer, or not in time."""

    code = "records_unavailable"
    status = 503
    title = "The records are away"


class SchemaRefused(RecordsUnavailable):
    """The database holds tables of another version, or none yet."""

    code = "schema_refused"
    title = "The database is of another version"


class RecordsOff(HematoVisionError):
    """Recording is switched off, so that there is no history."""

    code = "records_off"
    status = 404
    title = "Nothing is recorded here"


class PredictionUnknown(HematoVisionError):
    """No prediction of this id is recorded, or none any longer."""

    code = "prediction_unknown"
    status = 404
    title = "No such prediction"


class WorkUnknown(HematoVisionError):
    """Pictures were to be kept for a piece of work that was never opened, or is closed."""

    code = "work_unknown"
    status = 404
    title = "No such piece of work"


class QueryRefused(HematoVisionError):
    """A query of the history that cannot be read."""

    code = "query_refused"
    status = 400
    title = "The query cannot be read"


class RecordsRefused(HematoVisionError):
    """A backup or an export that is not whole, not ours, or has no place to go."""

    code = "records_refused"
    status = 422
    title = "These records cannot be used"


class ChainBroken(HematoVisionError):
    """An entry of the audit was changed, taken out or put in."""

    code = "chain_broken"
    title = "The audit is not as it was written"
