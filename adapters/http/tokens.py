"""API tokens of any number of tenants, beside the one of the settings."""

from adapters.http.access import Access, Caller, bearer_token
from adapters.http.problems import Problem
from application import clock
from application.ports import StoreUnavailable
from application.tenants import TokenDoor


class StoredTokens:
    """Asks the token of the settings first, so that whoever runs the installation gets in without the store."""

    def __init__(self, first: Access, door: TokenDoor) -> None:
        self._first = first
        self._door = door

    async def caller(self, authorization: str | None) -> Caller | None:
        """See the port. Raises Problem `store_unavailable` where nobody can tell whether the token is good."""
        first = await self._first.caller(authorization)
        if first is not None:
            return first
        try:
            holder = await self._door.holder(bearer_token(authorization), clock.now())
        except StoreUnavailable as error:
            raise Problem("store_unavailable", "Your token cannot be looked up now.") from error
        if holder is None:
            return None
        return Caller(
            holder.tenant,
            f"key:{holder.token_id}",
            holder.rights,
            holder.role,
            holder.name,
            holder.expires_at,
            chargers=holder.chargers,
        )
