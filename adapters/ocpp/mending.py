"""Text repairs: makes JSON of what a charger meant as JSON, only where nothing can be read into it.

Tried after the parser has refused a frame. Nothing is dropped but commas that separate nothing, a byte order
mark and bytes after the end; nothing is ever added but the escape of a control character.
"""

import re

import msgspec

_STRING = r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)'
"""A JSON string. An unterminated one runs to the end, so that no crafted text makes the scan quadratic."""
_LEADING_COMMA = re.compile(_STRING + r"|([\[{])\s*+,", re.DOTALL)
_TRAILING_COMMA = re.compile(_STRING + r"|,\s*+([\]}])", re.DOTALL)
_ANY_STRING = re.compile(_STRING, re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f]")


class Mended(msgspec.Struct, frozen=True):
    """A frame's text after repair, and the names of the rules that changed it."""

    text: str
    rules: tuple[str, ...]


def mend(text: str) -> Mended | None:
    """Apply every text rule once; None where none of them changes anything. Linear in the text's length."""
    rules: list[str] = []
    for name, rule in RULES:
        changed = rule(text)
        if changed != text:
            text = changed
            rules.append(name)
    return Mended(text, tuple(rules)) if rules else None


def without_byte_order_mark(text: str) -> str:
    """`\\ufeff[2,…` → `[2,…` (RFC 8259 §8.1: a parser may ignore it)."""
    return text.removeprefix("\ufeff")


def without_trailing_nul(text: str) -> str:
    """`[2,…]\\0` → `[2,…]`: a C string sent with its terminator."""
    return text.rstrip("\x00 \t\r\n")


def without_leading_commas(text: str) -> str:
    """`"sampledValue":[,{…}]` → `[{…}]`: Beny after a change of current (lbbrhzn/ocpp #1078)."""
    return _LEADING_COMMA.sub(lambda m: m[1] or m[0], text)


def without_trailing_commas(text: str) -> str:
    """`{"connectorId":1,}` → `{"connectorId":1}`."""
    return _TRAILING_COMMA.sub(lambda m: m[1] or m[0], text)


def with_escaped_controls(text: str) -> str:
    """A raw line feed or tab inside a string becomes its escape."""
    return _ANY_STRING.sub(lambda m: _CONTROL.sub(lambda c: f"\\u{ord(c[0]):04x}", m[0]), text)


RULES = (
    ("byte_order_mark", without_byte_order_mark),
    ("trailing_nul", without_trailing_nul),
    ("leading_comma", without_leading_commas),
    ("trailing_comma", without_trailing_commas),
    ("control_character", with_escaped_controls),
)
"""The text rules in the order they are tried."""
