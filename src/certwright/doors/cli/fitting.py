"""Tables that fit the terminal: one column gives way, all others are shown whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from certwright.doors.cli.terminal import out, say

_LEAST = 12  # columns of the terminal that the one that gives way keeps
_RULES = 3  # a line and a space on each side


def fitting_table(title: str, columns: Sequence[str], lines: Iterable[Sequence[str]], *, giving: str) -> None:
    """A table, whose column ``giving`` is cut where the terminal is narrow; cells are markup as in ``table``.

    All cells are read before the first is shown: not for more than some hundred lines.
    """
    cells = [[Text.from_markup(cell) for cell in line] for line in lines]
    if not cells:
        say(f"{title}: none")
        return
    widths = [
        max(len(column), *(line[place].cell_len for line in cells), 1)  # an empty column is as wide as its head
        for place, column in enumerate(columns)
    ]
    gives = columns.index(giving)
    others = sum(widths) - widths[gives] + _RULES * len(columns) + 1
    widths[gives] = min(widths[gives], max(_LEAST, out.width - others))
    shown = Table(title=title, title_justify="left", header_style="bold", expand=False)
    for column, width in zip(columns, widths, strict=True):
        shown.add_column(column, width=width, no_wrap=True, overflow="ellipsis")
    for line in cells:
        shown.add_row(*line)
    out.print(shown)
