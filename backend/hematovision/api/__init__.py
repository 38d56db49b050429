"""The JSON REST API: one file a noun, one shape for every failure, shapes in `schemas`. Flask is known only here."""
