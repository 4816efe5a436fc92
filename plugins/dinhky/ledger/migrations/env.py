"""Alembic's entry point. The connection is handed over by `SqlLedger.migrate`; there is no alembic.ini."""

from alembic import context

from dinhky.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    version_table="dinhky_version",
)
with context.begin_transaction():
    context.run_migrations()
