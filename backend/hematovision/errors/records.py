"""What is recorded, and the database it lies in."""

from __future__ import annotations

from hematovision.errors.root import HematoVisionError


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
    """A query that asks for what there is not, or cannot be read."""

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
