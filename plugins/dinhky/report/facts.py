"""Every number and name of a report, in one place: the document and the annex state these facts and compute none.

Facts are JSON types with English keys; days are ISO text, shares lie between 0 and 1. They follow from the plan, the
round and the units' answers alone, never from the clock, so the same answers give the same facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from dinhky.domain.assignment import State, rates
from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.content import Content, Remark
from dinhky.domain.local_time import local
from dinhky.domain.period import Cadence, Window
from dinhky.domain.plan import Plan
from dinhky.domain.schedule import Round, rounds_of
from dinhky.report.form_choices import FormChoices
from dinhky.report.notation import printable
from dinhky.report.outlook import outlook
from dinhky.report.standing_facts import standing_facts
from dinhky.report.tallies import Tallies
from dinhky.report.targets import months_left_out, periods_counted, shared_targets, unit_targets, window_kind
from dinhky.rounds.ports import UnitAnswer

_TOLD = frozenset({State.ACCEPTED, State.COMPILED})
"""Only an accepted workbook is counted: what was returned or is still being checked is not. Whether an earlier
compilation has used it makes no difference."""


def facts(
    plan: Plan,
    round_: Round,
    answers: Sequence[UnitAnswer],
    calendar: WorkingCalendar,
    choices: FormChoices,
) -> dict[str, Any]:
    """The facts of one round's report, printable as they are. Raises CalendarGap, UnknownName.

    Units stand in the plan's order, their rows in the order of their workbook. A report compiled from shorter ones
    takes answers that `dinhky.rounds.merged_answers` has put together.
    """
    place = {unit.code: index for index, unit in enumerate(plan.units)}
    answers = sorted(answers, key=lambda answer: place.get(answer.unit.code, len(place)))
    told = [(answer, content) for answer in answers if (content := _told(answer))]
    tallies = Tallies((answer.unit.code, content) for answer, content in told)
    channels = _channels(plan, round_, tallies)
    activities = tallies.activities()
    remarks = [(answer, remark) for answer, content in told for remark in content.remarks]
    standing = standing_facts(plan, round_, answers, [answer for answer, _ in told])
    difficulties = [_remark(*told_remark) for told_remark in remarks if choices.is_difficulty(told_remark[1].kind)]
    proposals = [_remark(*told_remark) for told_remark in remarks if not choices.is_difficulty(told_remark[1].kind)]
    return printable(  # type: ignore[no-any-return]
        _heading(plan, round_, calendar)
        | {
            "totals": {
                "posts": tallies.posts,
                "target": sum(channel["target"] or 0 for channel in channels),
                "counted_posts": sum(min(channel["posts"], channel["target"] or 0) for channel in channels),
                "activities": activities.activities,
                "participants": activities.participants,
                "uncounted": activities.uncounted,
            },
            "channels": channels,
            "units": [_unit(plan, round_, answer, tallies) for answer in answers],
            "forms": _named(tallies.posts_by("form", list(choices.post_forms)), choices.post_forms),
            "fields": _named(tallies.posts_by("field", list(choices.reform_fields)), choices.reform_fields),
            "activity_forms": [
                {"name": choices.activity_forms.get(form, form)} | asdict(count)
                for form, count in tallies.activities_by_form(list(choices.activity_forms)).items()
            ],
            "comparison": _comparison(plan, answers, tallies),
            "reporting": _reporting(answers),
            "standing": standing,
            "difficulties": difficulties,
            "proposals": proposals,
            "next": outlook(plan, round_, calendar),
            "posts": _posts(plan, told, choices),
            "activities": _activities(told, choices),
        }
    )


def _told(answer: UnitAnswer) -> Content | None:
    """Everything the unit told that counts, by workbook and otherwise; None if it told nothing."""
    content = answer.content if answer.content and _counts(answer) else None
    if not answer.told_elsewhere:
        return content
    content = content or Content()
    return replace(content, posts=(*content.posts, *answer.told_elsewhere))


def _counts(answer: UnitAnswer) -> bool:
    """Whether what the unit told goes into the totals; of a longer report's unit only accepted periods are in it."""
    return answer.assignment.state in _TOLD or bool(answer.periods)


