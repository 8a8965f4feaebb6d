"""The rows about API tokens."""

from datetime import datetime

from adapters.http.access import Right
from adapters.http.action import MUTATING, STORING, Action
from adapters.http.api import tokens
from adapters.http.api.control import PlainQuery
from adapters.http.route import READING, Link, Page, Route

TOKEN_ROUTES: tuple[Route | Action, ...] = (
    Route(
        method="GET",
        path="/tokens",
        summary="API tokens, with their last use",
        handler=tokens.list_tokens,
        query=tokens.TokensQuery,
        response=Page[tokens.TokenShape],
        right=Right.AUDIT,
        errors=READING,
        key=tuple[datetime, str],
        links=(Link("token", "one_token", {"id": "$response.body#/items/0/id"}),),
    ),
    Route(
        method="GET",
        path="/tokens/{id}",
        summary="One API token",
        handler=tokens.one_token,
        query=PlainQuery,
        response=tokens.TokenShape,
        right=Right.AUDIT,
        errors=("not_found", *READING),
        etag=True,
    ),
    Action(
        method="POST",
        path="/tokens",
        summary="Make an API token",
        handler=tokens.issue_token,
        query=PlainQuery,
        body=tokens.NewToken,
        response=tokens.IssuedTokenShape,
        right=Right.ADMINISTER,
        statuses=(201,),
        errors=(*STORING, *MUTATING),
        links=(Link("token", "one_token", {"id": "$response.body#/id"}),),
    ),
    Action(
        method="DELETE",
        path="/tokens/{id}",
        summary="Revoke an API token",
        handler=tokens.revoke_token,
        query=tokens.RevokeQuery,
        response=None,
        right=Right.ADMINISTER,
        statuses=(204,),
        errors=("not_found", *STORING, *MUTATING),
    ),
)
"""Credentials."""
