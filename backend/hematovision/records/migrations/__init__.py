"""Every step from an empty database to the tables that this version knows; Alembic runs them."""
