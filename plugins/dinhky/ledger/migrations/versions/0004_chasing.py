"""Chats of contacts who have enrolled, what the bot has heard, sections of messages, and what went out as one"""

import sqlalchemy as sa
from alembic import op

from dinhky.ledger.schema import UtcInstant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("section", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("refusals", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("carried_by", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("combined", sa.JSON(), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_outbox_address_state_not_before"), ["address", "state", "not_before"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_outbox_round_id"), ["round_id"], unique=False)

    op.create_table(
        "chats",
        sa.Column("plan_id", sa.String(length=80), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=250), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("enrolled_at", UtcInstant, nullable=False),
        sa.Column("changed_at", UtcInstant, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "unit", "email", name=op.f("pk_chats")),
    )
    op.create_index(op.f("ix_chats_address"), "chats", ["address"])
    op.create_table(
        "chat_updates",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=250), nullable=False),
        sa.Column("heard_at", UtcInstant, nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_chat_updates")),
    )
    op.create_index(op.f("ix_chat_updates_address_heard_at"), "chat_updates", ["address", "heard_at"])
