"""CSV for spreadsheets (RFC 4180), in which no cell can become a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from adapters.http.route import Shape

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Spreadsheets take a cell that begins so for a formula (OWASP CSV injection); full-width ones too."""


def csv_head(columns: Sequence[str]) -> bytes:
    """The header line."""
    return _lines([columns])


def csv_lines(columns: Sequence[str], items: Iterable[Shape]) -> bytes:
    """One line for each item."""
    return _lines([_cell(getattr(item, column)) for column in columns] for item in items)


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> str:
    """Text from outside gets an apostrophe where it could be a formula; our own numbers and times cannot."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list | tuple):
        value = " ".join(str(part) for part in value)
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return "'" + value
    return str(value)
