"""A picture that cannot be answered."""

from __future__ import annotations

from hematovision.errors.root import HematoVisionError


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