def _compiled_from(plan: Plan, round_: Round, calendar: WorkingCalendar) -> list[str]:
    """The labels of the shorter report's periods that this one is compiled from; none if units are asked for it."""
    shorter = plan.obligation(round_.ref).compiled_from
    if shorter is None:
        return []
    rounds = rounds_of(plan, plan.obligation(shorter), calendar)
    return [part.period.label for part in rounds if set(part.period.months) <= set(round_.period.months)]


def _heading(plan: Plan, round_: Round, calendar: WorkingCalendar) -> dict[str, Any]:
    due = local(round_.due).date()
    first = rounds_of(plan, plan.obligation(round_.ref), calendar)[0]
    return {
        "plan": plan.id,
        "ref": round_.ref,
        "obligation": round_.obligation,
        "period": round_.period.label,
        "previous_period": round_.period.previous().label,
        "first_report": first.period == round_.period,
        "commune": plan.commune,
        "year": plan.year,
        "document": plan.document,
        "effective_from": plan.effective_from.isoformat(),
        "subject": plan.subject,
        "letterhead": asdict(plan.letterhead) | {"copies": _copies(plan)},
        "recipients": [recipient.name for recipient in plan.report_to],
        "compiler": plan.unit(plan.compiler).name,
        "signing": {"year": due.year, "month": due.month},
        "window": {"start": round_.window.start.isoformat(), "end": round_.window.end.isoformat()},
        "unit_due": local(round_.unit_due).date().isoformat(),
        "due": due.isoformat(),
        "compiled_from": _compiled_from(plan, round_, calendar),
        "months_counted": [month.label for month in periods_counted(plan, Cadence.MONTHLY, round_.window)],
        "months_left_out": [month.label for month in months_left_out(plan, round_.window)],
        "months_from_15th": window_kind(round_.window) is Window.DECREE,
    }


def _copies(plan: Plan) -> list[str]:
    """Who else gets the report: the plan's list without the addressees, whom its first line ("as above") covers."""
    addressees = [recipient.name.casefold() for recipient in plan.report_to]
    return [
        copy
        for copy in plan.letterhead.copies
        if not any(addressee.startswith(copy.casefold()) for addressee in addressees)
    ]


def _channels(plan: Plan, round_: Round, tallies: Tallies) -> list[dict[str, Any]]:
    targets = shared_targets(plan, round_.window)
    counts = tallies.posts_by("channel", list(plan.channels))
    return [
        {
            "code": code,
            "name": plan.channels.get(code, code),
            "posts": counts.get(code, 0),
            "parts": (parts := targets.get(code, [])),
            "target": (target := sum(part["target"] for part in parts) if parts else None),
            "lacking": max(0, (target or 0) - counts.get(code, 0)),
        }
        for code in dict.fromkeys([*plan.channels, *counts])
    ]


def _unit(plan: Plan, round_: Round, answer: UnitAnswer, tallies: Tallies) -> dict[str, Any]:
    """A unit's results. What nobody counted, or nobody told while the unit has not answered, is None: not zero."""
    code, assignment = answer.unit.code, answer.assignment
    known = assignment.answered or bool(answer.periods)
    are_posts_known = known or bool(answer.told_elsewhere)
    activities = tallies.activities(code)
    duties = []
    for part in unit_targets(plan, code, round_.window):
        channel = part["channel"]
        done = tallies.posts_where(unit=code, channel=channel) if channel else tallies.posts_where(unit=code)
        duties.append(
            part
            | {
                "name": plan.channels.get(channel, channel) if channel else part["duty"],
                "posts": done if are_posts_known else None,
                "lacking": max(0, part["target"] - done) if are_posts_known else None,
            }
        )
    return {
        "code": code,
        "name": answer.unit.name,
        "state": State.ACCEPTED if assignment.state in _TOLD else assignment.state,
        "answered": assignment.answered,
        "late": bool(answer.late_periods or (assignment.answered and assignment.late)),
        "missing_periods": list(answer.missing_periods) if answer.periods else [],
        "posts": tallies.posts_where(unit=code) if are_posts_known else None,
        "activities": activities.activities if known else None,
        "participants": activities.participants if known and activities.are_counted else None,
        "duties": [] if assignment.state is State.WAIVED else duties,
        "fulfilled": are_posts_known and bool(duties) and not any(duty["lacking"] for duty in duties),
    }


