"""The OpenAPI 3.1 document: everything in it comes from the table of routes, their models and the kinds of problems."""

import inspect
import re
import sys
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from adapters.http.action import MUTATING, UNREPEATABLE, Action
from adapters.http.body import JSON, media_types
from adapters.http.endpoint import AnyRow
from adapters.http.model_schemas import Schemas
from adapters.http.openapi_parts import (
    HEADERS,
    INTRODUCTION,
    PARAMETERS,
    PLACES,
    PROBLEM,
    PROBLEM_HEADERS,
    ref,
)
from adapters.http.problems import KINDS, MEDIA_TYPE
from adapters.http.route import EVERYWHERE, Link, Route
from adapters.http.session_cookie import SECURE
from adapters.http.transfer import FORM, TAKING, Transfer

Json = dict[str, Any]


def document(routes: Sequence[AnyRow], version: str, prefix: str = "") -> Json:
    """The document. `version` is that of the API, `prefix` stands before each path."""
    schemas = Schemas(routes)
    paths: dict[str, Json] = {}
    for row in routes:
        paths.setdefault(prefix + row.path, {})[row.method.lower()] = _operation(row, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Zeus CSMS", "version": version, "description": INTRODUCTION},
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "tags": _tags(routes),
        "paths": paths,
        "components": {
            "schemas": {**schemas.components, "Problem": PROBLEM},
            "responses": _problems(routes),
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": SECURE},
            },
        },
    }


def errors_of(row: AnyRow) -> tuple[str, ...]:
    """Every code that a row may answer, in the order of their statuses."""
    shared: tuple[str, ...] = EVERYWHERE
    if isinstance(row, Action) and row.mutates:
        shared += MUTATING if row.repeatable else UNREPEATABLE
    if isinstance(row, Transfer) and row.takes:
        shared += TAKING
    codes = dict.fromkeys((*shared, *row.errors))
    return tuple(code for code in KINDS if code in codes)


def operation_id(row: AnyRow) -> str:
    """The name of the handler: unique in the table, and the same as long as nobody renames it."""
    return row.handler.__name__


def noun_of(row: AnyRow) -> str:
    """The file of the handler: a file per noun."""
    return row.handler.__module__.rpartition(".")[2].replace("_", "-")


def _tags(routes: Iterable[AnyRow]) -> list[Json]:
    """Nouns in the order of the table, with what their files say of them."""
    modules = {noun_of(row): row.handler.__module__ for row in routes}
    return [{"name": noun, "description": _noun_words(module)} for noun, module in modules.items()]


def _noun_words(module: str) -> str:
    line = (sys.modules[module].__doc__ or "").strip().partition("\n")[0]
    words = re.sub(r"^`[^:]*`: ", "", line)
    return words[:1].upper() + words[1:]


def _operation(row: AnyRow, schemas: Schemas) -> Json:
    words = inspect.getdoc(row.handler) or row.summary
    operation: Json = {
        "operationId": operation_id(row),
        "tags": [noun_of(row)],
        "summary": row.summary,
        "description": f"{words}\n\n{_needs(row)}",
        "parameters": [*_places(row), *schemas.parameters(row.query), *_headers(row)],
        "responses": {**_good(row, schemas), **_bad(row)},
        "x-right": str(row.right),
    }
    if row.public:
        operation["security"] = []
    if isinstance(row, Action) and row.mutates and row.body.model_fields:
        operation["requestBody"] = {
            "required": any(field.is_required() for field in row.body.model_fields.values()),
            "content": {kind: {"schema": schemas.body(row.body)} for kind in media_types(row.method)},
            "x-largest-bytes": row.largest_body,
        }
    if isinstance(row, Transfer) and row.takes:
        operation["requestBody"] = {"required": True, "content": {kind: _file(kind) for kind in row.takes}}
    return operation


def _needs(row: AnyRow) -> str:
    return "Needs no credential." if row.public else f"Needs the right `{row.right}`."


def _file(media_type: str) -> Json:
    """A file as it is, or as a field of a form."""
    binary: Json = {"type": "string", "format": "binary"}
    if media_type != FORM:
        return {"schema": binary}
    return {"schema": {"type": "object", "required": ["file"], "properties": {"file": binary}}}


