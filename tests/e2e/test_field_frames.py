"""What real chargers sent, over a real socket: every frame answered as its specification says and kept whole.

`docs/field-quirks.md` has a row for each quirk; this file holds the page to the data and the server to both.
"""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

import psycopg
import pytest

from entrypoints.simulator.script import (
    Exchange,
    RecordedFrame,
    message_id_of_call,
    of_charger,
    read_recording,
    replay_frames,
)
from tests.e2e.conditions import until
from tests.e2e.log import Line, frames, unsealed
from tests.e2e.log import of_charger as log_of
from tests.e2e.zeus_process import ROOT, ZeusProcess

DATA = Path(os.environ.get("ZEUS_FIELD_DATA", ROOT.parent / "shared" / "field"))
PAGE = ROOT / "docs" / "field-quirks.md"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the field data folder (ZEUS_FIELD_DATA) is absent")

QUIET_S = 0.05
"""How long silence is listened to after a frame that is due no answer; the next answer proves it anyway."""


def recorded() -> list[RecordedFrame]:
    return read_recording(DATA / "frames.jsonl")


def sessions() -> dict[str, list[RecordedFrame]]:
    return {path.stem: read_recording(path) for path in sorted((DATA / "sessions").glob("*.jsonl"))}


async def send(
    server: ZeusProcess, cpid: str, texts: list[str], version: str = "1.6"
) -> tuple[list[Exchange], list[Line]]:
    """Send them over one socket; what came back, and what the log holds afterwards."""
    await server.register([cpid])
    transcript = await replay_frames(server.url, cpid, texts, subprotocol=f"ocpp{version}", quiet_s=QUIET_S)
    assert transcript.close_code is None, "no frame of the field may cost the charger its connection"
    assert len(transcript.exchanges) == len(texts)
    lines = await until(
        lambda: (
            [*log_of(server.dsn, cpid)]
            if any(line.topic == "charger.disconnected" for line in log_of(server.dsn, cpid))
            else None
        ),
        f"the goodbye of {cpid}",
    )
    assert lines is not None
    return transcript.exchanges, lines


def as_text(request: str) -> str:
    """NUL is the one sign that Postgres text cannot hold."""
    return request.replace("\x00", "\ufffd")


async def messages(server: ZeusProcess, cpid: str, count: int) -> list[tuple[str, str | None]]:
    """(request, reply) of the charger in ocpp_messages, once the projection has so many."""

    def look() -> list[tuple[str, str | None]] | None:
        with psycopg.connect(server.dsn) as connection:
            rows = connection.execute(
                "SELECT request, reply FROM ocpp_messages WHERE charger = %s ORDER BY position", [cpid]
            ).fetchall()
        if len(rows) < count:
            return None
        requests, replies = (
            unsealed(server.dsn, [(f"charger/default/{cpid}", one) for one in part])
            for part in zip(*rows, strict=True)
        )
        return [(as_text(str(request)), reply) for request, reply in zip(requests, replies, strict=True)]

    found = await until(look, f"{count} messages of {cpid} in ocpp_messages")
    assert found is not None
    return found


def boxes() -> list[tuple[str, list[str]]]:
    """(version, texts) of every box: the frames of one source are those of one charger."""
    found: dict[tuple[str, str | None], list[str]] = {}
    for frame in recorded():
        if frame.direction == "cp->csms":
            found.setdefault((frame.version, frame.source), []).append(frame.raw)
    return [(version, texts) for (version, _), texts in found.items()]


async def test_every_frame_is_answered_as_specified_and_kept_byte_for_byte(server: ZeusProcess) -> None:
    everything = boxes()
    assert {version for version, _ in everything} == {"1.6", "2.0.1"}
    assert sum(len(texts) for _, texts in everything) == 201
    for number, (version, texts) in enumerate(everything):
        cpid = f"FIELD-{number}"
        exchanges, lines = await send(server, cpid, texts, version)
        assert [one for one in exchanges if not as_specified(one)] == []
        replies = [one.answer for one in exchanges]
        assert frames(lines) == list(zip(texts, replies, strict=True))
        expected = [(as_text(text), reply) for text, reply in zip(texts, replies, strict=True)]
        assert await messages(server, cpid, len(texts)) == expected


def as_specified(exchange: Exchange) -> bool:
    """A CALL gets exactly one answer with its id; everything else silence (OCPP-J 1.6 §4.1.3, §4.2)."""
    if message_id_of_call(exchange.sent) is not None:
        return exchange.answer is not None and exchange.also == []
    return exchange.answer is None and exchange.also == []


# -- quirks ---------------------------------------------------------------------------------------------------


