"""Id tokens of 2.x: the token as told, and the idTokenInfo we answer."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.timestamps import write_timestamp
from domain.id_tokens.id_token import Authorization, Verdict
from domain.identity import IdToken

STATUS: Mapping[Verdict, str] = {
    Verdict.ACCEPTED: "Accepted",
    Verdict.BLOCKED: "Blocked",
    Verdict.EXPIRED: "Expired",
    Verdict.CONCURRENT: "ConcurrentTx",
    Verdict.UNKNOWN: "Unknown",
    Verdict.EMPTY: "Invalid",
    Verdict.UNPROVEN: "Invalid",
}
"""Our verdict → AuthorizationStatusEnumType."""

GROUP_KIND = "Central"
"""A group is a name that we give, which 2.x calls a token of type Central (IdTokenEnumType)."""


def id_token(told: Mapping[str, Any]) -> IdToken:
    """`{"idToken", "type"}`; the additional tokens in `additionalInfo` stay in the frame."""
    return IdToken(told["idToken"], told["type"])


def id_token_info(authorization: Authorization, longest: int) -> dict[str, Any]:
    """`{"status": …}` with the expiry and the group where there are any.

    `longest`: how many characters this version allows in an id token; a longer group is left out, cut
    short it would name another one.
    """
    info: dict[str, Any] = {"status": STATUS[authorization.verdict]}
    if authorization.expires_at is not None:
        info["cacheExpiryDateTime"] = write_timestamp(authorization.expires_at)
    if authorization.group and len(authorization.group) <= longest:
        info["groupIdToken"] = {"idToken": authorization.group, "type": GROUP_KIND}
    return info
