"""Names of artefacts: for people, and for the end of a URL. None is ever a path on our disk."""

import re

LONGEST = 120
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def display_name(told: str, otherwise: str = "file") -> str:
    """The last part of what was told, without directories (of either slash) and signs nobody can see."""
    last = re.split(r"[/\\]", told.rstrip("/\\"))[-1]
    shown = "".join(sign for sign in last if sign.isprintable()).strip(" .")
    return shown[-LONGEST:] or otherwise


def url_name(name: str) -> str:
    """The name in signs that every charger's URL parser and file system takes; chargers name files after it."""
    return _UNSAFE.sub("_", name)[-LONGEST:].strip("._") or "file"
