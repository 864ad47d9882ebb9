"""CSV exports of any other tool: a line of headings, then a line for each certificate."""

from certwright.targets.imports.table.columns import mapping
from certwright.targets.imports.table.dates import DayOrder
from certwright.targets.imports.table.reading import Form, read

__all__ = ["DayOrder", "Form", "mapping", "read"]
