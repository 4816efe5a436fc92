"""A later version of a report may have the figures of an earlier one"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("reports") as batch_op:
        batch_op.drop_constraint("uq_reports_round_id_digest", type_="unique")
