"""Authorize of 2.x (C01 to C07): may this token, or this contract certificate, charge?"""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.v2x.id_token import id_token, id_token_info
from application.reports import Report, TokenQuestion
from domain.id_tokens.id_token import Authorization, Verdict


def to_report(payload: Mapping[str, Any]) -> Report:
    """TokenQuestion, with the word that a contract certificate or its OCSP hashes came along."""
    with_certificate = "certificate" in payload or "iso15118CertificateHashData" in payload
    return Report(TokenQuestion(id_token(payload["idToken"]), with_certificate))


def to_answer(outcome: Authorization, longest: int) -> dict[str, Any]:
    """The verdict; for a certificate also its status.

    We do not ask OCSP responders, so no chain is ever proven: the status is `CertChainError` and the token
    `Invalid`, as C07.FR.17 answers a chain that cannot be verified. Never `Accepted` for what nobody checked.
    """
    answer: dict[str, Any] = {"idTokenInfo": id_token_info(outcome, longest)}
    if outcome.verdict is Verdict.UNPROVEN:
        answer["certificateStatus"] = "CertChainError"
    return answer
