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


class QueueFull(HematoVisionError):
    """As many pictures wait for the model as may."""

    code = "queue_full"
    status = 503
    title = "Too many pictures wait"
    seconds = 1


class DeadlinePassed(HematoVisionError):
    """The picture was not answered in time; it may have waited all the while."""

    code = "deadline_passed"
    status = 503
    title = "The picture was not answered in time"
    seconds = 5


class Stopping(HematoVisionError):
    """The process was told to stop: it finishes what it has, and wants no more."""

    code = "stopping"
    status = 503
    title = "This process is being stopped"
    seconds = 5


class BodyTooSlow(HematoVisionError):
    """The body of the request had not arrived when its time was over."""

    code = "body_too_slow"
    status = 408
    title = "The request took too long to arrive"


class ClientGone(HematoVisionError):
    """Nobody is there to be answered."""

    code = "client_gone"
    status = 400
    title = "Whoever asked has hung up"


class StorageFull(HematoVisionError):
    """The disk is full, of the records or of temporary files."""

    code = "storage_full"
    status = 507
    title = "The disk is full"
