"""The database itself keeps events as they were written.

None can be changed. One can go only once its case has its tombstone (an ``erased`` event), and a tombstone
never goes.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_KEPT = """
    OLD.kind = 'erased'
    OR NOT EXISTS (SELECT 1 FROM events WHERE case_id = OLD.case_id AND kind = 'erased')
"""

_SQLITE = (
    """
    CREATE TRIGGER events_never_change BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'an event cannot be changed'); END
    """,
    f"""
    CREATE TRIGGER events_never_go BEFORE DELETE ON events WHEN {_KEPT}
    BEGIN SELECT RAISE(ABORT, 'an event goes only when its case is erased'); END
    """,
)

_POSTGRESQL = (
    f"""
    CREATE FUNCTION events_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            RAISE EXCEPTION 'an event cannot be changed';
        ELSIF TG_OP = 'TRUNCATE' THEN
            RAISE EXCEPTION 'an event goes only when its case is erased';
        ELSIF {_KEPT} THEN
            RAISE EXCEPTION 'an event goes only when its case is erased';
        END IF;
        RETURN OLD;
    END $$
    """,
    "CREATE TRIGGER events_only_grow BEFORE UPDATE OR DELETE ON events "
    "FOR EACH ROW EXECUTE FUNCTION events_only_grow()",
    "CREATE TRIGGER events_never_go BEFORE TRUNCATE ON events "
    "FOR EACH STATEMENT EXECUTE FUNCTION events_only_grow()",
)


def upgrade() -> None:
    """Adds the triggers."""
    for statement in _SQLITE if _on_sqlite() else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    """Removes them; the events stay."""
    if _on_sqlite():
        op.execute("DROP TRIGGER events_never_go")
        op.execute("DROP TRIGGER events_never_change")
    else:
        op.execute("DROP TRIGGER events_never_go ON events")
        op.execute("DROP TRIGGER events_only_grow ON events")
        op.execute("DROP FUNCTION events_only_grow()")


def _on_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"
