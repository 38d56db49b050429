"""The model, the settings and the requests that are no pictures."""

from __future__ import annotations

from hematovision.errors.root import HematoVisionError


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


class BodyRefused(HematoVisionError):
    """A JSON body that is not what the endpoint takes."""

    code = "body_refused"
    status = 422
    title = "The body cannot be used"


class CellsRefused(BodyRefused):
    """A body of which no differential can be made."""

    code = "cells_refused"
    title = "These cells cannot be counted"


class JsonBroken(BodyRefused):
    code = "json_broken"
    status = 400
    title = "The body is not JSON"


class JsonTooLarge(BodyRefused):
    code = "json_too_large"
    status = 413
    title = "The body has too many bytes"


class ExamplesUnavailable(HematoVisionError):
    """The example pictures could not be fetched whole, or are not what was pinned."""

    code = "examples_unavailable"
    status = 503
    title = "The example pictures are not here"
