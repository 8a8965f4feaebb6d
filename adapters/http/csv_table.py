"""CSV for spreadsheets (RFC 4180), in which no cell can become a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Spreadsheets take a cell that begins so for a formula (OWASP CSV injection); full-width ones too."""


BOM = "\ufeff"
"""Without it Excel takes UTF-8 for the code page of the country."""


def csv_head(columns: Sequence[str], *, excel: bool = False) -> bytes:
    """The header line; for Excel with a byte order mark before it."""
    return (BOM.encode() if excel else b"") + _lines([columns], excel=excel)


def csv_lines(columns: Sequence[str], items: Iterable[object], *, excel: bool = False) -> bytes:
    """One line for each item; `excel`: as an Excel reads it that writes decimals with a comma."""
    rows = ([_cell(getattr(item, column), excel=excel) for column in columns] for item in items)
    return _lines(rows, excel=excel)


def _lines(rows: Iterable[Sequence[str]], *, excel: bool) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n", delimiter=";" if excel else ",").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: Any, *, excel: bool = False) -> str:
    """Text from outside gets an apostrophe where it could be a formula; our own numbers and times cannot."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return format(value, "f").replace(".", "," if excel else ".")
    if isinstance(value, list | tuple):
        value = " ".join(str(part) for part in value)
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return "'" + value
    return str(value)
