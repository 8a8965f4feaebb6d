"""Whatever is done to a bundle, somebody without Zeus finds it."""

import io
import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.audit import verify_bundle
from adapters.audit.audited_log import at_rest
from adapters.audit.bundle import (
    Bundle,
    NoCheckpoint,
    NothingToExport,
    Occasion,
    make_bundle,
    of_charger,
    of_streams,
)
from adapters.audit.signing import make_key, verify_ed25519
from adapters.eventstore.mapper import EventMapper
from adapters.eventstore.store import open_store
from application.audit import LogRewritten, audit_keys
from domain.audit.notes import signed
from domain.catalogue import FACTS
from domain.identity import ChargerId
from tests.adapters.audit.logbook import Logbook
from tests.checkpoints import KEY, publish_checkpoint

AT = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


async def checkpoint(logbook: Logbook) -> str:
    store = open_store(logbook.dsn, FACTS)
    try:
        return (await publish_checkpoint(store, logbook.dsn)).note
    finally:
        await store.close()


def export(logbook: Logbook, stream: str = "charger/zeus/CP-1") -> Bundle:
    with at_rest(logbook.dsn) as connection:
        subject = of_streams(connection, "session abc", "zeus", [stream])
        occasion = Occasion(AT, "user:ann", "dispute 12")
        mapper = EventMapper(FACTS)
        return make_bundle(connection, subject, "zeus", [KEY.public], [KEY.signer], occasion, mapper, {})


@pytest.fixture
async def bundle(logbook: Logbook) -> Bundle:
    """A third of the events of one tenant, with an older and a newer checkpoint."""
    logbook.add(300)
    logbook.add(40, tenant="hera")
    await checkpoint(logbook)
    logbook.add(30, tenant="hera")
    await checkpoint(logbook)
    return export(logbook)


def check(files: dict[str, bytes], key: str = "", theirs: str = "") -> verify_bundle.Check:
    return verify_bundle.Check(files, key or KEY.public.encoded, theirs).run()


def unpacked(bundle: Bundle) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle.archive)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_bundle_is_checked_by_its_own_script_alone(bundle: Bundle, tmp_path: Path) -> None:
    path, script = tmp_path / "bundle.zip", tmp_path / "verify.py"
    path.write_bytes(bundle.archive)
    script.write_bytes(unpacked(bundle)["verify.py"])
    words = [sys.executable, "-I", "-S", str(script), str(path), "--key", KEY.public.fingerprint]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok     every event is in the log that the checkpoint was made of: 100 events" in done.stdout
    assert "ok     the newer checkpoint continues the older one: 372 events" in done.stdout
    assert "Everything fits: session abc." in done.stdout
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "open")
    assert subprocess.run([*words[:4], str(tmp_path / "open")], check=False, stdout=-3).returncode == 0
    (tmp_path / "open" / "story.txt").write_text("Nothing happened.")
    assert subprocess.run([*words[:4], str(tmp_path / "open")], check=False, stdout=-3).returncode == 1
    assert subprocess.run([*words[:4], "absent.zip"], check=False, stdout=-3).returncode == 2


def test_a_bundle_of_a_tenant_has_nothing_of_another(bundle: Bundle) -> None:
    files = unpacked(bundle)
    for name in ("events.jsonl", "story.txt", "manifest.json", "README.md"):
        assert b"hera" not in files[name], name
    assert b"charger/zeus/CP-1" in files["events.jsonl"]
    assert bundle.fact.streams == ("charger/zeus/CP-1",)
    assert bundle.fact.events == 100


def test_the_same_bundle_made_twice_is_the_same_but_for_nothing(logbook: Logbook, bundle: Bundle) -> None:
    assert export(logbook).archive == bundle.archive


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bit_of_the_archive_that_is_flipped_is_found(
    bundle: Bundle, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(bundle.archive) - 1))
    changed = bytearray(bundle.archive)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.mktemp("flip") / "bundle.zip"
    path.write_bytes(changed)
    assert verify_bundle.main([str(path)]) == 1


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bit_of_any_file_that_is_flipped_is_found(bundle: Bundle, data: st.DataObject) -> None:
    files = unpacked(bundle)
    name = data.draw(st.sampled_from(sorted(files)))
    place = data.draw(st.integers(0, len(files[name]) - 1))
    changed = bytearray(files[name])
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    assert check({**files, name: bytes(changed)}).wrong


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_who_has_the_key_can_still_not_change_what_the_log_held(bundle: Bundle, data: st.DataObject) -> None:
    """The exporter himself changes events and signs the list anew: the tree says that they were others."""
    files = unpacked(bundle)
    lines = files["events.jsonl"].decode().splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    other = (at + data.draw(st.integers(1, len(lines) - 1))) % len(lines)
    deed = data.draw(st.sampled_from(["change", "drop", "swap", "insert", "field"]))
    event = json.loads(lines[at])
    if deed == "change":
        lines[at] = json.dumps({**event, "state": event["state"] + " "})
    elif deed == "field":
        field = data.draw(st.sampled_from(["position", "leaf", "version", "recorded_us"]))
        lines[at] = json.dumps({**event, field: event[field] + 1})
    elif deed == "drop":
        if at == len(lines) - 1:
            return  # the end of a stream is the exporter's word, as the README says
        del lines[at]
    elif deed == "swap":
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines.insert(at, json.dumps({**event, "version": event["version"] + 500}))
    assert check(resigned({**files, "events.jsonl": ("\n".join(lines) + "\n").encode()}, len(lines))).wrong


