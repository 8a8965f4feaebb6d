"""Authorize (1.6 §4.1): may this tag charge?"""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v16.id_tag import id_tag_info
from application.reports import Report, TokenQuestion
from domain.id_tokens.id_token import Authorization
from domain.identity import IdToken


def to_report(payload: Mapping[str, Any]) -> Report:
    """`{"idTag"}` → TokenQuestion. An empty tag stays empty, and is judged as unknown."""
    return Report(TokenQuestion(IdToken(payload["idTag"])))


def to_answer(outcome: Authorization) -> dict[str, Any]:
    """The verdict."""
    return {"idTagInfo": id_tag_info(outcome)}
