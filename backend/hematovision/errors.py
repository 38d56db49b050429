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
    └── ExamplesUnavailable         503  examples_unavailable

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
