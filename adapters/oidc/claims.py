"""What of an id token is believed (OpenID Connect Core §3.1.3.7); pure functions without a clock."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from application.oidc import WordRefused

ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
)
"""Signatures by a key that the provider alone has. `none` and HMAC are no such thing, whatever a token says."""
_KINDS = frozenset({"RSA", "EC", "OKP"})
LEEWAY_S = 60
OLDEST_S = 600
"""A token of longer ago answers nobody who is signing in now."""


def key_set(document: Any) -> KeySet:
    """The keys of a JWKS that verify signatures. Raises WordRefused."""
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, Sequence):
        raise WordRefused("the provider shows no keys")
    usable = [
        one
        for one in keys
        if isinstance(one, Mapping) and one.get("kty") in _KINDS and one.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": usable})  # type: ignore[typeddict-item]
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise WordRefused("the provider shows no key that can be read") from error


def header_of(token: str) -> Mapping[str, Any]:
    """The header, which nobody has vouched for yet. Raises WordRefused."""

    try:
        part = token.split(".")[0]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError as error:
        raise WordRefused("the id token cannot be read") from error
    if not isinstance(found, dict) or token.count(".") != 2:
        raise WordRefused("the id token is none")
    return found


def verified(token: str, keys: KeySet) -> Mapping[str, Any]:
    """The claims of a token that one of the keys signed. Raises WordRefused."""
    if header_of(token).get("alg") not in ALGORITHMS:
        raise WordRefused("the id token is signed by no algorithm of ours")
    try:
        return jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
    except (JoseError, ValueError, TypeError) as error:
        raise WordRefused(f"the signature of the id token is wrong: {type(error).__name__}") from error


def check_claims(claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: datetime) -> str:
    """The subject of a token that is for us, by this issuer, for this sign-in, and of now. Raises WordRefused."""
    if claims.get("iss") != issuer:
        raise WordRefused("the id token is of another issuer")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or client_id not in audiences:
        raise WordRefused("the id token is for another client")
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != client_id:
        raise WordRefused("the id token was asked for by another client")
    if claims.get("nonce") != nonce:
        raise WordRefused("the id token answers another sign-in")
    at = now.timestamp()
    expires, issued = _number(claims, "exp"), _number(claims, "iat")
    if at >= expires + LEEWAY_S:
        raise WordRefused("the id token is over")
    if not at - OLDEST_S - LEEWAY_S <= issued <= at + LEEWAY_S:
        raise WordRefused("the id token is of another time")
    if "nbf" in claims and at < _number(claims, "nbf") - LEEWAY_S:
        raise WordRefused("the id token is not valid yet")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise WordRefused("the id token names nobody")
    return subject


def groups_in(claims: Mapping[str, Any], name: str) -> list[str] | None:
    """The groups of a claim, a list or one name; None where there is no such claim. Dots lead into objects, as in
    `realm_access.roles`, where no claim is called so."""
    found: Any = claims.get(name)
    if found is None and "." in name:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return [found]
    if isinstance(found, list):
        return [one for one in found if isinstance(one, str)]
    return None


def text_in(claims: Mapping[str, Any], name: str) -> str:
    """A claim that is text; empty for any other."""
    found = claims.get(name)
    return found if isinstance(found, str) else ""


def _number(claims: Mapping[str, Any], name: str) -> float:
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise WordRefused(f"the id token has no {name}")
    return float(found)
