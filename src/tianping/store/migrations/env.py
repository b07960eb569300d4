"""Alembic's entry: `store.database` hands over the connection, in the transaction that will commit the migration."""

from alembic import context

from tianping.store.desk.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
