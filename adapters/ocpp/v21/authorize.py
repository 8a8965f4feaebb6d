"""Authorize of OCPP 2.1: as in all of 2.x, with this version's length of a group."""

from typing import Any

from adapters.ocpp.v2x import authorize
from adapters.ocpp.v2x.authorize import to_report
from adapters.ocpp.v21.id_token import LONGEST
from domain.id_tokens.id_token import Authorization

__all__ = ["to_answer", "to_report"]


def to_answer(outcome: Authorization) -> dict[str, Any]:
    """The verdict, and the status of a contract certificate where one was presented."""
    return authorize.to_answer(outcome, LONGEST)
