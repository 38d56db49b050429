"""What a laboratory keeps: predictions, users, pieces of work, the audit. SQLAlchemy and Alembic are known only here.

`recorder` and `values` load no SQLAlchemy: the service starts without waiting for it.
"""
