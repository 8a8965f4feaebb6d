"""Where the tokens are in a frame, by the names that 1.6, 2.0.1 and 2.1 have for their places.

The text is looked at as text, not as a document: a frame that is cut off or broken may hold tokens all the same,
and what is put in their place must not move anything else.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

NAMES = frozenset(
    {
        "idtag",  # 1.6 Authorize, StartTransaction, StopTransaction, RemoteStart, ReserveNow, local lists
        "parentidtag",
        "idtoken",  # 2.x, in IdTokenType, which is the value of `idToken` and `groupIdToken` …
        "groupidtoken",  # … and as a bare text, in case
        "additionalidtoken",
        "customeridentifier",  # CustomerInformation
        "prioritizedemaids",  # Get15118EVCertificate 2.1
        "vatnumber",  # VatNumberValidation, NotifySettlement 2.1
        "pspref",  # NotifySettlement 2.1: the payment that is the transaction's token
    }
)
"""In lower case: a firmware that misspells the case of a name is understood, too."""
_ABOUT = "NotifyCustomerInformation"
"""Its `data` is all that a charger knows of somebody, as one text, in answer to the request it names."""
_ENDINGS = ('idtag"', 'idtoken"', 'customeridentifier"', 'vatnumber"', 'pspref"')
"""Most frames hold none of these in lower case. `"idTagInfo"` is none of them, which most answers have."""
_RARE = ("\\", "prioritizedemaids", "notifycustomerinformation", "~")
"""What has to be read with care: escapes, lists of tokens, free text, and what may be sealed already."""
_TELLING_SIGNS = (*NAMES, "notifycustomerinformation", "\\u00", "~")
"""Of those: what there is no token without. A name may be written in escapes."""
_QUICK = re.compile(
    r'"(?:idTag|parentIdTag|idToken|groupIdToken|additionalIdToken|customerIdentifier|vatNumber|pspRef)"'
    r'\s*:\s*(?:"([^"\\]*)"|\{)',
    re.IGNORECASE,
)
_TELLING = 4
_CONTAINED = 6
"""A token of so many signs is looked for as, and in, other texts of its frame; a shorter one might be anything."""
_HEAD = re.compile(r'\s*\[\s*[26]\s*,\s*"(?:[^"\\]|\\.)*"\s*,\s*', re.DOTALL)
_PARTS = re.compile(
    r"""
      (?P<text>"(?:[^"\\]|\\.)*(?:"|\Z|\\\Z))       # a text, which a cut-off frame may end within
    | (?P<number>-?[0-9][0-9.eE+-]*)
    | (?P<sign>[\[\]{},:])
    """,
    re.VERBOSE | re.DOTALL,
)


class TokenPlace(NamedTuple):
    """A literal of a frame that is, or holds, a token."""

    start: int
    end: int
    token: str
    """Whose it is."""


class _Literal(NamedTuple):
    start: int
    end: int
    text: str
    quoted: bool


def tokens_in(frame: str, also: Callable[[str], bool] | None = None) -> list[TokenPlace]:
    """The places in order. `also`: literals (quotes included) that are to be given though they hold no token.

    A text that contains a token of the frame is a place of that token as a whole.
    """
    low = frame.lower()
    if not any(sign in low for sign in _RARE):
        quick = _quickly(frame, low)
        if quick is not None:
            return quick
    elif not any(sign in low for sign in _TELLING_SIGNS):
        return []
    named, others = _read(frame)
    if also is not None:
        looks_alike = {one.start for one in others if also(frame[one.start : one.end])}
        named += [one for one in others if one.start in looks_alike]
        others = [one for one in others if one.start not in looks_alike]
    places = _about_somebody(frame, others) if _ABOUT in frame else []
    if not named:
        return places
    places += [TokenPlace(one.start, one.end, one.text) for one in named]
    tokens = {one.text.strip().casefold(): one.text for one in named if one.text.strip()}
    action = _action(frame, others)
    about = {place.start for place in places}
    for other in others:
        if other is action or other.start in about:
            continue
        token = _within(other.text.casefold(), tokens)
        if token is not None:
            places.append(TokenPlace(other.start, other.end, token))
    return sorted(place for place in places if place.token.strip())


def _quickly(frame: str, low: str) -> list[TokenPlace] | None:
    """The places of a frame like most; None where it is not sure that there are no others."""
    names = sum(map(low.count, _ENDINGS))
    if not names:
        return []
    places: list[TokenPlace] = []
    seen = 0
    for found in _QUICK.finditer(frame):
        seen += 1
        token = found[1]
        if token:
            places.append(TokenPlace(found.start(1) - 1, found.end(1) + 1, token))
    if seen != names:
        return None
    for token in {place.token.strip().lower() for place in places}:
        own = sum(place.token.lower().count(token) for place in places)
        if not token.isascii() or (len(token) >= _TELLING and low.count(token) != own):
            return None
    return [place for place in places if place.token.strip()]


def subject_of_request(request_id: int | str) -> str:
    """Whom the parts of a NotifyCustomerInformation are about, until it is known who that is."""
    return f"customer-information {request_id}"


def sealed_in(payload: Any, token: Callable[[str], str]) -> Any:
    """A payload with `token` applied to what is in the places of tokens."""
    if isinstance(payload, list):
        return [sealed_in(one, token) for one in payload]
    if isinstance(payload, dict):
        return {name: _sealed(name, value, token) for name, value in payload.items()}
    return payload


def _sealed(name: str, value: Any, token: Callable[[str], str]) -> Any:
    if name.casefold() in NAMES:
        if isinstance(value, str) and value:
            return token(value)
        if isinstance(value, list):
            return [token(one) if isinstance(one, str) and one else sealed_in(one, token) for one in value]
    return sealed_in(value, token)


_REQUEST = re.compile(r'"requestId"\s*:\s*([0-9]+)')
_DATA = re.compile(r'"data"\s*:\s*$')


def _about_somebody(frame: str, others: list[_Literal]) -> list[TokenPlace]:
    request = _REQUEST.search(frame)
    who = subject_of_request(request[1] if request else "")
    return [
        TokenPlace(one.start, one.end, who)
        for one in others
        if _DATA.search(frame, max(0, one.start - 64), one.start)
    ]


def _action(frame: str, others: list[_Literal]) -> _Literal | None:
    """The third part of a call: what it is called is no token, though there may be one that reads the same."""
    found = _HEAD.match(frame)
    return next((one for one in others if found is not None and one.start == found.end()), None)


def _within(text: str, tokens: dict[str, str]) -> str | None:
    whole = tokens.get(text.strip())
    if whole is not None and len(text.strip()) >= _TELLING:
        return whole
    return next((one for key, one in tokens.items() if len(key) >= _CONTAINED and key in text), None)


def _read(frame: str) -> tuple[list[_Literal], list[_Literal]]:
    """The literals in the places of tokens, and all other texts."""
    named: list[_Literal] = []
    others: list[_Literal] = []
    pending: _Literal | None = None  # a text that may turn out to be a name
    name = ""  # the name whose value is being read
    within: list[str] = []  # the names whose lists are open
    for part in _PARTS.finditer(frame):
        sign = part["sign"]
        if sign is None:
            if pending is not None:
                _settle(pending, name or _list_name(within), named, others)
            pending = _literal(part)
            continue
        if sign == ":" and pending is not None:
            name = pending.text.casefold()
            others.append(pending)
            pending = None
            continue
        if pending is not None:
            _settle(pending, name or _list_name(within), named, others)
            pending = None
        if sign in "[{":
            within.append(name if sign == "[" else "")
        elif sign in "]}" and within:
            within.pop()
        if sign != ":":
            name = ""
    if pending is not None:
        _settle(pending, name or _list_name(within), named, others)
    return named, others


def _list_name(within: list[str]) -> str:
    return within[-1] if within else ""


def _settle(one: _Literal, name: str, named: list[_Literal], others: list[_Literal]) -> None:
    if name in NAMES:
        named.append(one)
    elif one.quoted or len(one.text) >= _CONTAINED:  # the 1 of a connector is not a token that reads 1
        others.append(one)


def _literal(part: "re.Match[str]") -> _Literal:
    if (number := part["number"]) is not None:
        return _Literal(part.start(), part.end(), number, quoted=False)
    literal = part["text"]
    inner = literal[1:-1] if len(literal) > 1 and literal.endswith('"') else literal[1:]
    if "\\" in inner:
        try:
            inner = str(orjson.loads(literal))
        except orjson.JSONDecodeError:
            inner = _loosely(inner)
    return _Literal(part.start(), part.end(), inner, quoted=True)


_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)", re.DOTALL)
_SIGNS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def _loosely(inner: str) -> str:
    """What a text means that JSON does not allow, such as one with half a surrogate pair."""
    return _ESCAPE.sub(
        lambda found: chr(int(found[1], 16)) if found[1] else _SIGNS.get(found[2], found[2]), inner
    )
