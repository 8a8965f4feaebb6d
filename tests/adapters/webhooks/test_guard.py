"""Where webhooks may lead, and where nothing of ours ever connects to (SEC-17)."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from adapters.webhooks.guard import AddressRefused, addresses_of, is_public
from adapters.webhooks.sender import NotDelivered, Sender
from tests.adapters.webhooks.receiver import Receiver

INWARD = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:db8::1",
)
PUBLIC = ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34", "64:ff9b::5db8:d822")


@pytest.mark.parametrize("address", INWARD)
def test_nothing_within_our_networks_is_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_elsewhere_is_public(address: str) -> None:
    assert is_public(ip_address(address))


async def test_one_forbidden_address_forbids_the_name() -> None:
    async def mixed(host: str, port: int) -> Sequence[str]:
        return ["93.184.216.34", "169.254.169.254"]

    with pytest.raises(AddressRefused):
        await addresses_of("a.example", 443, private=False, how=mixed)


async def test_a_name_that_changes_its_mind_is_asked_once() -> None:
    """Rebinding: what is judged is what is connected to."""
    asked = []

    async def turning(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    assert await addresses_of("a.example", 443, private=False, how=turning) == ["93.184.216.34"]
    assert asked == ["a.example"]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://localhost/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data",
    ],
)
async def test_sec_17_no_spelling_leads_inside(url: str) -> None:
    with pytest.raises(NotDelivered, match=r"within our networks|not known|No address|Name or service"):
        await Sender().post(url, {}, b"")


async def test_plain_http_is_refused_before_anything_is_looked_up() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        raise AssertionError(host)

    with pytest.raises(NotDelivered, match="HTTPS"):
        await Sender(how=never).post("http://a.example/", {}, b"")


async def test_an_answer_without_an_end_is_cut_off() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000)
                await writer.drain()
                await asyncio.sleep(0)
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(NotDelivered):
        await Sender(private=True, timeout_s=5).post(f"http://127.0.0.1:{port}/", {}, b"")
    server.close()


async def test_a_self_made_certificate_is_not_trusted() -> None:
    async with Receiver() as receiver:
        url = receiver.url.replace("http:", "https:")
        with pytest.raises(NotDelivered):
            await Sender(private=True, timeout_s=2).post(url, {}, b"")
