"""The cookie of a session: for this host alone, out of reach of scripts, and never sent in clear."""

import ipaddress
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from adapters.http.problems import Problem

SECURE = "__Host-zeus"
"""Browsers take this name from https alone, for this host and for every path (RFC 6265bis §4.1.3.2)."""
PLAIN = "zeus"
"""On a laptop, without https."""

_ERRAND = "-oidc"


def set_cookie(session_id: str, origin: str) -> str:
    """The header's value. Raises a 403 Problem where the session would travel in clear."""
    name, secure = _kind(origin)
    return f"{name}={session_id}; Path=/; HttpOnly; SameSite=Lax{secure}"


def end_cookie(origin: str) -> str:
    """The browser forgets it."""
    name, secure = (SECURE, "; Secure") if origin.startswith("https:") else (PLAIN, "")
    return f"{name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}"


def session_id_in(cookies: str, origin: str) -> str:
    """The session's id; empty where there is none. Where https is spoken the plain name counts for nothing: a
    neighbour's page without https could have set it."""
    return _in(cookies, SECURE if origin.startswith("https:") else PLAIN)


def errand_cookie(sealed: str, origin: str) -> str:
    """What the browser brings back from a provider; sent along although another site leads here (Lax)."""
    name, secure = _kind(origin)
    return f"{name}{_ERRAND}={sealed}; Path=/; HttpOnly; SameSite=Lax; Max-Age=600{secure}"


def end_errand_cookie(origin: str) -> str:
    """It is of use once."""
    name, secure = _kind(origin)
    return f"{name}{_ERRAND}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}"


def errand_in(cookies: str, origin: str) -> str:
    """What the browser brings back; empty where it brings nothing."""
    return _in(cookies, (SECURE if origin.startswith("https:") else PLAIN) + _ERRAND)


def is_loopback(host: str) -> bool:
    """This machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _in(cookies: str, name: str) -> str:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(cookies)
    except CookieError:
        return ""
    found = jar.get(name)
    return "" if found is None else found.value


def _kind(origin: str) -> tuple[str, str]:
    if origin.startswith("https:"):
        return SECURE, "; Secure"
    if is_loopback(urlsplit(origin).hostname or ""):
        return PLAIN, ""
    raise Problem("insecure", "Sign in over https, or on the machine itself.")
