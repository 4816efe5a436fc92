"""The supervisor's decision as a task that waits for a person. What counts is what it writes in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.providers.standard.operators.hitl import HITLBranchOperator
from airflow.sdk import Param

from dinhky import bootstrap
from dinhky.domain.people import Person
from dinhky.orchestration.texts import approval_text, label
from dinhky.rounds.kept_reports import ReportVersion
from dinhky.rounds.reporting import is_approved, record_decision, request_approval

COMMENT = "comment"
ASKED = "report_asked_about"


class ApproveReportOperator(HITLBranchOperator):
    """Asks the approver about the newest version of a round's report and records the answer for exactly its bytes.

    `report_id` is the version compiled just before. A version that the ledger already shows as approved is not asked
    about again, so a cleared run plays through. Only a real answer reaches `execute_complete`: marking this task as
    done by hand leaves the ledger without a decision, and `send` refuses.
    """

    template_fields = ("subject", "body", "report_id")

    def __init__(
        self,
        *,
        report_id: Any,
        approver: Person,
        task_if_approved: str,
        task_if_returned: str,
        subject: str = "",
        **kwargs: Any,
    ) -> None:
        self._approve, self._return = label("approve_option"), label("send_back")
        super().__init__(
            subject=subject or label("approval_subject"),
            options=[self._approve, self._return],
            options_mapping={self._approve: task_if_approved, self._return: task_if_returned},
            params={COMMENT: Param(None, type=["null", "string"], title=label("comment"), maxLength=2000)},
            assigned_users=[{"id": approver.user, "name": approver.name}],
            **kwargs,
        )
        self.report_id = report_id
        self._task_if_approved = task_if_approved

    def execute(self, context: Any) -> Any:
        office = bootstrap.office()
        version = self._version(int(self.report_id))
        if is_approved(office, version):
            return self.do_branch(context=context, branches_to_execute=[self._task_if_approved])
        request_approval(office, version, bootstrap.settings().clock.now())
        with office.ledger.snapshot() as ledger:
            facts = ledger.report_facts(version.id)
        self.body = approval_text(office, version, facts)
        # What the person is shown, kept with the task: a version compiled while it waits is not what was decided on.
        context["ti"].xcom_push(key=ASKED, value=version.id)
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Record the person's answer, then let Airflow follow the branch. Repeating it records nothing new."""
        current = bootstrap.settings()
        if "error" not in event:
            self.validate_chosen_options(event["chosen_options"])
            asked = context["ti"].xcom_pull(task_ids=self.task_id, key=ASKED)
            answer = (event.get("params_input") or {}).get(COMMENT)
            responder = event.get("responded_by_user") or {}
            responded_at = event["responded_at"]
            if isinstance(responded_at, str):
                responded_at = datetime.fromisoformat(responded_at)
            record_decision(
                bootstrap.office(current),
                int(asked),
                approved=event["chosen_options"] == [self._approve],
                comment=str(answer or "").strip(),
                by=str(responder.get("name") or responder.get("id") or ""),
                at=current.clock.at(responded_at.astimezone(UTC)),
            )
        return super().execute_complete(context, event)

    def _version(self, report_id: int) -> ReportVersion:
        with bootstrap.office().ledger.snapshot() as ledger:
            return ledger.report(report_id)
