"""Bodies of requests: bounded, of a known media type, unambiguous JSON, every fault named by its path."""

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Never, TypeVar

from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request

from adapters.http.problems import Fault, Problem, invalid, malformed
from adapters.http.route import Body

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
DEEPEST = 32
PATIENCE_S = 30.0
"""A whole body comes within this; what takes longer is a transfer."""

_SHOWN_FAULTS = 50
_SHOWN_NAME = 120

B = TypeVar("B", bound=Body)


def media_types(method: str) -> tuple[str, ...]:
    """What a body may be; a PATCH is a merge patch (RFC 7396) under either name."""
    return (JSON, MERGE_PATCH) if method == "PATCH" else (JSON,)


async def read_raw(request: Request, largest: int) -> bytes:
    """The body, empty where there is none. Raises a Problem for a wrong media type (415), size (413) or pace (408)."""
    _check_length(request.headers, largest)
    raw = bytearray()
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > largest:
                    raise _too_large(largest)
    except ClientDisconnect as error:
        raise malformed("body", "The body ended early.") from error
    except TimeoutError as error:
        raise Problem("stalled", f"The body did not come within {PATIENCE_S:g} s.") from error
    if raw:
        _check_media_type(request)
    return bytes(raw)


def read_body(model: type[B], raw: bytes) -> B:
    """The body as `model`; no body is an empty object. Raises a 400 Problem for what is not unambiguous
    JSON, and a 422 one that names each part that will not do."""
    faults = _objections(raw) if raw else []
    if faults:
        raise invalid(*faults)
    try:
        return model.model_validate_json(raw or b"{}", strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        raise malformed("body", f"{found[0]['msg']}.")
    raise invalid(*(_fault(model, one["loc"], one["type"], one["msg"]) for one in found[:_SHOWN_FAULTS]))


def path_of(place: Sequence[int | str]) -> str:
    """`body.connectors[0].id`."""
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    name = "body" + words
    return name if len(name) <= _SHOWN_NAME else name[:_SHOWN_NAME] + "…"


def _check_length(headers: Headers, largest: int) -> None:
    told = headers.get("content-length", "0")
    if told.isascii() and told.isdigit() and int(told[:18]) > largest:
        raise _too_large(largest)


def _too_large(largest: int) -> Problem:
    return Problem("too_large", f"At most {largest} bytes are taken here.")


def _check_media_type(request: Request) -> None:
    """JSON is UTF-8 (RFC 8259 §8.1): the only charset that may be named."""
    name, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    taken = media_types(request.method)
    if name.strip().lower() not in taken or charset not in ("", "utf-8", "utf8"):
        detail = f"Send `Content-Type: {taken[-1] if request.method == 'PATCH' else taken[0]}`."
        raise Problem("unsupported_media_type", detail)
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Problem("unsupported_media_type", "Send the body without a Content-Encoding.")


def _objections(raw: bytes) -> list[Fault]:
    """What pydantic would let pass: two readers must not make two things of one text."""
    try:
        text = raw.decode()
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_finite
        )
    except UnicodeDecodeError as error:
        raise malformed("body", "The body is not UTF-8.") from error
    except _Ambiguous as error:
        raise malformed("body", str(error)) from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise malformed("body", f"Not JSON: {error}.") from error
    return list(_faults_within(value))


class _Ambiguous(ValueError):
    """JSON that readers understand differently."""


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Ambiguous(f"The name {name[:_SHOWN_NAME]!r} occurs twice in one object.")
        found[name] = value
    return found


def _refuse_constant(name: str) -> Never:
    raise _Ambiguous(f"{name} is not JSON.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Ambiguous("A number is too large.")
    return value


def _faults_within(value: Any) -> Sequence[Fault]:
    """Text with a NUL, which the database cannot hold; raises a 400 Problem where it is nested too deep."""
    faults: list[Fault] = []
    todo: list[tuple[Any, tuple[int | str, ...]]] = [(value, ())]
    while todo:
        one, place = todo.pop()
        if len(place) > DEEPEST:
            raise _too_deep()
        if isinstance(one, str):
            if "\x00" in one:
                faults.append(Fault(path_of(place), "Holds a NUL character."))
        elif isinstance(one, dict):
            if any("\x00" in name for name in one):
                faults.append(Fault(path_of(place), "A name holds a NUL character."))
            todo += [(inner, (*place, name)) for name, inner in one.items()]
        elif isinstance(one, list):
            todo += [(inner, (*place, n)) for n, inner in enumerate(one)]
    return faults[:_SHOWN_FAULTS]


def _too_deep() -> Problem:
    return malformed("body", f"Nested deeper than {DEEPEST} levels.")


def _fault(model: type[Body], place: tuple[int | str, ...], kind: str, words: str) -> Fault:
    if kind == "extra_forbidden":
        known = ""
        if len(place) == 1:
            names = (field.alias or name for name, field in model.model_fields.items())
            known = f" Known here: {', '.join(names) or 'none'}."
        return Fault(path_of(place), f"No such field.{known}")
    return Fault(path_of(place), f"{words.removeprefix('Value error, ').rstrip('.')}.")
