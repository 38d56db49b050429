"""Thousands of pictures in one go."""

from __future__ import annotations

from hematovision.errors.root import HematoVisionError


class BatchUnavailable(HematoVisionError):
    """What a batch needs is not installed, or the cluster does not answer."""

    code = "batch_unavailable"
    status = 503
    title = "No batch can be run here"


class SourceRefused(HematoVisionError):
    """A folder, archive or address from which no pictures can be read."""

    code = "source_refused"
    status = 422
    title = "These pictures cannot be read"


class ResultRefused(HematoVisionError):
    """A result that is in use, damaged, or of another run."""

    code = "result_refused"
    status = 409
    title = "The result cannot be written there"


class ResultInUse(ResultRefused):
    """Another run writes to the result."""

    code = "result_in_use"
    title = "Another run writes there"


class BatchUnknown(HematoVisionError):
    """No batch of this id was sent, or it was cancelled, or its days are over."""

    code = "batch_unknown"
    status = 404
    title = "No such batch"


class BatchUnfinished(HematoVisionError):
    """A batch whose result is asked for before it is there."""

    code = "batch_unfinished"
    status = 409
    title = "The batch has no result"


class ArchiveTooLarge(HematoVisionError):
    """An archive of more bytes than are accepted."""

    code = "archive_too_large"
    status = 413
    title = "The archive has too many bytes"


class MemberRefused(HematoVisionError):
    """One member of an archive: a link, or a name that leads out of it."""

    code = "member_refused"
    status = 422
    title = "A member of the archive was refused"


class PictureUnread(HematoVisionError):
    """A file that could not be read to its end."""

    code = "picture_unread"
    status = 422
    title = "The file could not be read"


class WorkerEnded(HematoVisionError):
    """The worker process ended with this picture, and did so again."""

    code = "worker_ended"
    status = 500
    title = "The picture ended its worker process"