def test_a_bundle_that_does_not_say_whether_it_is_whole_is_said_to_be_older(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for whole, words in ((True, ""), (False, "It is a span of time"), (None, "It is of an older version")):
        files = resigned(unpacked(bundle), 100, whole=whole)
        (tmp_path / "bundle.zip").write_bytes(verify_bundle.archive(files))
        assert verify_bundle.main([str(tmp_path / "bundle.zip")]) == 0
        said = capsys.readouterr().out
        assert ("span of time" in said, "older version" in said) == (whole is False, whole is None)
        assert words in said


def test_the_beginning_of_a_whole_stream_cannot_be_left_out(bundle: Bundle) -> None:
    files = unpacked(bundle)
    rest = files["events.jsonl"].split(b"\n", 1)[1]
    found = check(resigned({**files, "events.jsonl": rest}, 99))
    assert found.wrong
    assert any("the beginning of charger/zeus/CP-1 is missing" in words for words in found.said)


def resigned(files: dict[str, bytes], events: int, *, whole: bool | None = True) -> dict[str, bytes]:
    """A new list of files, with a good signature."""
    manifest = json.loads(files["manifest.json"])
    manifest["events"] = events
    assert manifest.pop("whole")
    if whole is not None:
        manifest["whole"] = whole
    for name in manifest["files"]:
        manifest["files"][name] = sha256(files[name]).hexdigest()
    (stream,) = manifest["streams"]
    versions = [json.loads(line)["version"] for line in files["events.jsonl"].splitlines()]
    manifest["streams"][stream] = {"first": min(versions), "last": max(versions)}
    content = json.dumps(manifest).encode()
    note = signed(f"zeus bundle 1\n{sha256(content).hexdigest()}\n", [KEY.signer])
    return {**files, "manifest.json": content, "manifest.note": str(note).encode()}


def test_a_bundle_that_was_signed_anew_and_not_changed_is_right(bundle: Bundle) -> None:
    assert not check(resigned(unpacked(bundle), 100)).wrong


def test_another_key_and_files_too_many_or_too_few_are_found(bundle: Bundle) -> None:
    files = unpacked(bundle)
    assert check(files, key=make_key().public.fingerprint).wrong
    assert check({**files, "extra.txt": b""}).wrong
    for name in files:
        assert check({key: value for key, value in files.items() if key != name}).wrong, name


async def test_a_checkpoint_from_elsewhere_is_compared(logbook: Logbook) -> None:
    logbook.add(30)
    first = await checkpoint(logbook)
    logbook.add(5)
    second = await checkpoint(logbook)
    files = unpacked(export(logbook, "charger/zeus/CP-0"))
    assert not check(files, theirs=second).wrong
    assert check(files, theirs=first).wrong  # it is older than the events
    assert check(files, theirs=second.replace("zeus.example", "hera.example")).wrong
    logbook.add(1)
    assert check(files, theirs=await checkpoint(logbook)).wrong  # the bundle does not reach so far


async def test_what_is_not_there_or_not_covered_cannot_be_exported(logbook: Logbook) -> None:
    logbook.add(10)
    with pytest.raises(NoCheckpoint):
        export(logbook)
    with pytest.raises(NothingToExport):
        export(logbook, "charger/zeus/NONE")


async def test_nothing_is_exported_from_a_log_that_was_changed(logbook: Logbook) -> None:
    logbook.add(30)
    await checkpoint(logbook)
    logbook.do("UPDATE eventstore.stored_events SET topic = 'x' WHERE notification_id = 4")
    with pytest.raises(LogRewritten):
        export(logbook)


async def test_a_charger_is_exported_for_a_span_of_time(logbook: Logbook) -> None:
    logbook.add(30)
    await checkpoint(logbook)
    with at_rest(logbook.dsn) as connection:
        whole = of_charger(connection, ChargerId("zeus", "CP-1"), None, None)
        assert len(whole.positions) == 10
        none = datetime(2001, 1, 1, tzinfo=UTC)
        with pytest.raises(NothingToExport):
            of_charger(connection, ChargerId("zeus", "CP-1"), None, none)


async def test_the_log_knows_the_keys_that_sign(logbook: Logbook) -> None:
    logbook.add(3)
    await checkpoint(logbook)
    store = open_store(logbook.dsn, FACTS)
    assert (await audit_keys(store, "zeus")).signing == [KEY.public]
    await store.close()


@given(st.binary(max_size=60), st.integers(0, 511), st.integers(0, 255))
def test_the_script_judges_signatures_as_the_library_does(message: bytes, bit: int, key_bit: int) -> None:
    key = make_key()
    signature = key.sign(message)
    assert verify_bundle.ed25519(key.public.public, message, signature)
    flipped = (int.from_bytes(signature, "big") ^ 1 << bit).to_bytes(64, "big")
    other = (int.from_bytes(key.public.public, "big") ^ 1 << key_bit).to_bytes(32, "big")
    for public, said, given_ in (
        (key.public.public, message, flipped),
        (other, message, signature),
        (key.public.public, message + b"x", signature),
        (key.public.public, message, signature[:-1]),
        (bytes(32), message, signature),
    ):
        assert verify_bundle.ed25519(public, said, given_) == verify_ed25519(public, said, given_) is False
