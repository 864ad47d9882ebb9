"""The calls that a read-only account of a CA lets out, as its page lists them."""

from __future__ import annotations

from collections.abc import Collection

from certwright.cas.reading import ReadCall
from tests.docs.markdown import code, table


def read_calls(calls: Collection[ReadCall]) -> str:
    """Each call with all that it may carry."""
    return table(("call", "with"), ((code(f"{call.method} {call.path}"), _carried(call)) for call in calls))


def _carried(call: ReadCall) -> str:
    fields = [*call.query, *sorted(call.form)]
    fields += [name for block, names in call.blocks.items() if block != "meta" for name in names]
    return ", ".join(map(code, fields))
