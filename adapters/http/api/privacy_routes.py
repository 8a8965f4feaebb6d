"""The rows about personal data."""

from adapters.http.access import Right
from adapters.http.action import MUTATING, STORING, Action
from adapters.http.api import privacy
from adapters.http.api.control import PlainQuery
from adapters.http.route import READING

PRIVACY_ROUTES: tuple[Action, ...] = (
    Action(
        method="POST",
        path="/messages/reveal",
        summary="See frames as they were received, on record",
        handler=privacy.reveal_messages,
        query=PlainQuery,
        body=privacy.RevealBody,
        response=privacy.RevealedMessages,
        right=Right.PERSONAL,
        errors=("not_found", *READING, *STORING, *MUTATING),
    ),
    Action(
        method="POST",
        path="/privacy/export",
        summary="All that is kept of a person, on record",
        handler=privacy.export_subject,
        query=PlainQuery,
        body=privacy.ExportBody,
        response=privacy.ExportShape,
        right=Right.PERSONAL,
        errors=("not_found", *READING, *STORING, *MUTATING),
    ),
    Action(
        method="POST",
        path="/privacy/erase",
        summary="Erase a person for good",
        handler=privacy.erase_subject,
        query=PlainQuery,
        body=privacy.EraseBody,
        response=privacy.ErasedShape,
        right=Right.ADMINISTER,
        errors=("not_found", *READING, *STORING, *MUTATING),
    ),
)
"""What is sealed, seen by those who may, and erased."""
