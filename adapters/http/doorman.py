"""At the door of the API: who is asking, and whether too many came from there without a good credential."""

from collections.abc import Collection

import msgspec
from starlette.requests import Request

from adapters.http.access import Access, Caller
from adapters.http.problems import Problem, rate_limited
from adapters.http.remote import remote_of
from application.lockouts import origin_of
from application.ports import StoreUnavailable
from application.strangers import Strangers


class Doorman:
    """Turns a request into its caller; whoever fails too often is not even looked at."""

    def __init__(
        self,
        access: Access,
        strangers: Strangers | None = None,
        trusted_proxies: Collection[str] = (),
    ) -> None:
        """Without `strangers` nobody is counted."""
        self._access = access
        self._strangers = strangers
        self._trusted_proxies = frozenset(trusted_proxies)

    async def caller(self, request: Request) -> Caller | None:
        """None where the credential is missing or not a good one. Raises a 429 or 503 Problem."""
        authorization = request.headers.get("authorization")
        if self._strangers is None:
            return await self._known(request, authorization)
        origin, shown = origin_of(remote_of(request, self._trusted_proxies)), authorization or ""
        try:
            if (wait_s := await self._strangers.wait_s(origin, shown)) > 0:
                raise rate_limited(wait_s)
            found = await self._known(request, authorization)
            if found is None:
                await self._strangers.bad(origin, shown)
            else:
                self._strangers.good(origin, shown)
        except StoreUnavailable as error:
            raise Problem("store_unavailable", "Nobody can be let in now.") from error
        return found

    async def caller_if_any(self, request: Request) -> Caller | None:
        """The same for a page that answers strangers too: whoever shows nothing is not counted."""
        return await self.caller(request) if "authorization" in request.headers else None

    async def _known(self, request: Request, authorization: str | None) -> Caller | None:
        found = await self._access.caller(authorization)
        if found is None:
            return None
        return msgspec.structs.replace(found, cause=request.scope.get("zeus.request_id", ""))
