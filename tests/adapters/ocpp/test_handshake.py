"""The handshake: what the path, the headers and the subprotocols say, and every reason has a hint."""

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ocpp.handshake import (
    Address,
    Credentials,
    Negotiated,
    negotiate,
    read_credentials,
    read_path,
    read_request,
)
from adapters.ocpp.refusals import VERDICTS, Reason
from adapters.ocpp.versions import Version

V16, V201, V21 = Version


@pytest.mark.parametrize(
    ("path", "version", "cpid", "problems"),
    [
        ("/ocpp/CP1", None, "CP1", []),
        ("/ocpp/1.6/CP1", V16, "CP1", []),
        ("/ocpp/2.0.1/CP1", V201, "CP1", []),
        ("/ocpp/2.1/CP1", V21, "CP1", []),
        ("/ocpp/1.6/RDAM%20123", V16, "RDAM 123", []),
        ("/ocpp/1.6/%C3%A9", V16, "é", []),
        ("/ocpp/1.6/CP1/", V16, "CP1", [Reason.ID_TRAILING_SLASH]),
        ("/ocpp/1.6/CP1%20", V16, "CP1", [Reason.ID_TRAILING_SPACE]),
        ("/ocpp/1.6/%20CP1", V16, "CP1", [Reason.ID_TRAILING_SPACE]),
        ("/ocpp/1.6/CP1%0D%0A", V16, "CP1", [Reason.ID_TRAILING_SPACE]),
        ("/ocpp/1.6/CP1%", V16, "CP1", [Reason.ID_TRAILING_PERCENT]),
        ("/ocpp/1.6/RDAM%2520123", V16, "RDAM%20123", [Reason.ID_ENCODED_TWICE]),
        ("/ocpp//1.6//CP1", V16, "CP1", [Reason.PATH_DOUBLE_SLASH]),
        ("//ocpp/1.6/CP1//", V16, "CP1", [Reason.ID_TRAILING_SLASH, Reason.PATH_DOUBLE_SLASH]),
        ("/ocpp", None, None, [Reason.ID_MISSING]),
        ("/ocpp/", None, None, [Reason.ID_MISSING]),
        ("/ocpp/1.6", V16, None, [Reason.ID_MISSING]),
        ("/ocpp/1.6/", V16, None, [Reason.ID_MISSING]),
        ("/ocpp/1.6/%20", V16, None, [Reason.ID_MISSING]),
        ("/ocpp/1.6/CP1/CP1", V16, None, [Reason.ID_DOUBLED]),
        ("/ocpp/CP1/CP1", None, None, [Reason.ID_DOUBLED]),
        ("/ocpp/1.5/CP1", None, None, [Reason.PATH_VERSION_UNKNOWN]),
        ("/ocpp/1.6J/CP1", None, None, [Reason.PATH_VERSION_UNKNOWN]),
        ("/ocpp/ocpp1.6/CP1", None, None, [Reason.PATH_VERSION_UNKNOWN]),
        ("/ocpp/1.6/CP1/CP2", V16, None, [Reason.PATH_MALFORMED]),
        ("/steve/websocket/CP1", None, None, [Reason.PATH_MALFORMED]),
        ("/", None, None, [Reason.PATH_MALFORMED]),
        ("", None, None, [Reason.PATH_MALFORMED]),
        ("/ocpp/1.6/A%2FB", V16, None, [Reason.ID_INVALID]),
        ("/ocpp/1.6/A%3AB", V16, None, [Reason.ID_INVALID]),
        ("/ocpp/1.6/A%00B", V16, None, [Reason.ID_INVALID]),
        ("/ocpp/1.6/A%zzB", V16, None, [Reason.ID_INVALID]),
        ("/ocpp/1.6/%FF", V16, None, [Reason.ID_INVALID]),
        ("/ocpp/1.6/" + "x" * 49, V16, None, [Reason.ID_INVALID]),
    ],
)
def test_paths(path: str, version: Version | None, cpid: str | None, problems: list[Reason]) -> None:
    assert read_path(path.encode()) == Address(version, cpid, tuple(problems))


@given(
    st.binary(max_size=60)
    | st.text(alphabet="/ocp1.6%20AB:", max_size=40).map(lambda t: b"/ocpp/" + t.encode())
)
@settings(max_examples=300, deadline=None)
def test_a_path_has_an_id_or_a_refusal(path: bytes) -> None:
    address = read_path(path)
    assert (address.cpid is None) == any(VERDICTS[problem].refuses for problem in address.problems)


def basic(text: bytes) -> bytes:
    return b"Basic " + b64encode(text)


@pytest.mark.parametrize(
    ("header", "expected", "problem"),
    [
        (b"", None, None),
        (basic(b"CP1:secret"), Credentials(b"CP1", b"secret"), None),
        (b"basic  " + b64encode(b"CP1:a:b") + b" ", Credentials(b"CP1", b"a:b"), None),
        (basic(b":\xff\x00"), Credentials(b"", b"\xff\x00"), None),
        (basic(b"CP1:secre").rstrip(b"="), Credentials(b"CP1", b"secre"), None),
        (basic(b"no colon"), None, Reason.AUTH_MALFORMED),
        (b"Basic !!!", None, Reason.AUTH_MALFORMED),
        (b"Basic", None, Reason.AUTH_MALFORMED),
        (b"Bearer abc", None, Reason.AUTH_MALFORMED),
    ],
)
def test_credentials(header: bytes, expected: Credentials | None, problem: Reason | None) -> None:
    assert read_credentials(header) == (expected, problem)