def quirks() -> dict[str, list[RecordedFrame]]:
    """Frames that chargers sent, by quirk."""
    found: dict[str, list[RecordedFrame]] = {}
    everything = [*recorded(), *(frame for own in sessions().values() for frame in own)]
    for frame in everything:
        if frame.quirk is not None and frame.raw not in [known.raw for known in found.get(frame.quirk, ())]:
            found.setdefault(frame.quirk, []).append(frame)
    return found


def table() -> dict[str, list[str]]:
    """Quirk → its other columns: who sends it, what is answered, what is recorded, the rule."""
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return {
        row[0].removeprefix("| `").removesuffix("`"): [cell.strip(" |") for cell in row[1:]] for row in rows
    }


def test_the_page_has_a_row_for_every_quirk_and_no_other() -> None:
    assert set(table()) == {quirk.replace("|", "/") for quirk in quirks()}
    assert all(len(cells) == 4 and all(cells) for cells in table().values())


def test_every_rule_of_the_page_is_in_the_code() -> None:
    for quirk, cells in table().items():
        for path in re.findall(r"`([a-z0-9_]+/[a-z0-9_/]+\.py)`", cells[3]):
            assert (ROOT / path).exists(), f"{quirk}: {path}"


async def test_every_quirk_is_treated_as_the_page_says(server: ZeusProcess) -> None:
    """Each quirky frame over a socket of its own: the kind of answer and the facts are those of the page."""
    found: dict[str, tuple[str, set[str]]] = {}
    for number, (quirk, quirky) in enumerate(quirks().items()):
        texts = of_charger(quirky)
        if not texts:
            found[quirk] = ("not sent to us", set())
            continue
        exchanges, lines = await send(server, f"QUIRK-{number}", texts, quirky[0].version)
        answers = sorted({kind_of_answer(one) for one in exchanges})
        told = {line.topic for line in lines if "frame" in line.told}
        found[quirk] = (", ".join(answers), told)
    said = {quirk: (cells[1], set(re.findall(r"`([a-z_.]+)`", cells[2]))) for quirk, cells in table().items()}
    assert found == {quirk: said[quirk.replace("|", "/")] for quirk in found}


def kind_of_answer(exchange: Exchange) -> str:
    text = exchange.answer
    if text is None:
        return "silence" if not exchange.also else f"unasked {exchange.also}"
    answer = json.loads(text)
    return "CALLRESULT" if answer[0] == 3 else str(answer[2])


# -- sessions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(sessions()) if DATA.is_dir() else [])
async def test_a_recorded_session_verbatim(server: ZeusProcess, name: str) -> None:
    """Its transaction numbers are of the other CSMS: unknown here, recorded, flagged, never refused."""
    texts = of_charger(sessions()[name])
    cpid = f"VERBATIM-{name.upper()[5:12]}"
    exchanges, lines = await send(server, cpid, texts)
    assert [one for one in exchanges if not as_specified(one)] == []
    assert [frame for frame, _ in frames(lines)] == texts
    ends = [json.loads(text) for text in texts if '"StopTransaction"' in text]
    given = {number for one in exchanges if one.answer for number in numbers_given(one)}
    for call in ends:
        (ended,) = [
            line for line in lines if line.topic == "transaction.ended" and line.told.get("cause") == call[1]
        ]
        if call[3]["transactionId"] not in given:
            assert "unknown_number" in ended.fact["flags"]
    readings = [json.loads(text) for text in texts if '"MeterValues"' in text]
    by_cause = {line.told.get("cause"): line for line in lines if "frame" in line.told}
    for call in readings:
        if (number := call[3].get("transactionId", 0)) and number not in given:
            assert by_cause[call[1]].topic == "connector.metered"
            assert by_cause[call[1]].fact["claimed_transaction"] == str(number)


@pytest.mark.parametrize("name", sorted(sessions()) if DATA.is_dir() else [])
async def test_a_recorded_session_with_our_numbers_has_the_right_energy(
    server: ZeusProcess, name: str
) -> None:
    """The frames with the number the recorded CSMS gave replaced by ours, as the charger would have sent them.

    A recording that begins in mid-session gets its start from us, at the register of its first reading.
    """
    frames_of = sessions()[name]
    cpid = f"OURS-{name.upper()[5:12]}"
    await server.register([cpid])
    script = with_starts(frames_of)
    numbers: dict[int, int] = {}
    pending = list(script)
    sent: list[str] = []
    while pending:  # up to each start, whose answer tells the number for what follows
        upto = next((n + 1 for n, text in enumerate(pending) if '"StartTransaction"' in text), len(pending))
        batch = [substituted(text, numbers) for text in pending[:upto]]
        transcript = await replay_frames(server.url, cpid, batch, quiet_s=QUIET_S)
        sent += batch
        for exchange in transcript.exchanges:
            for number in numbers_given(exchange):
                numbers[theirs(frames_of, script, exchange.sent)] = number
        pending = pending[upto:]
    expected = sorted(energies(sent))
    assert expected, "a recording without a transaction proves nothing"

    def look() -> list[int] | None:
        rows = server.query(
            "SELECT coalesce(energy_wh, 0) FROM ocpp_sessions WHERE charger = %s AND started_at IS NOT NULL",
            cpid,
        )
        got = sorted(int(str(wh)) for (wh,) in rows)
        return got if got == expected else None

    await until(look, f"sessions of {expected} Wh", timeout_s=15)


