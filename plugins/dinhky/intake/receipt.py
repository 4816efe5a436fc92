"""What a sender is answered: the verdict on a file, and everything that a page or a message about it can say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dinhky.domain.content import Content
from dinhky.domain.errors import Problem
from dinhky.domain.posts import Tally
from dinhky.rounds.kept_messages import Attachment


class Verdict(StrEnum):
    """What became of a file."""

    ACCEPTED = "accepted"
    RETURNED = "returned"
    """Understood but wrong, or sent back by a person: the sender is told each place, or the reason."""
    HELD = "held"
    """Right, but after the lock: waits for the officer's decision."""
    REFUSED = "refused"
    """Not to be matched to anything that this unit owes."""


@dataclass(frozen=True)
class Receipt:
    """The answer to the sender. `again` says that these very bytes had been received before.

    `late` is this file; `is_late` is how the unit stands, which a correction does not make late. `counted` is how many
    rows of each sheet were understood, by the sheet's name; `tally` how the quota stands now, where posts are counted.
    `answer` is the sender's own workbook with the places marked, in the office's store, under the name to give it.
    `keeps_accepted`: an earlier file stays accepted, whatever became of this one. `is_sent`: the report has gone out.
    """

    verdict: Verdict
    sha256: str
    file_name: str = ""
    round_id: str | None = None
    unit: str | None = None
    number: int | None = None
    late: bool = False
    again: bool = False
    problems: tuple[Problem, ...] = ()
    questions: tuple[Problem, ...] = ()
    content: Content | None = None
    counted: tuple[tuple[str, int], ...] = ()
    tally: Tally | None = None
    answer: Attachment | None = None
    keeps_accepted: bool = False
    is_late: bool = False
    is_sent: bool = False

    @property
    def is_taken(self) -> bool:
        """Whether nothing is left for the sender to do."""
        return self.verdict in {Verdict.ACCEPTED, Verdict.HELD}
