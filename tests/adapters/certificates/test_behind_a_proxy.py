"""SEC-11: certificates that a proxy was shown count from a trusted proxy alone, and are judged by us."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from adapters.certificates.judge import Judge
from adapters.certificates.tls import Tls, TlsFiles
from tests.adapters.certificates.makers import Authority, Leaf
from tests.adapters.certificates.proxied import headers_of
from tests.adapters.ocpp.front_door import FrontDoor
from tests.fakes.charger_socket import ChargerSocket

PROXY = "10.0.0.7"
"""Where a fake charger's socket comes from."""


def as_pairs(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


async def knock(
    files: TlsFiles, headers: Sequence[tuple[bytes, bytes]], trusted: frozenset[str] = frozenset({PROXY})
) -> tuple[int | None, list[str]]:
    """(status, recorded reasons)."""
    door = FrontDoor(judge=lambda book: Judge(Tls(files), book), trusted_proxies=trusted)
    await door.register("CP1", profile=3)
    socket = ChargerSocket(door.gateway, headers=headers)
    status = await socket.decided()
    socket.leave(1000)
    await socket.ended()
    return status, [fact.reason for fact in door.refusals()]


@pytest.fixture(scope="module")
def fleet() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def shown(fleet: Authority) -> Leaf:
    return fleet.issue("CP1")


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        ("FAILED:certificate has expired", "client_cert_expired"),
        ("FAILED:certificate is not yet valid", "client_cert_expired"),
        ("FAILED:certificate revoked", "client_cert_revoked"),
        ("FAILED:unable to verify the first certificate", "client_cert_untrusted"),
        ("success", "client_cert_untrusted"),
        ("NONE", "client_cert_missing"),
        ("", "client_cert_missing"),
    ],
)
async def test_without_authorities_of_ours_the_proxys_verdict_counts(
    shown: Leaf, verdict: str, reason: str
) -> None:
    assert (await knock(TlsFiles(), as_pairs(headers_of(shown)))) == (101, [])
    _, reasons = await knock(TlsFiles(), as_pairs(headers_of(shown, verdict)))
    assert reasons == [reason]


async def test_an_expired_certificate_is_expired_whatever_the_proxy_says(
    fleet: Authority, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_bytes(fleet.pem)
    files = TlsFiles(authorities=(tmp_path / "ca.pem",))
    _, reasons = await knock(files, as_pairs(headers_of(fleet.issue("CP1", days=-1))))
    assert reasons == ["client_cert_expired"]


async def test_with_authorities_of_ours_we_judge(fleet: Authority, shown: Leaf, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(fleet.pem)
    files = TlsFiles(authorities=(tmp_path / "ca.pem",))
    unknown_to_the_proxy = headers_of(shown, "FAILED:unable to verify the first certificate")
    assert (await knock(files, as_pairs(unknown_to_the_proxy))) == (101, [])
    foreign = headers_of(Authority().issue("CP1"))
    assert (await knock(files, as_pairs(foreign)))[1] == ["client_cert_untrusted"]


async def test_nobody_else_may_say_who_is_there(shown: Leaf) -> None:
    _, reasons = await knock(TlsFiles(), as_pairs(headers_of(shown)), frozenset({"10.9.9.9"}))
    assert reasons == ["client_cert_missing"]


async def test_what_is_no_certificate_is_not_believed() -> None:
    headers = {"X-SSL-Client-Verify": "SUCCESS", "X-SSL-Client-Cert": "CN=CP1", "X-Forwarded-Proto": "https"}
    assert (await knock(TlsFiles(), as_pairs(headers)))[1] == ["client_cert_untrusted"]


async def test_a_certificate_shown_without_tls_is_none(shown: Leaf) -> None:
    headers = {**headers_of(shown), "X-Forwarded-Proto": "http"}
    assert (await knock(TlsFiles(), as_pairs(headers)))[1] == ["client_cert_missing"]
