"""The report as a Word document: the template that office staff edit, filled with the facts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from dinhky.report import notation
from dinhky.report.column_widths import fit_columns
from dinhky.report.errors import ReportError
from dinhky.report.letterhead_rule import fit_rules
from dinhky.report.structure import expected_shape, shape, text_of

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_EARLIEST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def write_document(template: bytes, facts: Mapping[str, Any], period_name: Callable[[str], str]) -> bytes:
    """The Word document of these facts; the same facts and template give the same bytes.

    `period_name` puts a period's label into words (`quý I/2026`). Without posts the annex that would list them is
    left out. Raises ReportError: `report_template_broken` if the template asks for something the facts do not have,
    `report_incomplete` or `report_text_lost` if what came out is not all that the facts demand.
    """
    return fill_document(template, facts, period_name, _told(facts), with_annex=bool(facts["posts"]))


def fill_document(
    template: bytes,
    facts: Mapping[str, Any],
    period_name: Callable[[str], str],
    told: Iterable[str],
    *,
    with_annex: bool = True,
) -> bytes:
    """Any Word document of ours: of its facts it reads only `due` (its date) and `letterhead` (its author) itself.

    `told` are the texts that must be found in it; `with_annex` keeps what follows its first section. Raises as
    `write_document` does.
    """
    from docxtpl import DocxTemplate

    environment = _environment(period_name)
    document = DocxTemplate(io.BytesIO(template))
    document.init_docx()
    try:
        demanded = expected_shape(document.docx.element.body, facts, environment)
        document.render(dict(facts), environment, autoescape=True)
    except TemplateError as error:
        raise ReportError("report_template_broken", detail=str(error)) from error
    body = document.docx.element.body
    _check(body, demanded, told)
    if not with_annex:
        _drop_annex(body)
    fit_rules(body)
    fit_columns(body)
    _date(document.docx.core_properties, facts)
    written = io.BytesIO()
    document.save(written)
    return _without_times(written.getvalue())


def _environment(period_name: Callable[[str], str]) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined, finalize=_inert)
    environment.filters |= {
        "number": notation.number,
        "difference": notation.difference,
        "percent": notation.percent,
        "day": notation.day,
        "month": notation.month,
        "month_year": notation.month_year,
        "sentence": notation.sentence,
        "capitalize_first": notation.capitalize_first,
        "period": period_name,
    }
    return environment


def _inert(value: Any) -> Any:
    """A value as XML text. Braces become character references, because docxtpl rewrites `{_{` to `{{` afterwards.

    A dash between words keeps to the word before it: a line that begins with the "- Xã hội" of "Phòng Văn hóa - Xã hội"
    would read as an item of a list.
    """
    if not isinstance(value, str):
        return value
    kept_together = str(escape(value)).replace(" - ", "\u00a0- ")
    return Markup(kept_together.replace("{", "&#123;").replace("}", "&#125;"))  # noqa: S704  escaped just here


def _check(body: Any, demanded: str, wanted_texts: Iterable[str]) -> None:
    found = shape(body)
    if found != demanded:
        wanted = {name: demanded.count(mark) for name, mark in (("paragraphs", "p"), ("tables", "<"), ("rows", "("))}
        got = {name: found.count(mark) for name, mark in (("paragraphs", "p"), ("tables", "<"), ("rows", "("))}
        raise ReportError("report_incomplete", wanted=wanted, found=got)
    text = text_of(body)
    for told in wanted_texts:
        if told.replace("\u00a0", " ") not in text:
            raise ReportError("report_text_lost", text=told)


def _told(facts: Mapping[str, Any]) -> list[str]:
    """What units wrote and every name that a reader must find in the document."""
    posts = [post[part] for post in facts["posts"] for part in ("title", "link", "author")]
    remarks = [remark[part] for remark in facts["difficulties"] + facts["proposals"] for part in ("text", "remedy")]
    reporting = facts["reporting"]
    silent = [unit["name"] for group in ("late", "missing", "nil", "waived") for unit in reporting[group]]
    standing = facts["standing"]
    duties = [told["text"] for duty in standing["duties"] for told in duty["told"]]
    names = [*silent, *standing["silent"], *(unit["name"] for unit in facts["units"]), facts["letterhead"]["signer"]]
    return [*posts, *remarks, *duties, *names]


def _drop_annex(body: Any) -> None:
    """End the document where its first section ends."""
    section = next(body.iter(_W + "sectPr"))
    last = section.getparent().getparent()
    if last.getparent() is not body:
        return
    for later in list(last.itersiblings()):
        body.remove(later)
    body.remove(last)
    body.append(section)


def _date(properties: Any, facts: Mapping[str, Any]) -> None:
    """Core properties that follow from the round, not from the clock."""
    due = date.fromisoformat(facts["due"])
    properties.created = properties.modified = datetime(due.year, due.month, due.day)  # noqa: DTZ001
    properties.author = properties.last_modified_by = " ".join(facts["letterhead"]["issuer"])[:255]
    properties.revision = 1


def _without_times(packed: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, _EARLIEST_ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return written.getvalue()
