"""Every refusal of the handshake, over a real socket, and the row it leaves for the installer."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import orjson
import pytest

from adapters.ocpp.refusals import VERDICTS, Reason
from tests.e2e.conditions import until
from tests.e2e.knock import Knock, basic
from tests.e2e.zeus_process import PASSWORD, ZeusProcess

HEX = PASSWORD.encode().hex()


@pytest.fixture(scope="module")
def registered(server: ZeusProcess) -> ZeusProcess:
    asyncio.run(server.register(["HS-OPEN", "HS 123", "HS_Case"]))
    asyncio.run(server.register(["HS-PASS"], security_profile=1))
    asyncio.run(server.register(["HS-TLS"], security_profile=2))
    return server


@pytest.fixture(scope="module")
def only_16(registered: ZeusProcess) -> Iterator[ZeusProcess]:
    """A second gateway on the same database, with 2.x switched off."""
    other = ZeusProcess(registered.data_dir, database_url=registered.dsn, versions="1.6")
    other.start()
    yield other
    other.stop()


def refusals(server: ZeusProcess, path: str) -> list[dict[str, Any]]:
    """The recorded refusals of a path, oldest first."""
    rows = server.query(
        "SELECT state FROM eventstore.stored_events WHERE topic = 'handshake.refused' ORDER BY notification_id"
    )
    facts = [orjson.loads(bytes(state))["fact"] for (state,) in rows]  # type: ignore[call-overload]
    return [fact for fact in facts if fact["path"] == path]


CASES: tuple[tuple[str, Sequence[str], str | None, Reason], ...] = (
    ("/ocpp/1.6/HS-NOBODY", ("ocpp1.6",), None, Reason.ID_UNKNOWN),
    ("/ocpp/1.6", ("ocpp1.6",), None, Reason.ID_MISSING),
    ("/ocpp/1.6/", ("ocpp1.6",), None, Reason.ID_MISSING),
    ("/steve/websocket/HS-OPEN", ("ocpp1.6",), None, Reason.PATH_MALFORMED),
    ("/ocpp/1.5/HS-OPEN", ("ocpp1.6",), None, Reason.PATH_VERSION_UNKNOWN),
    ("/ocpp/1.6/HS-OPEN/HS-OPEN", ("ocpp1.6",), None, Reason.ID_DOUBLED),
    ("/ocpp/1.6/HS%3AOPEN", ("ocpp1.6",), None, Reason.ID_INVALID),
    ("/ocpp/1.6/HS-OPEN?no", (), None, Reason.SUBPROTOCOL_MISSING),
    ("/ocpp/1.6/HS-OPEN?soap", ("ocpp1.5",), None, Reason.SUBPROTOCOL_UNSUPPORTED),
    ("/ocpp/1.6/HS-OPEN?201", ("ocpp2.0.1",), None, Reason.SUBPROTOCOL_UNSUPPORTED),
    ("/ocpp/1.6/HS-PASS", ("ocpp1.6",), None, Reason.AUTH_MISSING),
    ("/ocpp/HS-PASS?1", ("ocpp1.6",), "Bearer abc", Reason.AUTH_MALFORMED),
    ("/ocpp/HS-PASS?2", ("ocpp1.6",), basic("HS-PASS", b"hunter2"), Reason.AUTH_PASSWORD),
    ("/ocpp/HS-PASS?3", ("ocpp1.6",), basic("OTHER", PASSWORD.encode()), Reason.AUTH_USER_MISMATCH),
    ("/ocpp/HS-TLS", ("ocpp1.6",), basic("HS-TLS", PASSWORD.encode()), Reason.PROFILE_MISMATCH),
)


@pytest.mark.parametrize(("path", "subprotocols", "authorization", "reason"), CASES)
async def test_every_refusal_is_said_and_recorded(
    registered: ZeusProcess, path: str, subprotocols: Sequence[str], authorization: str | None, reason: Reason
) -> None:
    verdict = VERDICTS[reason]
    asked = {"subprotocols": subprotocols, "authorization": authorization}
    async with await Knock.at(registered.port, path, **asked) as knock:  # type: ignore[arg-type]
        if verdict.close_code is None:
            assert knock.status == verdict.http_status
            assert await knock.words() == verdict.hint
            assert ("www-authenticate" in knock.headers) == (knock.status == 401)
        else:
            assert knock.status == 101
            assert "sec-websocket-protocol" not in knock.headers
            assert await knock.close_code() == verdict.close_code
    bare = path.partition("?")[0]
    facts = await until(
        lambda: [fact for fact in refusals(registered, bare) if fact["reason"] == reason],
        f"{reason} in the log",
    )
    assert facts[0]["user_agent"] == "Beny/1.0.31"
    assert facts[0]["hint"] == verdict.hint
    assert "hunter2" not in str(facts[0])
    assert PASSWORD not in str(facts[0])


async def test_a_version_switched_off_is_1011(only_16: ZeusProcess) -> None:
    async with await Knock.at(only_16.port, "/ocpp/HS-OPEN", subprotocols=("ocpp2.0.1",)) as knock:
        assert knock.status == 101
        assert "sec-websocket-protocol" not in knock.headers
        assert await knock.close_code() == 1011
    assert await until(
        lambda: [f for f in refusals(only_16, "/ocpp/HS-OPEN") if f["reason"] == "version_disabled"],
        "the row",
    )


@pytest.fixture
async def let_in(registered: ZeusProcess) -> AsyncIterator[Any]:
    """Knocks that must be let in; closed at the end, and gone from the server's books."""
    opened: list[Knock] = []

    async def knock(path: str, **asked: Any) -> Knock:
        made = await Knock.at(registered.port, path, **asked)
        opened.append(made)
        assert made.status == 101, await made.words()
        return made

    yield knock
    for made in opened:
        made.writer.write(b"\x88\x82\x00\x00\x00\x00\x03\xe8")
        await made.ended()
        made.writer.close()