def _places(row: AnyRow) -> list[Json]:
    names = re.findall(r"\{(\w+)\}", row.path)
    return [{"name": name, "in": "path", "required": True, **PLACES[name]} for name in names]


def _headers(row: AnyRow) -> list[Json]:
    action = row if isinstance(row, Action) else None
    wanted = {
        "IfNoneMatch": row.etag and row.method == "GET",
        "IfMatch": action is not None and action.if_match,
        "Prefer": action is not None and action.command,
        "IdempotencyKey": action is not None and action.mutates and action.repeatable,
        "CsrfToken": action is not None and action.mutates and not row.public,
    }
    return [ref("parameters", name) for name, is_wanted in wanted.items() if is_wanted]


def _good(row: AnyRow, schemas: Schemas) -> Json:
    """The answers that are no errors."""
    statuses = (200,) if isinstance(row, Route) else row.statuses
    answers: Json = {}
    for status in statuses:
        answer: Json = {"description": _phrase(status), "headers": _answer_headers(row, status)}
        if row.response is not None and status != HTTPStatus.NO_CONTENT:
            answer["content"] = {JSON: {"schema": schemas.answer(row.response)}}
            if isinstance(row, Route) and row.csv:
                answer["content"]["text/csv"] = {"schema": {"type": "string"}}
            for kind in row.also if isinstance(row, Route) else ():
                answer["content"][kind] = {"schema": {"type": "string"}}
            if row.links:
                answer["links"] = {link.name: _link(link) for link in row.links}
        if isinstance(row, Transfer) and row.gives:
            texts = {kind: {"schema": {"type": "string"}} for kind in row.gives}
            answer["content"] = {**texts, **answer.get("content", {})}
        answers[str(status)] = answer
    if row.etag and row.method == "GET":
        answers["304"] = {"description": "You have it already.", "headers": _answer_headers(row, 304)}
    return answers


def _link(link: Link) -> Json:
    return {"operationId": link.handler, "parameters": dict(link.parameters)}


def _answer_headers(row: AnyRow, status: int) -> Json:
    action = row if isinstance(row, Action) else None
    told = {
        "X-Request-Id": True,
        "ETag": row.etag,
        "Location": status in (HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.SEE_OTHER),
        "Preference-Applied": action is not None and action.command,
        "Idempotent-Replayed": action is not None and action.mutates and action.repeatable,
    }
    return {name: ref("headers", name) for name, is_told in told.items() if is_told}


def _bad(row: AnyRow) -> Json:
    """The answers that are errors, by status: which codes it may have here."""
    return {str(status): ref("responses", _response_name(codes)) for status, codes in _by_status(row).items()}


def _by_status(row: AnyRow) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for code in errors_of(row):
        found.setdefault(KINDS[code].status, []).append(code)
    return found


def _response_name(codes: Sequence[str]) -> str:
    return "-".join(codes)


def _problems(routes: Iterable[AnyRow]) -> Json:
    """Each set of codes of one status that some row may answer."""
    every = {
        _response_name(codes): (status, codes) for row in routes for status, codes in _by_status(row).items()
    }
    return {name: _problem(status, codes) for name, (status, codes) in sorted(every.items())}


def _problem(status: int, codes: Sequence[str]) -> Json:
    schema = {**ref("schemas", "Problem"), "properties": {"code": {"enum": list(codes)}}}
    names = ("X-Request-Id", *PROBLEM_HEADERS.get(status, ()))
    return {
        "description": "\n".join(f"`{code}`: {KINDS[code].title}." for code in codes),
        "headers": {name: ref("headers", name) for name in names},
        "content": {MEDIA_TYPE: {"schema": schema}},
    }


def _phrase(status: int) -> str:
    return {
        201: "It was made.",
        206: "The bytes asked for.",
        202: "It is under way; `Location` tells how it goes.",
        204: "Done; there is nothing to tell.",
        303: "Go on at `Location`.",
    }.get(status, "The answer.")
