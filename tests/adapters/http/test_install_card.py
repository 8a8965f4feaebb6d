"""The installation card and its links: escaped, complete, closed to the outside, opened once."""

import asyncio
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.http.charger_addresses import addresses_of
from adapters.http.install_card import HEADERS, VALID_S, CardFacts, render_card
from adapters.http.install_card_links import PATH, CardGone, InstallCards, Surroundings
from adapters.http.install_card_page import STYLE
from adapters.http.sealed import LinkUnreadable, Sealer
from adapters.ocpp.handshake import read_path
from domain.chargers.credentials import ALPHABET, LENGTH
from domain.identity import CPID_LIMIT
from domain.provisioning.events import InstallCardShown
from tests.fakes.event_store import InMemoryEventStore

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PASSWORD = "7pQkR4vXyNc2TzHw9eJb"
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30)
cpids = (
    st.text(st.characters(codec="utf-8", exclude_characters="/:"), min_size=1, max_size=CPID_LIMIT)
    .filter(str.isprintable)
    .filter(lambda cpid: cpid == cpid.strip())
)


def cards(store: InMemoryEventStore | None = None, secret: bytes = b"s", tenant: str = "t") -> InstallCards:
    return InstallCards(store or InMemoryEventStore(), tenant, secret, Surroundings(ca_note="ISRG Root X1"))


def card(password: str | None = PASSWORD, **more: str) -> CardFacts:
    return cards().card("https://csms.example.org", "CP-A7XK", 2, password=password, **more)  # type: ignore[arg-type]


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action", "data")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    ("origin", "profile", "base"),
    [
        ("https://csms.example.org", 2, "wss://csms.example.org/ocpp"),
        ("https://csms.example.org:8443", 1, "wss://csms.example.org:8443/ocpp"),
        ("http://10.0.0.1:8080", 1, "ws://10.0.0.1:8080/ocpp"),
        ("http://10.0.0.1:8080", 2, "wss://10.0.0.1:8080/ocpp"),
        ("http://[::1]:8080", 0, "ws://[::1]:8080/ocpp"),
        ("http://zeus", 0, "ws://zeus/ocpp"),
    ],
)
def test_addresses_are_given_in_three_ways(origin: str, profile: int, base: str) -> None:
    at = addresses_of(origin, "CP 1", profile)
    assert (at.base, at.full) == (base, f"{base}/CP%201")
    assert base.startswith(f"{at.scheme}://")
    assert at.host in base
    assert at.path == "ocpp"


@given(cpid=cpids)
def test_a_charger_that_takes_the_full_address_arrives_under_its_id(cpid: str) -> None:
    full = addresses_of("https://zeus", cpid, 2).full
    assert read_path(full.removeprefix("wss://zeus").encode()).cpid == cpid


def test_the_card_holds_what_is_entered_in_the_box() -> None:
    text = Page(render_card(card(name="Bay 1", site="harbour"), NOW)).text
    for value in (
        "wss://csms.example.org/ocpp/CP-A7XK",
        "host csms.example.org port 443 path ocpp",
        "2: password over TLS",
        PASSWORD,
        PASSWORD.encode().hex(),
        "ISRG Root X1",
        "pool.ntp.org",
        "6 A",
        "Bay 1 · harbour",
        "zeus attempts CP-A7XK",
        "2026-11-25 12:00 UTC",
    ):
        assert value in text, value
    assert text.count("as QR code") == 2


def test_a_reprint_holds_no_password_and_an_open_charger_needs_none() -> None:
    reprint = Page(render_card(card(None), NOW)).text
    assert "not stored anywhere" in reprint
    assert reprint.count("as QR code") == 1
    opened = cards().card("http://zeus", "CP1", 0)
    assert "leave the field empty" in render_card(opened, NOW)


@settings(max_examples=25, deadline=None)  # a QR code is much work
@given(cpid=cpids, name=words, site=words, note=words, password=st.text(ALPHABET, min_size=16, max_size=40))
def test_nothing_that_was_entered_becomes_part_of_the_page(
    cpid: str, name: str, site: str, note: str, password: str
) -> None:
    plain = Page(render_card(card(), NOW))
    facts = CardFacts(
        cpid=cpid,
        security_profile=2,
        addresses=addresses_of("https://zeus", cpid, 2),
        name=name,
        site=site,
        password=password,
        ca_note=note + "<script>",
    )
    page = Page(render_card(facts, NOW))
    assert page.tags == plain.tags
    assert cpid in page.text
    assert page.links == []
    assert "style" not in page.attributes
    assert not any(name.startswith("on") for name in page.attributes)


def test_the_page_may_load_and_run_nothing() -> None:
    page = render_card(card(), NOW)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style == STYLE
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = HEADERS["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert HEADERS["Cache-Control"] == "no-store"
    assert HEADERS["Referrer-Policy"] == "no-referrer"
    assert "script" not in Page(page).tags
    for drawing in re.findall(r"<svg.*?</svg>", page):
        ElementTree.fromstring(drawing)  # noqa: S314 - our own


async def test_a_link_is_opened_once_on_whatever_server() -> None:
    store = InMemoryEventStore()
    here, there = cards(store), cards(store)
    path, until = here.link(card(), NOW)
    assert until == NOW + timedelta(seconds=VALID_S)
    token = path.removeprefix(PATH)
    assert PASSWORD not in token
    opened = await asyncio.gather(there.open(token, NOW), here.open(token, NOW), return_exceptions=True)
    pages = [one for one in opened if isinstance(one, str)]
    assert len(pages) == 1
    assert PASSWORD in pages[0]
    assert [type(one) for one in opened if not isinstance(one, str)] == [CardGone]
    assert [one.event.fact for one in store.log] == [InstallCardShown(cpid="CP-A7XK")]
    assert PASSWORD not in str(store.log)


async def test_a_link_ends_and_belongs_to_its_tenant_and_installation() -> None:
    path, until = cards().link(card(), NOW)
    token = path.removeprefix(PATH)
    for other, at in ((cards(), until), (cards(secret=b"x"), NOW), (cards(tenant="u"), NOW)):
        with pytest.raises(CardGone):
            await other.open(token, at)
    assert await cards().open(token, until - timedelta(seconds=1))


@given(data=st.data())
def test_a_link_that_was_touched_opens_nothing(data: st.DataObject) -> None:
    sealer = Sealer(b"s", "p")
    token = sealer.seal({"password": PASSWORD}, NOW + timedelta(minutes=1))
    assert sealer.open(token, dict, NOW) == {"password": PASSWORD}
    at = data.draw(st.integers(0, len(token) - 2))  # the last sign has bits to spare
    sign = data.draw(st.sampled_from("ABab01-_"))
    if sign == token[at]:  # what the token holds is chance, and must not decide what is drawn
        sign = "C"
    for touched in (token[:at] + sign + token[at + 1 :], token[:at], token + "AAAA"):
        with pytest.raises(LinkUnreadable):
            sealer.open(touched, dict, NOW)


@given(token=st.text(max_size=60) | st.just("A" * 5000))
def test_any_other_text_opens_nothing(token: str) -> None:
    with pytest.raises(LinkUnreadable):
        Sealer(b"s", "p").open(token, dict, NOW)


def test_the_password_fits_where_it_is_typed() -> None:
    assert len(PASSWORD) == LENGTH
    assert set(PASSWORD) <= set(ALPHABET)
