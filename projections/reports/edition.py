"""Which code made a report."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

REPORTS = 1
"""Raised whenever a figure of the same events would come out differently."""


@cache
def edition() -> str:
    """`<version of Zeus>/<edition of the reports>`; two reports with the same one are comparable byte by byte."""
    try:
        return f"{version('zeus-csms')}/{REPORTS}"
    except PackageNotFoundError:
        return f"0/{REPORTS}"
