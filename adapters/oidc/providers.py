"""Any provider of OpenID Connect: found by its issuer, asked by authorization code with PKCE, believed by its keys."""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from joserfc.jwk import KeySet

from adapters.oidc.claims import check_claims, groups_in, header_of, key_set, text_in, verified
from adapters.oidc.fetching import Fetch
from application import clock
from application.oidc import Client, Errand, ProviderAway, Word, WordRefused, word_of

FRESH_S = 600.0
"""What a provider says of itself is asked anew after so long."""
KEYS_EVERY_S = 60.0
"""An unknown key makes us look for new ones, so often and no more."""
MOST = 256
"""Providers remembered at once."""


class _Known(msgspec.Struct):
    """A provider as it described itself."""

    document: Mapping[str, Any]
    asked_at: float
    keys: KeySet | None = None
    keys_at: float = 0.0


class OpenIdConnect:
    """The port `application.oidc.IdentityProviders`."""

    def __init__(self, fetch: Fetch, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}
        self._asking = asyncio.Lock()

    async def address(self, client: Client, errand: Errand, back: str) -> str:
        """See the port."""
        known = await self._provider(client.chosen.issuer)
        url = str(self._fetch.check(_endpoint(known, "authorization_endpoint")))
        challenge = hashlib.sha256(errand.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": client.chosen.client_id,
            "redirect_uri": back,
            "scope": " ".join(client.chosen.scopes),
            "state": errand.state,
            "nonce": errand.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}"

    async def redeem(self, client: Client, errand: Errand, code: str, back: str, now: datetime) -> Word:
        """See the port."""
        chosen = client.chosen
        known = await self._provider(chosen.issuer)
        answer = await self._exchange(client, known, errand, code, back)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise WordRefused("the provider gives no id token")
        claims = verified(token, await self._keys_for(known, token))
        subject = check_claims(
            claims, issuer=chosen.issuer, client_id=chosen.client_id, nonce=errand.nonce, now=now
        )
        groups = groups_in(claims, chosen.groups_claim)
        more: Mapping[str, Any] = {}
        if groups is None and "userinfo_endpoint" in known.document:
            more = await self._more(known, subject, answer)
            groups = groups_in(more, chosen.groups_claim)
        said = {**more, **claims}
        names = [text_in(said, "email"), text_in(said, "preferred_username")]
        return word_of(chosen.issuer, subject, names, text_in(said, "name"), groups or [])

    async def describe(self, issuer: str) -> Mapping[str, Any]:
        """What the provider says of itself. Raises ProviderAway."""
        return (await self._provider(issuer)).document

    async def close(self) -> None:
        """Let go of the connections."""
        await self._fetch.close()

    # -- what a provider says of itself ----------------------------------------------------------------------

    async def _provider(self, issuer: str) -> _Known:
        async with self._asking:
            known = self._known.get(issuer)
            if known is not None and self._monotonic() - known.asked_at < FRESH_S:
                return known
            document = await self._fetch.get(issuer.rstrip("/") + "/.well-known/openid-configuration")
            if not isinstance(document, Mapping) or document.get("issuer") != issuer:
                raise ProviderAway(f"{issuer} does not call itself so")
            known = _Known(document, self._monotonic())
            self._known[issuer] = known
            while len(self._known) > MOST:
                self._known.pop(next(iter(self._known)))
            return known

    async def _keys_for(self, known: _Known, token: str) -> KeySet:
        """Keys rotate: one that is not known is looked for, but a made-up name does not make us ask each time."""
        kid = header_of(token).get("kid")
        stale = self._monotonic() - known.keys_at >= KEYS_EVERY_S
        unknown = known.keys is None or (kid is not None and kid not in {one.kid for one in known.keys.keys})
        if known.keys is None or (unknown and stale):
            known.keys = key_set(await self._fetch.get(_endpoint(known, "jwks_uri")))
            known.keys_at = self._monotonic()
        return known.keys

    # -- the code --------------------------------------------------------------------------------------------

    async def _exchange(
        self, client: Client, known: _Known, errand: Errand, code: str, back: str
    ) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": errand.verifier,
        }
        headers: dict[str, str] = {}
        name = client.chosen.client_id
        methods = known.document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if not client.secret:
            form["client_id"] = name
        elif "client_secret_basic" in methods:
            pair = f"{quote(name, safe='')}:{quote(client.secret, safe='')}"  # RFC 6749 §2.3.1
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": name, "client_secret": client.secret}
        answer = await self._fetch.post(_endpoint(known, "token_endpoint"), form, headers)
        if not isinstance(answer, Mapping):
            raise WordRefused("the provider answers with something else than tokens")
        return answer

    async def _more(self, known: _Known, subject: str, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """Some providers tell groups only so."""
        token = text_in(answer, "access_token")
        url = _endpoint(known, "userinfo_endpoint")
        more = await self._fetch.get(url, {"Authorization": f"Bearer {token}"})
        if not isinstance(more, Mapping) or more.get("sub") != subject:
            raise WordRefused("the provider speaks of somebody else")
        return more


def _endpoint(known: _Known, name: str) -> str:
    found = known.document.get(name)
    if not isinstance(found, str):
        raise ProviderAway(f"its document has no {name}")
    return found
