"""What Alembic runs to migrate: on the connection, and in the transaction, that `schema.migrate` gives."""

from __future__ import annotations

from alembic import context

from hematovision.records.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # SQLite can, though Alembic does not assume so: a step is made whole or not at all
)
context.run_migrations()
