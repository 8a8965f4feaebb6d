"""`Range: bytes=…` (RFC 9110 §14): one span of a file. Several at once are answered with the whole file."""

import re
from typing import NamedTuple

_ONE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


class Span(NamedTuple):
    """`length` bytes from `offset` on."""

    offset: int
    length: int


class RangeUnsatisfiable(ValueError):
    """The range lies beyond the end of the file."""


def span_of(header: str, size: int) -> Span | None:
    """The bytes asked for; None for all of them: no header, or one that is to be ignored (§14.2).

    Raises RangeUnsatisfiable.
    """
    found = _ONE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:  # the last n bytes
        length = min(int(found[2]), size)
        return _within(Span(size - length, length), size)
    first, last = int(found[1]), int(found[2] or size - 1)
    if found[2] and last < first:
        return None
    return _within(Span(first, min(last, size - 1) - first + 1), size)


def _within(span: Span, size: int) -> Span:
    if span.length < 1 or span.offset >= size:
        raise RangeUnsatisfiable
    return span
