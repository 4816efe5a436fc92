"""The keys and values of a plan file, as a schema; each entry turns itself into its counterpart of the domain."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo

from dinhky.contest_schema import ContestSection
from dinhky.domain.period import Cadence, Window
from dinhky.domain.plan import (
    Amendment,
    Assumption,
    CancelledRound,
    DueRule,
    FormerName,
    Kind,
    Letterhead,
    MovedDue,
    Obligation,
    Plan,
    Recipient,
    Roll,
    RotaOverride,
    Unit,
)
from dinhky.domain.reminders import USUAL, Reminders
from dinhky.people_schema import ContactEntry, PersonEntry
from dinhky.plan_names import (
    LONGEST_UNIT_CODE,
    LONGEST_UNIT_NAME,
    Address,
    Code,
    UnitCode,
    known,
)
from dinhky.reminders_schema import RemindersEntry
from dinhky.yaml_values import (
    Day,
    Entry,
    Hour,
    Text,
    YesNo,
    at_most,
    choice,
    name_like,
    number_from,
    one_of,
    refused,
)

ASSUMABLE = (
    *("lead", "units", "cadence", "count", "per_unit", "channel", "product", "window", "form"),
    *("fields", "rota", "compiled_from", "contest", "opens", "unit_due", "due", "locks"),
)
"""What a document may leave open: keys of an obligation and the dates of its rounds."""

LONGEST_PLAN_ID = 80
LONGEST_REF = 20
"""What the ledger's columns hold; SQLite would take more, PostgreSQL would not."""


def _known_channel(value: Any, info: ValidationInfo) -> str:
    return known(value, info, "channels", "plan_unknown_channel")


def _known_form(form: str, info: ValidationInfo) -> str:
    return known(form, info, "forms", "plan_unknown_form")


def _year_with_calendar(year: int, info: ValidationInfo) -> int:
    years = (info.context or {})["years"]
    if years is not None and year not in years:
        raise refused("plan_year_without_calendar", first_year=years[0], last_year=years[-1])
    return year


def _assumable(value: Any) -> str:
    return choice(value, ASSUMABLE, "yaml_unknown_value")


ASSUMABLE_OF_PLAN = ("effective_from", "report_to", "units", "channels", "letterhead", "approver", "compiler")
"""What a document may leave open about the plan as a whole."""


def _assumable_of_plan(value: Any) -> str:
    return choice(value, ASSUMABLE_OF_PLAN, "yaml_unknown_value")


PlanId = Annotated[str, name_like(r"[a-z0-9]+(-[a-z0-9]+)*", "phuc-loi-2026"), at_most(LONGEST_PLAN_ID)]
Ref = Annotated[str, name_like(r"[A-Za-z][A-Za-z0-9]*(-[0-9]+(\.[0-9]+)*)?", "PL-5"), at_most(LONGEST_REF)]
FormName = Annotated[str, name_like(r"[a-z][a-z0-9_]*", "communication_quarter"), AfterValidator(_known_form)]
Year = Annotated[int, number_from(2000, 2100), AfterValidator(_year_with_calendar)]
ChannelCode = Annotated[str, PlainValidator(_known_channel)]
UnitCodes = Annotated[list[UnitCode], Field(min_length=1)]
Texts = Annotated[list[Text], Field(min_length=1)]
PeriodLabel = Annotated[str, name_like(r"[0-9]{4}(-(Q[1-4]|H[12]|0[1-9]|1[0-2]))?", "2026-Q1")]
RefName = Annotated[str, name_like(r"[A-Za-z][A-Za-z0-9]*(-[0-9]+(\.[0-9]+)*)?", "PL-5")]


class DueEntry(Entry):
    """`due:` of an obligation."""

    day_of_last_month: Annotated[int, number_from(1, 31)] | None = None
    within_month: Annotated[int, number_from(1, 12)] | None = None
    on: Day | None = None
    roll: Annotated[Roll, one_of(Roll)] = Roll.BACKWARD


class AssumptionEntry(Entry):
    """An item of `assumed:`."""

    field: Annotated[str, PlainValidator(_assumable)]
    reason: Text


class MovedDueEntry(Entry):
    """An item of `moved:` of an obligation."""

    period: PeriodLabel
    due: Day
    reason: Text


class CancelledEntry(Entry):
    """An item of `cancelled:` of an obligation."""

    period: PeriodLabel
    reason: Text


class RotaOverrideEntry(Entry):
    """An item of `rota_overrides:` of an obligation."""

    period: PeriodLabel
    units: UnitCodes
    reason: Text


class AmendmentEntry(Entry):
    """An item of `amended:` of an obligation."""

    since: Day
    source: Text
    reason: Text
    name: Text | None = None
    count: Annotated[int, number_from(1, 999)] | None = None
    units: UnitCodes | None = None
    lead: UnitCodes | None = None
    channel: ChannelCode | None = None
    due: DueEntry | None = None

    def amendment(self) -> Amendment:
        """The same as a value of the domain."""
        return Amendment(
            since=self.since,
            source=self.source,
            reason=self.reason,
            name=self.name,
            count=self.count,
            units=tuple(self.units) if self.units else None,
            lead=tuple(self.lead) if self.lead else None,
            channel=self.channel,
            due=DueRule(**dict(self.due)) if self.due else None,
        )


