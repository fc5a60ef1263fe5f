"""Alembic calls this for each command, on a connection and in a transaction of ``serve.cases.database``."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
