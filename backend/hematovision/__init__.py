"""HematoVision: which cells are in a photograph of a blood smear, how sure, and where it does not know."""

__version__ = "1.0.0"

INTENDED_USE = (
    "For research and teaching. Not cleared or CE-marked. Use in patient care needs the laboratory's own "
    "validation under its law. This model was never shown blasts, reactive lymphocytes or plasma cells and may "
    "call them something else. That none is found is no evidence that there is none."
)
