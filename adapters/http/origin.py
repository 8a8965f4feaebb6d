"""Whose page a browser's request comes from: a cookie counts for our own pages and those that were allowed.

Browsers send cookies along with what other sites make them ask for; they cannot be made to leave out or to change
`Origin` and `Sec-Fetch-Site`. Whoever serves a stream calls `check_upgrade` before it begins.
"""

from collections.abc import Collection, Mapping

from starlette.datastructures import QueryParams

from adapters.http.problems import Problem, malformed
from domain.tenants.api_token import taken_apart

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_TOKEN_NAMES = frozenset({"access_token", "token", "authorization", "api_key", "bearer"})


def check_origin(headers: Mapping[str, str], method: str, own: str, allowed: Collection[str] = ()) -> None:
    """Raises a 403 Problem for what another site made a browser ask. `own` is `https://host[:port]`, and so are
    those of `allowed`. What changes something has to show where it comes from."""
    told = headers.get("origin")
    if told is not None:
        if not _is_ours(told, own, allowed):
            raise cross_site()
        return
    site = headers.get("sec-fetch-site")
    if site is None:
        if method not in SAFE:
            raise cross_site()
    elif site not in ("same-origin", "none"):
        raise cross_site()


def check_if_told(headers: Mapping[str, str], own: str, allowed: Collection[str] = ()) -> None:
    """The same where no cookie is needed: programs tell nothing and may ask, other sites' pages may not."""
    if "origin" in headers or "sec-fetch-site" in headers:
        check_origin(headers, "GET", own, allowed)


def check_upgrade(headers: Mapping[str, str], own: str, allowed: Collection[str] = ()) -> None:
    """Before a socket or a stream is opened by a cookie: an `Origin` is needed, and must be ours (CWE-1385).

    An EventSource of our own page sends none to its own origin: then `Sec-Fetch-Site` says so.
    """
    told = headers.get("origin")
    ours = headers.get("sec-fetch-site") == "same-origin" if told is None else _is_ours(told, own, allowed)
    if not ours:
        raise cross_site()


def check_address(query: QueryParams) -> None:
    """Raises a 400 Problem for a token in the address: addresses are in logs, histories and referrers."""
    for name, value in query.multi_items():
        if name.lower() in _TOKEN_NAMES or taken_apart(value) is not None:
            raise malformed(
                name, "A token in an address is in every log. Send it as a header, and revoke this one."
            )


def cross_site() -> Problem:
    """The same words whatever was missing."""
    return Problem("cross_site", "A session counts for our own pages. Programs send an API token.")


def _is_ours(told: str, own: str, allowed: Collection[str]) -> bool:
    return told.lower() in {own.lower(), *(one.rstrip("/").lower() for one in allowed)}
