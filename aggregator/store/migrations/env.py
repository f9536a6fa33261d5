"""Run by Alembic with the connection that ``aggregator.store.opening`` hands over, in that one's transaction."""

from alembic import context

from aggregator.store.indexes import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