@given(st.binary(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_header_is_read(header: bytes) -> None:
    read_credentials(header)
    read_credentials(b"Basic " + header)


def test_a_password_is_never_shown() -> None:
    assert "secret" not in repr(Credentials(b"CP1", b"secret"))
    assert "secret" not in repr(read_request(scope(headers=[(b"authorization", basic(b"CP1:secret"))])))


def scope(**more: Any) -> dict[str, Any]:
    return {
        "type": "websocket",
        "scheme": "ws",
        "path": "/ocpp/1.6/CP1",
        "raw_path": b"/ocpp/1.6/CP1",
        "headers": [],
        "client": ("10.0.0.1", 5),
        "subprotocols": ["ocpp1.6"],
        **more,
    }


def test_a_request_as_it_arrived() -> None:
    headers = [
        (b"Authorization", basic(b"CP1:x")),
        (b"user-agent", b"Box/1.0"),
        (b"x-forwarded-for", b"6.6.6.6"),
    ]
    request = read_request(scope(headers=headers))
    assert request.path == "/ocpp/1.6/CP1"
    assert request.address == Address(V16, "CP1")
    assert request.subprotocols == ("ocpp1.6",)
    assert request.credentials == Credentials(b"CP1", b"x")
    assert request.problems == ()
    assert request.remote_address == "10.0.0.1"
    assert request.user_agent == "Box/1.0"
    assert request.scheme == "ws"


def test_only_a_trusted_proxy_speaks_for_the_charger() -> None:
    headers = [(b"x-forwarded-for", b"6.6.6.6, 1.2.3.4, 10.0.0.2"), (b"x-forwarded-proto", b"https")]
    trusted = read_request(scope(headers=headers), {"10.0.0.1", "10.0.0.2"})
    assert (trusted.remote_address, trusted.scheme) == ("1.2.3.4", "wss")
    assert read_request(scope(), {"10.0.0.1"}).remote_address == "10.0.0.1"
    assert read_request(scope(headers=headers)).scheme == "ws"


def test_problems_of_path_and_header_come_together() -> None:
    request = read_request(scope(raw_path=b"/ocpp/1.6/CP1/", headers=[(b"authorization", b"x")], client=None))
    assert request.problems == (Reason.ID_TRAILING_SLASH, Reason.AUTH_MALFORMED)
    assert request.remote_address == ""


ALL = frozenset(Version)


@pytest.mark.parametrize(
    ("offered", "path_version", "enabled", "expected"),
    [
        (["ocpp1.6"], None, ALL, Negotiated(V16, "ocpp1.6")),
        (["OCPP1.6"], V16, ALL, Negotiated(V16, "OCPP1.6")),
        (["ocpp2.0.1", "ocpp1.6"], None, ALL, Negotiated(V201, "ocpp2.0.1")),
        (["ocpp1.6", "ocpp2.0.1"], None, ALL, Negotiated(V16, "ocpp1.6")),
        (["ocpp2.0.1", "ocpp1.6"], V16, ALL, Negotiated(V16, "ocpp1.6")),
        (["ocpp2.1", "ocpp1.6"], None, {V16}, Negotiated(V16, "ocpp1.6")),
        (["ocpp2.0", "ocpp1.6"], None, ALL, Negotiated(V16, "ocpp1.6")),
        ([], None, ALL, Reason.SUBPROTOCOL_MISSING),
        (["ocpp1.5"], None, ALL, Reason.SUBPROTOCOL_UNSUPPORTED),
        (["ocpp1.6"], V201, ALL, Reason.SUBPROTOCOL_UNSUPPORTED),
        (["ocpp2.1"], None, {V16}, Reason.VERSION_DISABLED),
        (["ocpp2.0.1"], V201, {V16}, Reason.VERSION_DISABLED),
    ],
)
def test_negotiation(
    offered: list[str], path_version: Version | None, enabled: set[Version], expected: Negotiated | Reason
) -> None:
    assert negotiate(offered, path_version, enabled) == expected


def test_every_reason_has_a_verdict_with_a_hint() -> None:
    assert set(VERDICTS) == set(Reason)
    for verdict in VERDICTS.values():
        assert 30 < len(verdict.hint) < 200
        assert verdict.hint.endswith(".")
        assert verdict.http_status is None or verdict.close_code is None
    assert VERDICTS[Reason.SUBPROTOCOL_MISSING].close_code == 1002
    assert VERDICTS[Reason.VERSION_DISABLED].close_code == 1011
    assert VERDICTS[Reason.ID_UNKNOWN].http_status == 404
    assert not VERDICTS[Reason.ID_TRAILING_SLASH].refuses


@pytest.mark.parametrize(
    ("trusted", "told"), [({"10.0.0.1"}, ("TLSv1.2", "AES128-GCM-SHA256")), (set(), ("", ""))]
)
def test_a_trusted_proxy_tells_of_its_tls_and_nobody_else_does(
    trusted: set[str], told: tuple[str, str]
) -> None:
    scope = {
        "raw_path": b"/ocpp/CP1",
        "headers": [(b"x-ssl-protocol", b"TLSv1.2"), (b"x-ssl-cipher", b"AES128-GCM-SHA256")],
        "client": ("10.0.0.1", 1),
    }
    request = read_request(scope, trusted)
    assert (request.tls, request.cipher) == told