class ObligationEntry(Entry):
    """An item of `obligations:`. The keys are those of `dinhky.domain.plan.Obligation`."""

    ref: Ref
    source: Text
    name: Text
    kind: Annotated[Kind, one_of(Kind)]
    lead: UnitCodes
    units: UnitCodes
    cadence: Annotated[Cadence, one_of(Cadence)] | None = None
    window: Annotated[Window, one_of(Window)] | None = None
    due: DueEntry = DueEntry()
    count: Annotated[int, number_from(1, 999)] | None = None
    per_unit: YesNo = False
    channel: ChannelCode | None = None
    product: Text | None = None
    quote: Text | None = None
    unit_due_working_days_before: Annotated[int, number_from(0, 60)] = 0
    locks_at: Hour | None = None
    form: FormName | None = None
    assumed: tuple[AssumptionEntry, ...] = ()
    fields: tuple[Text, ...] = ()
    carries_surplus: YesNo = False
    rota: YesNo = False
    rota_overrides: tuple[RotaOverrideEntry, ...] = ()
    compiled_from: RefName | None = None
    contest: ContestSection | None = None
    since: Day | None = None
    until: Day | None = None
    amended: tuple[AmendmentEntry, ...] = ()
    moved: tuple[MovedDueEntry, ...] = ()
    cancelled: tuple[CancelledEntry, ...] = ()
    approver: PersonEntry | None = None
    reminders: RemindersEntry | None = None

    def obligation(self, usual: Reminders) -> Obligation:
        """The same as a value of the domain, in a plan whose units are reminded as `usual`.

        A report's window is the decree's unless the file says otherwise.
        """
        return Obligation(
            ref=self.ref,
            source=self.source,
            name=self.name,
            kind=self.kind,
            cadence=self.cadence,
            lead=tuple(self.lead),
            units=tuple(self.units),
            due=DueRule(**dict(self.due)),
            window=self.window or (Window.DECREE if self.kind is Kind.REPORT else Window.CALENDAR),
            count=self.count,
            per_unit=self.per_unit,
            channel=self.channel,
            product=self.product or "",
            quote=self.quote or "",
            unit_due_working_days_before=self.unit_due_working_days_before,
            locks_at=self.locks_at,
            form=self.form,
            assumed=tuple(Assumption(item.field, item.reason) for item in self.assumed),
            fields=self.fields,
            carries_surplus=self.carries_surplus,
            rota=self.rota,
            rota_overrides=tuple(
                RotaOverride(item.period, tuple(item.units), item.reason) for item in self.rota_overrides
            ),
            compiled_from=self.compiled_from,
            contest=self.contest.contest() if self.contest else None,
            since=self.since,
            until=self.until,
            amended=tuple(item.amendment() for item in self.amended),
            moved=tuple(MovedDue(**dict(item)) for item in self.moved),
            cancelled=tuple(CancelledRound(**dict(item)) for item in self.cancelled),
            approver=self.approver.person() if self.approver else None,
            reminders=self.reminders.reminders(usual) if self.reminders else None,
        )


class FormerNameEntry(Entry):
    """An item of a unit's `former_names:`."""

    until: Day
    name: Annotated[Text, at_most(LONGEST_UNIT_NAME)]


class UnitEntry(Entry):
    """An item of `units:`."""

    code: Annotated[Code, at_most(LONGEST_UNIT_CODE)]
    name: Annotated[Text, at_most(LONGEST_UNIT_NAME)]
    contacts: tuple[ContactEntry, ...] = ()
    since: Day | None = None
    until: Day | None = None
    succeeded_by: tuple[UnitCode, ...] = ()
    former_names: tuple[FormerNameEntry, ...] = ()

    def unit(self) -> Unit:
        """The same as a value of the domain."""
        return Unit(
            code=self.code,
            name=self.name,
            contacts=tuple(contact.contact() for contact in self.contacts),
            since=self.since,
            until=self.until,
            succeeded_by=self.succeeded_by,
            former_names=tuple(FormerName(**dict(former)) for former in self.former_names),
        )


class RecipientEntry(Entry):
    """An item of `report_to:`."""

    name: Text
    email: Address


class LetterheadEntry(Entry):
    """`letterhead:`."""

    parent: Text | None = None
    issuer: Texts
    place: Text
    symbol: Text
    authority: Texts
    signer: Text
    copies: Texts
    filing: Text


class PlanAssumptionEntry(Entry):
    """An item of `assumed:` of the whole plan."""

    field: Annotated[str, PlainValidator(_assumable_of_plan)]
    reason: Text


class PlanFile(Entry):
    """A whole plan file."""

    id: PlanId
    title: Text
    commune: Text
    year: Year
    effective_from: Day
    document: Text
    subject: Text
    letterhead: LetterheadEntry
    approver: PersonEntry
    compiler: UnitCode
    report_to: Annotated[list[RecipientEntry], Field(min_length=1)]
    channels: dict[Code, Text]
    units: Annotated[list[UnitEntry], Field(min_length=1)]
    obligations: Annotated[list[ObligationEntry], Field(min_length=1)]
    assumed: tuple[PlanAssumptionEntry, ...] = ()
    reminders: RemindersEntry = RemindersEntry()

    def plan(self) -> Plan:
        """The same as a value of the domain."""
        usual = self.reminders.reminders(USUAL)
        letterhead: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in self.letterhead
        }
        return Plan(
            id=self.id,
            title=self.title,
            commune=self.commune,
            year=self.year,
            effective_from=self.effective_from,
            document=self.document,
            subject=self.subject,
            letterhead=Letterhead(**letterhead),
            approver=self.approver.person(),
            compiler=self.compiler,
            report_to=tuple(Recipient(**dict(recipient)) for recipient in self.report_to),
            channels=dict(self.channels),
            units=tuple(entry.unit() for entry in self.units),
            obligations=tuple(entry.obligation(usual) for entry in self.obligations),
            assumed=tuple(Assumption(item.field, item.reason) for item in self.assumed),
            reminders=usual,
        )