def connected(server: ZeusProcess, cpid: str) -> list[dict[str, Any]]:
    """The `charger.connected` facts of a charger, oldest first."""
    rows = server.query(
        "SELECT state FROM eventstore.stored_events WHERE originator_id = %s AND topic = 'charger.connected' "
        "ORDER BY originator_version",
        f"charger/default/{cpid}",
    )
    return [orjson.loads(bytes(state))["fact"] for (state,) in rows]  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("path", "cpid", "asked", "flags"),
    [
        ("/ocpp/1.6/HS%20123", "HS 123", {}, []),
        ("/ocpp/hs_case", "HS_CASE", {}, ["id_case"]),
        ("/ocpp/1.6/HS-OPEN/", "HS-OPEN", {}, ["id_trailing_slash"]),
        ("/ocpp/1.6/HS-OPEN%20", "HS-OPEN", {}, ["id_trailing_space"]),
        ("//ocpp/1.6/HS-OPEN", "HS-OPEN", {}, ["path_double_slash"]),
        ("/ocpp/HS-PASS", "HS-PASS", {"authorization": basic("HS-PASS", PASSWORD.encode())}, []),
        ("/ocpp/HS-PASS", "HS-PASS", {"authorization": basic("HS-PASS", HEX.encode())}, ["auth_hex_form"]),
        (
            "/ocpp/HS-PASS",
            "HS-PASS",
            {"authorization": basic("hs-pass", HEX.upper().encode())},
            ["auth_hex_form"],
        ),
        ("/ocpp/HS-OPEN", "HS-OPEN", {"subprotocols": ("ocpp9", "ocpp2.1", "ocpp1.6")}, []),
        ("/ocpp/HS-OPEN", "HS-OPEN", {"subprotocols": ("OCPP2.0.1",)}, []),
    ],
)
async def test_a_slip_that_harms_nobody_is_let_in_and_flagged(
    registered: ZeusProcess, let_in: Any, path: str, cpid: str, asked: dict[str, Any], flags: list[str]
) -> None:
    before = len(connected(registered, cpid))
    knock = await let_in(path, **asked)
    offered = asked.get("subprotocols", ("ocpp1.6",))
    assert knock.headers["sec-websocket-protocol"] == ("ocpp2.1" if len(offered) > 1 else offered[0])
    facts = connected(registered, cpid)
    assert len(facts) == before + 1, "the connection is in the log before the handshake is complete"
    assert facts[-1].get("flags", []) == flags


async def test_repeated_refusals_are_one_row_and_a_count(registered: ZeusProcess) -> None:
    path = "/ocpp/1.6/HS-STORM"
    other = ZeusProcess(registered.data_dir, database_url=registered.dsn)
    other.start()

    async def refused() -> int:
        async with await Knock.at(other.port, path) as knock:
            return knock.status

    assert set(await asyncio.gather(*(refused() for _ in range(60)))) == {404}
    assert [fact.get("count", 1) for fact in refusals(registered, path)] == [1]
    await asyncio.to_thread(other.stop)
    assert [fact.get("count", 1) for fact in refusals(registered, path)] == [1, 59]
