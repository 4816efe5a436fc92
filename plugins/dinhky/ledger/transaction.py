"""What can be read and written in one transaction, put together from one mixin a concern."""

from dinhky.ledger.attention import AttentionRows
from dinhky.ledger.chats import ChatRows
from dinhky.ledger.items import ItemRows
from dinhky.ledger.mails import MailRows
from dinhky.ledger.messages import MessageRows
from dinhky.ledger.reminder_letters import ReminderRows
from dinhky.ledger.reports import ReportRows
from dinhky.ledger.submissions import SubmissionRows
from dinhky.ledger.unit_rows import UnitRows
from dinhky.ledger.work import WorkRows


class SqlTransaction(
    WorkRows,
    SubmissionRows,
    ItemRows,
    ReportRows,
    MessageRows,
    ReminderRows,
    MailRows,
    ChatRows,
    UnitRows,
    AttentionRows,
):
    """One transaction on the ledger: see `dinhky.rounds.ports.LedgerTransaction`."""
