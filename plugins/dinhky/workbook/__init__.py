"""The unit's Excel workbook: built from a template, read back, checked cell by cell.

What a form looks like is `include/templates/workbooks/<form>.xlsx`; what it means is the `.yaml` beside it.
"""

from dinhky.workbook.form import Forms
from dinhky.workbook.form_workbooks import FormWorkbooks

__all__ = ["FormWorkbooks", "Forms"]
