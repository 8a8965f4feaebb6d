"""`Range` headers against a list of bytes that Python slices itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.ranges import RangeUnsatisfiable, Span, span_of


@given(size=st.integers(1, 50), first=st.integers(0, 60), last=st.none() | st.integers(0, 60))
def test_from_to(size: int, first: int, last: int | None) -> None:
    header = f"bytes={first}-{'' if last is None else last}"
    if last is not None and last < first:
        assert span_of(header, size) is None
    elif first >= size:
        with pytest.raises(RangeUnsatisfiable):
            span_of(header, size)
    else:
        expected = list(range(size))[first : size if last is None else last + 1]
        assert span_of(header, size) == Span(expected[0], len(expected))


@given(size=st.integers(1, 50), length=st.integers(1, 60))
def test_the_last_ones(size: int, length: int) -> None:
    expected = list(range(size))[-length:]
    assert span_of(f"bytes=-{length}", size) == Span(expected[0], len(expected))


def test_nothing_at_the_end_is_nothing() -> None:
    with pytest.raises(RangeUnsatisfiable):
        span_of("bytes=-0", 10)


IGNORED = ["", "bytes", "bytes=", "bytes=-", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "bytes=1--2"]


@pytest.mark.parametrize("header", [*IGNORED, "bytes=\u0661-2", "bytes=" + "9" * 5000 + "-"])
def test_what_is_no_single_range_is_ignored(header: str) -> None:
    assert span_of(header, 10) is None


@given(header=st.text(), size=st.integers(1, 10**12))
def test_whatever_is_sent_the_span_is_within_the_file(header: str, size: int) -> None:
    for text in (header, f"bytes={header}"):
        try:
            span = span_of(text, size)
        except RangeUnsatisfiable:
            continue
        assert span is None or (0 <= span.offset < size and 0 < span.length <= size - span.offset)