def numbers_given(exchange: Exchange) -> list[int]:
    """The transaction number in the answer to a StartTransaction."""
    if exchange.answer is None or '"StartTransaction"' not in exchange.sent:
        return []
    return [json.loads(exchange.answer)[2]["transactionId"]]


def with_starts(recording: Iterable[RecordedFrame]) -> list[str]:
    """The charger's frames, a start before the first frame of each transaction that began before them."""
    texts: list[str] = []
    known: set[int] = set()
    answers = {
        answer[1]: answer[2] for frame in recording if frame.direction == "csms->cp"
        for answer in [json.loads(frame.raw)] if answer[0] == 3
    }  # fmt: skip
    for text in of_charger(recording):
        call = json.loads(text)
        if call[0] == 2 and call[2] == "StartTransaction":
            known.add(answers.get(call[1], {}).get("transactionId", 1))
        elif call[0] == 2 and (number := call[3].get("transactionId")) and number not in known:
            known.add(number)
            wh, at = first_register(recording, number)
            start = {
                "connectorId": call[3].get("connectorId", 1),
                "idTag": "REC",
                "meterStart": wh,
                "timestamp": at,
            }
            texts.append(json.dumps([2, f"made-{number}", "StartTransaction", start]))
        texts.append(text)
    return texts


def theirs(recording: Iterable[RecordedFrame], script: list[str], start: str) -> int:
    """The number the other CSMS gave to the transaction of this start."""
    message_id = json.loads(start)[1]
    if message_id.startswith("made-"):
        return int(message_id.removeprefix("made-"))
    for frame in recording:
        answer = json.loads(frame.raw)
        if frame.direction == "csms->cp" and answer[0] == 3 and answer[1] == message_id:
            return int(answer[2]["transactionId"])
    following = script[script.index(start) + 1 :] if start in script else []
    return next(
        (call[3]["transactionId"] for text in following for call in [json.loads(text)]
         if call[0] == 2 and "transactionId" in call[3]), 0,
    )  # fmt: skip


def substituted(text: str, numbers: dict[int, int]) -> str:
    call = json.loads(text)
    if call[0] == 2 and call[3].get("transactionId") in numbers:
        call[3]["transactionId"] = numbers[call[3]["transactionId"]]
        return json.dumps(call)
    return text


def first_register(recording: Iterable[RecordedFrame], number: int) -> tuple[int, str]:
    """The first register told with that number, in Wh, and when; 0 and the first time where none is told."""
    first_time = ""
    for text in of_charger(recording):
        call = json.loads(text)
        if call[0] != 2 or call[3].get("transactionId") != number:
            continue
        for value in call[3].get("meterValue", call[3].get("transactionData", ())):
            first_time = first_time or value["timestamp"]
            for sample in value["sampledValue"]:
                if (
                    sample.get("measurand", "Energy.Active.Import.Register")
                    == "Energy.Active.Import.Register"
                ):
                    scale = 1000 if sample.get("unit") == "kWh" else 1
                    return int(float(sample["value"]) * scale), value["timestamp"]
    return 0, first_time


def energies(texts: list[str]) -> list[int]:
    """meterStop − meterStart of every transaction that was ended; the last register where it was not."""
    starts: dict[int, int] = {}
    found: dict[int, int] = {}
    order: list[int] = []
    for text in texts:
        call = json.loads(text)
        if call[0] != 2:
            continue
        if call[2] == "StartTransaction":
            order.append(call[3]["meterStart"])
        elif (number := call[3].get("transactionId")) is not None:
            if number not in starts:
                starts[number] = order[len(starts)]
            if call[2] == "StopTransaction":
                found[number] = call[3]["meterStop"] - starts[number]
            else:
                for value in call[3].get("meterValue", ()):
                    for sample in value["sampledValue"]:
                        if sample.get("measurand") == "Energy.Active.Import.Register":
                            scale = 1000 if sample.get("unit") == "kWh" else 1
                            found[number] = round(float(sample["value"]) * scale - starts[number])
    return [found.get(number, 0) for number in starts]
