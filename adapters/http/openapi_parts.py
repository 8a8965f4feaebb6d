"""Parts of the OpenAPI document that no row and no model says: what is the same everywhere."""

from typing import Any

from adapters.http.problems import KINDS

Json = dict[str, Any]

INTRODUCTION = """\
Chargers, their sessions and what can be asked of them. Programs send `Authorization: Bearer <token>` with every
request, pages of ours the cookie of a session; what you see is what belongs to the tenant of your credential.

What is not there, what belongs to somebody else and what cannot exist are answered by one and the same 404.
Unknown query parameters and unknown fields of bodies are refused by name. Whole numbers are JSON numbers, exact
decimals are strings, times are ISO 8601 in UTC. Errors are `application/problem+json`; `code` says which.

Every answer carries an `X-Request-Id`: yours, where you sent one of at most 64 letters, digits and `._:-`.
The same id is the cause of every event that follows.
"""

PLACES: dict[str, Json] = {
    "cpid": {
        "description": "The charger's id, percent-encoded, in any case.",
        "schema": {"type": "string", "minLength": 1},
    },
    "id": {
        "description": "The id, as a list or an answer told it.",
        "schema": {"type": "string", "minLength": 1},
    },
    "key_id": {
        "description": "The key's id: 16 hex digits.",
        "schema": {"type": "string", "minLength": 1},
    },
    "n": {
        "description": "The connector: EVSE n of a 2.x charger, connector n of a 1.6 one.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "name": {
        "description": "The template's name, percent-encoded.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 100},
    },
    "rid": {"description": "The reservation's id.", "schema": {"type": "integer", "minimum": 1}},
}
"""Parameters in paths; a row that uses another name adds it here."""

PARAMETERS: dict[str, Json] = {
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "ETags of what you have; an unchanged answer is a 304 without a body.",
        "schema": {"type": "string"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag of what you read: who changed it meanwhile is not overwritten (409).",
        "schema": {"type": "string"},
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`wait=N`: hold the answer back for the charger's, 0 to 30 s, 10 where you do not say. "
        "`handling=strict`: a time-out is an error (504) for you; else it is a 202.",
        "schema": {"type": "string"},
        "example": "wait=10",
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes it safe to repeat this request for 24 hours: it is done once, and answered as before.",
        "schema": {"type": "string", "pattern": "^[!-~]([ -~]{0,126}[!-~])?$"},
    },
    "CsrfToken": {
        "name": "X-CSRF-Token",
        "in": "header",
        "description": "With a session alone, and then always: the `csrf` of `/me`. Tokens need none.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    },
}


def _header(words: str, kind: str = "string") -> Json:
    return {"description": words, "schema": {"type": kind}}


HEADERS: dict[str, Json] = {
    "X-Request-Id": _header("Names this request in our log and in the events it caused."),
    "ETag": _header("For `If-None-Match` and, where it begins with a version, `If-Match`."),
    "Location": _header("The path of what was made, or of the command that is under way."),
    "Preference-Applied": _header("What of `Prefer` was understood."),
    "Idempotent-Replayed": _header("`true`: this is the answer of the first request with this key."),
    "Retry-After": _header("Seconds until it is worth asking again.", "integer"),
    "WWW-Authenticate": _header("How to authenticate."),
    "Allow": _header("The methods there are."),
}
PROBLEM_HEADERS = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
"""By status, beyond those of every answer."""

PROBLEM: Json = {
    "description": "An error (RFC 9457). Some codes have members beyond these, such as `ocpp`.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "description": "`urn:zeus:problem:<code>`."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": list(KINDS)},
        "detail": {"type": "string", "description": "What to do about it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "detail"],
                "properties": {
                    "name": {
                        "type": "string",
                        "description": "The parameter, or the path into the body, such as `body.parts[0].id`.",
                    },
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def ref(kind: str, name: str) -> Json:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}
