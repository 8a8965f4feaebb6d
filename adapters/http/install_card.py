"""The installation card: everything a technician enters in the box, on one page to print, with QR codes."""

from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from html import escape

import msgspec
import segno

from adapters.http.charger_addresses import Addresses
from adapters.http.install_card_page import PAGE, STYLE

VALID_S = 15 * 60
"""A link to a card with a password lives as long as it takes to print it."""

_DIGEST = b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
PROFILES = {
    0: "0: open, no password (only within a VPN)",
    1: "1: password, without TLS (only within a VPN)",
    2: "2: password over TLS",
    3: "3: client certificate over TLS",
}


class CardFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is on a card; the same struct travels sealed in its link."""

    cpid: str
    security_profile: int
    addresses: Addresses
    id: str = ""
    """Of a card that is shown once; empty for a reprint."""
    name: str = ""
    site: str = ""
    password: str | None = None
    """None: a reprint, or a profile without one."""
    connectors: tuple[str, ...] = ()
    """In words, such as `1: Type2, 32 A, 3 phases`."""
    ca_note: str = ""
    """Which root certificates the box must know, and until when they are valid."""
    ntp: str = "pool.ntp.org"
    fallback_a: int = 6
    """What the box may draw for each phase while it cannot reach us; at least 6 A, and what the feeder bears."""
    versions: tuple[str, ...] = ("1.6", "2.0.1", "2.1")


Row = tuple[str, str, str]
"""Name, value in HTML, note."""


def render_card(card: CardFacts, printed_at: datetime) -> str:
    """The page. It loads nothing, runs nothing, and every value is escaped."""
    codes = [_qr("Backend URL", card.addresses.full)]
    if card.password is not None:
        codes.append(_qr("Password", card.password))
    return PAGE.format(
        style=STYLE,
        cpid=escape(card.cpid),
        name=escape(" · ".join(part for part in (card.name, card.site) if part)),
        codes="".join(codes),
        address=_table(_address_rows(card)),
        login=_table(_login_rows(card)),
        surroundings=_table(_surrounding_rows(card)),
        checks="".join(f"<li>{escape(check)}</li>" for check in _checks(card)),
        printed=escape(printed_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        secret=_secret_note(card),
    )


def _address_rows(card: CardFacts) -> Iterable[Row]:
    at = card.addresses
    yield "Backend URL, A", _value(at.base), "for boxes that append the id themselves"
    yield "Backend URL, B", _value(at.full), "for boxes that want the full URL"
    parts = f"host {_value(at.host)} port {_value(str(at.port))} path {_value(at.path)}"
    yield "Backend URL, C", parts, f"for boxes with a field for each part; {at.scheme} is a switch there"
    names = ", ".join(f"ocpp{version}" for version in card.versions)
    yield "Protocol", _value(names), "JSON over WebSocket, not SOAP"
    yield "Charge point ID", _value(card.cpid), "exactly so, without a blank before or after it"


def _login_rows(card: CardFacts) -> Iterable[Row]:
    profile = PROFILES.get(card.security_profile, str(card.security_profile))
    yield "Security profile", escape(profile), ""
    if card.security_profile == 0:
        yield "Password", "none", "leave the field empty"
        return
    if card.security_profile == 3:
        yield "Password", "none", "the box shows its certificate instead"
        return
    yield "User", _value(card.cpid), "some boxes have no field for it"
    if card.password is None:
        yield "Password", "as issued", "not stored anywhere: a forgotten one is replaced by a new one"
        return
    yield "Password", _value(card.password), "AuthorizationKey; capitals count"
    yield "… in hex", _value(card.password.encode().hex()), "for boxes that want 40 hexadecimal digits"


def _surrounding_rows(card: CardFacts) -> Iterable[Row]:
    if card.addresses.scheme == "wss":
        note = (
            card.ca_note or "the box must know the root of our certificate; some drop TLS silently without it"
        )
        yield "CA certificate", escape(note), ""
        yield "Server name", _value(card.addresses.host), "enter this name, never an IP address (SNI)"
    yield "Time", f"NTP on, {_value(card.ntp)}, UTC", "with a wrong clock no certificate is valid"
    yield "Mobile network", "APN, keep-alive ≤ 60 s", "NAT forgets idle sockets within minutes"
    yield "Fallback current", _value(f"{card.fallback_a} A"), "for each phase while we cannot be reached"
    yield "Authorisation", "by the backend: on", "“free vend” off"
    if card.connectors:
        yield (
            "Connectors",
            escape("; ".join(card.connectors)),
            "note the phase rotation of each (RST, STR, TRS)",
        )


def _checks(card: CardFacts) -> Iterable[str]:
    yield f"The status board shows {card.cpid} online. If not: “zeus attempts {card.cpid}” says why."
    yield "It booted and was accepted; vendor, model and firmware are shown."
    yield "Every connector shows Available."
    yield "A start from the backend charges, and the meter counts."
    yield f"A limit of 10 A is obeyed; unplugged from the network it falls back to {card.fallback_a} A."
    yield "A card that is registered starts and stops; a strange one is refused."


def _secret_note(card: CardFacts) -> str:
    if card.password is None:
        return "This card holds no password."
    return "The password is shown this once. Keep this card as you keep a key; destroy it when the box is online."


def _value(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _table(rows: Iterable[Row]) -> str:
    return "".join(map(_row, rows))


def _row(row: Row) -> str:
    name, value, note = row
    head = f'<tr><th scope="row">{escape(name)}</th>'
    if not note:
        return f'{head}<td colspan="2">{value}</td></tr>'
    return f'{head}<td>{value}</td><td class="note">{escape(note)}</td></tr>'


def _qr(caption: str, text: str) -> str:
    code = segno.make(text, error="m", micro=False)
    drawing = code.svg_inline(omitsize=True, svgclass="qr", lineclass=None, title=f"{caption} as QR code")
    return f"<figure>{drawing}<figcaption>{escape(caption)}</figcaption></figure>"