def _named(counts: dict[str, int], names: Any) -> list[dict[str, Any]]:
    """The counts with the form's names. A post told without the value (it came without a workbook) is under no name."""
    return [{"name": names.get(value, value), "posts": posts} for value, posts in counts.items() if value]


def _comparison(plan: Plan, answers: Sequence[UnitAnswer], now: Tallies) -> dict[str, Any] | None:
    """The same figures of the period before, and the change; None if no unit has any."""
    before_told = [(answer.unit.code, answer.previous) for answer in answers if answer.previous is not None]
    if not before_told:
        return None
    before = Tallies(before_told)
    channels_before = before.posts_by("channel", list(plan.channels))
    channels_now = now.posts_by("channel", list(plan.channels))
    return {
        "units": len(before_told),
        "posts": _change(before.posts, now.posts),
        "channels": [
            {"name": plan.channels.get(code, code)} | _change(channels_before.get(code, 0), channels_now.get(code, 0))
            for code in dict.fromkeys([*plan.channels, *channels_before, *channels_now])
        ],
        "activities": _change(before.activities().activities, now.activities().activities),
        "participants": _change(before.activities().participants, now.activities().participants),
    }


def _change(before: int, now: int) -> dict[str, int]:
    return {"previous": before, "current": now, "difference": now - before}


def _reporting(answers: Sequence[UnitAnswer]) -> dict[str, Any]:
    rate = rates(answer.assignment for answer in answers)
    by_state: dict[State, list[dict[str, Any]]] = {}
    for answer in answers:
        row = {"name": answer.unit.name, "reason": (answer.assignment.reason or "").rstrip(". ")}
        by_state.setdefault(answer.assignment.state, []).append(row)
    return {
        "expected": rate.expected,
        "actual": rate.actual,
        "on_time": rate.on_time,
        "told": sum(
            answer.assignment.answered or bool(answer.periods) or bool(answer.told_elsewhere) for answer in answers
        ),
        "reporting_rate": rate.reporting_rate,
        "on_time_rate": rate.on_time_rate,
        "late": [
            {
                "name": answer.unit.name,
                "on": None
                if answer.late_periods or not answer.assignment.accepted_at
                else local(answer.assignment.accepted_at).date().isoformat(),
                "periods": list(answer.late_periods),
            }
            for answer in answers
            if answer.late_periods or (answer.assignment.answered and answer.assignment.late)
        ],
        "missing": [
            {
                "name": answer.unit.name,
                "state": answer.assignment.state,
                "periods": list(answer.missing_periods) if answer.periods else [],
            }
            for answer in answers
            if not answer.assignment.answered and answer.assignment.state is not State.WAIVED
        ],
        "nil": by_state.get(State.NIL, []),
        "waived": by_state.get(State.WAIVED, []),
    }


def _remark(answer: UnitAnswer, remark: Remark) -> dict[str, Any]:
    return {"unit": answer.unit.name, "row": remark.row, "text": remark.text, "remedy": remark.remedy}


def _in_order(answer: UnitAnswer, rows: Sequence[Any]) -> Sequence[Any]:
    """In the order of the unit's workbook, then what was told otherwise; rows of several workbooks are in order."""
    return rows if answer.periods else sorted(rows, key=lambda listed: (not listed.row, listed.row))


def _posts(plan: Plan, told: list[tuple[UnitAnswer, Content]], choices: FormChoices) -> list[dict[str, Any]]:
    rows = [(answer, post) for answer, content in told for post in _in_order(answer, content.posts)]
    return [
        asdict(post)
        | {
            "no": index,
            "unit": answer.unit.name,
            "form": choices.post_forms.get(post.form, post.form),
            "channel": plan.channels.get(post.channel, post.channel),
            "field": choices.reform_fields.get(post.field, post.field),
            "published": post.published.isoformat(),
        }
        for index, (answer, post) in enumerate(rows, 1)
    ]


def _activities(told: list[tuple[UnitAnswer, Content]], choices: FormChoices) -> list[dict[str, Any]]:
    rows = [(answer, held) for answer, content in told for held in _in_order(answer, content.activities)]
    return [
        asdict(held)
        | {
            "no": index,
            "unit": answer.unit.name,
            "form": choices.activity_forms.get(held.form, held.form),
            "held": held.held.isoformat(),
        }
        for index, (answer, held) in enumerate(rows, 1)
    ]
