"""Cases and their events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the two tables."""
    op.create_table(
        "cases",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("story_key", sa.String(64), unique=True),
        sa.Column("story_id", sa.Text),
        sa.Column("story_hash", sa.String(64)),
        sa.Column("state", sa.String(16)),
        sa.Column("action", sa.String(16)),
        sa.Column("labels", sa.String(64)),
        sa.Column("title", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("assessment", sa.JSON),
        sa.Column("model", sa.Text),
        sa.Column("policy", sa.Text),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.Column("changed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("author_confirmed", sa.Boolean),
        sa.Column("last_event", sa.Integer, nullable=False),
    )
    op.create_index("ix_cases_state", "cases", ["state"])
    op.create_table(
        "events",
        sa.Column("case_id", sa.String(32), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
    )
    op.create_index("ix_events_kind", "events", ["kind"])


def downgrade() -> None:
    """Removes both, with all that they hold."""
    op.drop_table("events")
    op.drop_table("cases")
