"""Figures as bars of text."""

from __future__ import annotations

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(count: int, most: int, width: int = 24) -> str:
    """A bar as long as the count is to the greatest, in blocks; at least a sliver of it for one that is not zero."""
    if count <= 0 or most <= 0:
        return ""
    eighths = max(1, round(count / most * width * 8))
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
