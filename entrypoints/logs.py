"""How Zeus writes its log: a JSON object a line for machines, a readable line on a terminal, no secrets.

Fields: `ts` (UTC, RFC 3339), `level`, `logger`, `event` (the sentence), what was given as `extra=`, and
`error` (the traceback). A record takes one line whatever it holds: a charger cannot forge entries.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

HIDDEN = "[hidden]"

_SECRET_NAMES = re.compile(
    r"(?:^|[_.-])(?:authorization|password|passwd|secret|token|authorizationkey|cookie|credentials?|dsn)$",
    re.IGNORECASE,
)
_SCHEMES = re.compile(r"\b(Basic|Bearer|Digest)[ =:]+[A-Za-z0-9+/_.~=-]{4,}", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"""(?P<name>["']?\b(?:authorization(?:_?key)?|[\w-]*passw(?:or)?d|[\w-]*secret|(?:api|access|bearer|zeus)[_-]?token)\b["']?"""
    r"""\s*[:=,]\s*)(?P<value>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,;&})\]]+)""",
    re.IGNORECASE,
)
_AUTHORIZATION_KEY = re.compile(
    r"""(\\?["']key\\?["']\s*:\s*\\?["']AuthorizationKey\\?["']\s*,\s*\\?["']value\\?["']\s*:\s*\\?["'])[^"'\\]*""",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)", re.IGNORECASE)
_SIGNATURE = re.compile(r"([?&](?:x-amz-signature|signature|sig|token|key)=)[^\s&\"']+", re.IGNORECASE)

_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "taskName",
}
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_CONTROLS |= {10: "\\n", 13: "\\r", 9: "\\t", 0x2028: "\\u2028", 0x2029: "\\u2029"}
_DIRECTIONS = {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
"""Bidirectional overrides, which make a terminal show something else than the text says."""


def redacted(text: str) -> str:
    """`text` without credentials: authorization headers, passwords, keys, signed URLs."""
    text = _AUTHORIZATION_KEY.sub(rf"\1{HIDDEN}", text)
    text = _SCHEMES.sub(rf"\1 {HIDDEN}", text)
    text = _ASSIGNED.sub(_hide_value, text)
    text = _URL_PASSWORD.sub(rf"\1{HIDDEN}", text)
    return _SIGNATURE.sub(rf"\1{HIDDEN}", text)


def one_line(text: str) -> str:
    """`text` with every control character written out."""
    return text.translate(_CONTROLS | _DIRECTIONS)


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Whatever cannot be JSON is shown as text."""
        entry: dict[str, Any] = {
            "ts": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": redacted(record.getMessage()),
            **{name: _clean(name, value) for name, value in _extra(record).items()},
        }
        if record.exc_info:
            entry["error"] = redacted(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False, default=str).translate(_JSON_CONTROLS)


class Readable(logging.Formatter):
    """`12:00:00.000 WARNING zeus.gateway  the sentence  name=value`, for people at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """A traceback follows indented; it is the only thing that takes more lines."""
        parts = [
            _time(record)[11:23],
            f"{record.levelname:<7}",
            f"{record.name}:",
            one_line(redacted(record.getMessage())),
            *(f"{name}={one_line(str(_clean(name, value)))}" for name, value in _extra(record).items()),
        ]
        line = " ".join(parts)
        if record.exc_info:
            trace = redacted(self.formatException(record.exc_info)).splitlines()
            line += "".join(f"\n    {one_line(part)}" for part in trace)
        return line


def set_up(level: str = "INFO", *, form: str = "auto", stream: TextIO | None = None) -> None:
    """Send everything to `stream` (stderr). `form`: `json`, `text`, or `auto`: text on a terminal only.

    Replaces the handlers of the root logger; those of uvicorn and others pass through it.
    """
    out = stream or sys.stderr
    readable = form == "text" or (form == "auto" and out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(Readable() if readable else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "apscheduler"):
        other = logging.getLogger(name)
        other.handlers.clear()
        other.propagate = True
    for name in ("uvicorn.error", "apscheduler"):  # they tell of every start and every run of a job
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)


_JSON_CONTROLS = {code: text.replace("\\x", "\\u00") for code, text in _CONTROLS.items() if code >= 127}
_JSON_CONTROLS |= _DIRECTIONS
"""JSON escapes what is below 32 itself, and may hold the rest as it is; a reader of lines may not."""


def _hide_value(found: re.Match[str]) -> str:
    value = found["value"]
    if HIDDEN in value or value.lower() in ("basic", "bearer", "digest", "none", "null", '"', "'"):
        return found[0]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{found['name']}{quote}{HIDDEN}{quote}"


def _clean(name: str, value: Any) -> Any:
    if _SECRET_NAMES.search(name):
        return HIDDEN
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", inner) for inner in value]
    return value if isinstance(value, bool | int | float | None) else redacted(str(value))


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
