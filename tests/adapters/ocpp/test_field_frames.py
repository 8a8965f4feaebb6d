"""Field frames: what becomes of every frame that real chargers sent, quirk by quirk."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from adapters.ocpp.frames import Call, CallResult, read_frame
from adapters.ocpp.repairs import Repaired, admit
from adapters.ocpp.schemas import Kind, catalogue
from adapters.ocpp.timestamps import read_timestamp
from adapters.ocpp.versions import Version

DATA = Path(os.environ.get("ZEUS_FIELD_DATA", Path(__file__).parents[4] / "shared" / "field"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the field data folder (ZEUS_FIELD_DATA) is absent")

FATES = {
    "extra field connectorId in Authorize": "repaired: extra_field",
    "required sampledValue missing": "repaired: default_field empty_list no_samples",
    "CALL with empty message id": "valid, envelope: empty_id",
    'wrong enum value (misspelt status "Faultd"); empty strings': "refused: PropertyConstraintViolation",
    "idTag null": "refused: TypeConstraintViolation",
    "wrong message type id 1; reservationId 0 when none": "unreadable: message_type, silence",
}
"""What happens to the frames of a quirk. Quirks not named here are allowed by the schema: `valid`."""


def frames() -> list[dict[str, Any]]:
    lines = [line for file in sorted(DATA.glob("**/*.jsonl")) for line in file.read_text().splitlines()]
    return [frame for frame in map(json.loads, lines) if frame["direction"] == "cp->csms"]


def fate(frame: dict[str, Any], asked: dict[str, str]) -> str:
    version = Version(frame["version"])
    read = read_frame(frame["raw"], version)
    if isinstance(read, Call):
        message = catalogue(version).message(Kind.REQUEST, read.action)
    elif isinstance(read, CallResult):
        action = asked.get(str(read.message_id))
        if action is None:
            return "valid"  # an answer to a call that the recording does not hold
        message = catalogue(version).message(Kind.ANSWER, action)
    else:
        return f"unreadable: {read.reason}, " + ("silence" if read.answer is None else read.answer)
    assert message is not None
    result = admit(message, read.payload)
    if not isinstance(result, Repaired):
        return f"refused: {result.code}"
    if result.rules:
        return "repaired: " + " ".join(result.rules)
    return "valid" if not read.flaws else "valid, envelope: " + " ".join(read.flaws)


def asked() -> dict[str, str]:
    """The actions of the calls to chargers, by message id."""
    calls: dict[str, str] = {}
    for file in sorted(DATA.glob("**/*.jsonl")):
        for line in file.read_text().splitlines():
            frame = json.loads(line)
            if frame["direction"] == "csms->cp":
                read = read_frame(frame["raw"], Version(frame["version"]))
                if isinstance(read, Call):
                    calls[str(read.message_id)] = read.action
    return calls


def test_every_frame_has_the_fate_of_its_quirk() -> None:
    calls = asked()
    found = frames()
    assert len(found) > 200
    surprises = {
        (frame.get("quirk"), result, frame["raw"][:200])
        for frame in found
        if (result := fate(frame, calls)) != FATES.get(frame.get("quirk") or "", "valid")
    }
    assert surprises == set()


def test_every_named_quirk_is_in_the_data() -> None:
    assert set(FATES) <= {frame.get("quirk") for frame in frames()}


def test_every_timestamp_is_read() -> None:
    flagged = 0
    for frame in frames():
        for text in _timestamps(json.loads(frame["raw"])):
            instant = read_timestamp(text)
            assert instant.at is not None, text
            flagged += bool(instant.flags)
    assert flagged > 0


def _timestamps(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [
            found
            for name, held in value.items()
            for found in ([held] if name == "timestamp" else _timestamps(held))
        ]
    if isinstance(value, list):
        return [found for held in value for found in _timestamps(held)]
    return []
