"""What can go wrong while a report is written."""

from dinhky.domain.errors import DinhKyError


class ReportError(DinhKyError):
    """A report that cannot be written as its facts demand. Codes: `report_template_missing`, `report_template_broken`,
    `report_incomplete`, `report_text_lost`, `annex_text_refused`."""
