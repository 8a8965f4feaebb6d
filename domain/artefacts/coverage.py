"""Which bytes of a file have been sent: spans that grow together."""

from collections.abc import Sequence
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
"""From the first byte to the one after the last."""


def joined(spans: Sequence[Span], new: Span) -> list[Span]:
    """The spans with `new` among them: in order, apart from each other. An empty one changes nothing."""
    start, end = new
    if start >= end:
        return list(spans)
    before = [one for one in spans if one[1] < start]
    after = [one for one in spans if one[0] > end]
    touching = [one for one in spans if one[1] >= start and one[0] <= end]
    whole = (min([start, *(one[0] for one in touching)]), max([end, *(one[1] for one in touching)]))
    return [*before, whole, *after]


def covers(spans: Sequence[Span], size: int) -> bool:
    """Whether every byte of a file of this size is in them."""
    return any(start <= 0 and end >= size for start, end in spans)
