"""What Alembic runs: the revisions, on the connection and in the transaction that the caller opened."""

from __future__ import annotations

from alembic import context

# SQLite can undo the making of tables too, once the driver's own idea of transactions is out of the way
# (gateway.store.engine); Alembic does not know that by itself.
context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
