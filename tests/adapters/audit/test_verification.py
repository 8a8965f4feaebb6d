"""Whatever somebody does to the log who may do everything, it is found and named."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.audit.signing import SigningKey, make_key
from adapters.audit.tiles import Tree
from adapters.audit.verification import Claim, SinceUnknown, Verdict, Verification
from domain.audit.checkpoint import Checkpoint
from domain.audit.comparison import Kind
from domain.audit.notes import signed
from tests.adapters.audit.logbook import Logbook

KEY = make_key("zeus.example/log")
COUNT = 700


def note_of(tree: Tree, key: SigningKey = KEY, size: int | None = None) -> str:
    size = tree.size if size is None else size
    return str(signed(Checkpoint("zeus.example/log", size, tree.root(size)).text, [key.signer]))


def verify(logbook: Logbook, *notes: str, since: int = 0) -> Verdict:
    claims = [Claim(f"number {n}", note) for n, note in enumerate(notes)]
    return Verification(logbook.connection, [KEY.public], claims).run(since)


def kinds(verdict: Verdict) -> set[Kind]:
    return {one.kind for one in verdict.findings}


@pytest.fixture
def sealed(logbook: Logbook) -> Logbook:
    """700 events, of which 512 are in tiles and the others in the tail of a checkpoint; a gap in the numbers."""
    logbook.add(300)
    logbook.refuse()
    logbook.add(COUNT - 300)
    logbook.seal()
    logbook.tree().keep_tail()
    return logbook


def test_an_untouched_log_is_intact(sealed: Logbook) -> None:
    note = note_of(sealed.tree())
    older = note_of(sealed.tree(), size=301)
    sealed.add(20)
    verdict = verify(sealed, note, older, note_of(sealed.tree()))
    assert verdict.intact
    assert verdict.findings == ()
    assert (verdict.events, verdict.size, verdict.checkpoints) == (COUNT + 20, COUNT + 20, 3)
    assert verdict.root == sealed.tree().root()
    assert verdict.signers == (KEY.public.id,)


EACH_COLUMN = [
    "state = set_byte(state, 3, 120)",
    "state = state || '\\x20'",
    "originator_id = originator_id || 'x'",
    "originator_version = originator_version + 100000",
    "topic = 'charger.booted'",
    "recorded_at = recorded_at + interval '1 microsecond'",
]


@pytest.mark.parametrize("change", EACH_COLUMN)
def test_a_change_of_any_column_of_any_row_is_found_and_named(sealed: Logbook, change: str) -> None:
    note, positions = note_of(sealed.tree()), sealed.positions()
    for place in (0, 255, 256, 511, 512, 699):
        position = positions[place]
        sealed.do("BEGIN")
        sealed.do(f"UPDATE eventstore.stored_events SET {change} WHERE notification_id = %s", position)  # noqa: S608
        verdict = verify(sealed, note)
        sealed.do("ROLLBACK")
        assert not verdict.intact
        assert [one.position for one in verdict.findings if one.kind is Kind.CHANGED] == [position]
        assert Kind.CHECKPOINT_BROKEN in kinds(verdict)


def move(logbook: Logbook, position: int, to: int) -> None:
    logbook.do(
        "INSERT INTO eventstore.stored_events (notification_id, originator_id, originator_version, topic, state, "
        "recorded_at) OVERRIDING SYSTEM VALUE SELECT %s, originator_id || '~', originator_version, topic, state, "
        "recorded_at FROM eventstore.stored_events WHERE notification_id = %s",
        to,
        position,
    )
    logbook.do("DELETE FROM eventstore.stored_events WHERE notification_id = %s", position)
    logbook.do(
        "UPDATE eventstore.stored_events SET originator_id = rtrim(originator_id, '~') WHERE notification_id = %s",
        to,
    )


def swap(logbook: Logbook, one: int, other: int) -> None:
    move(logbook, one, 1_000_000)
    move(logbook, other, one)
    move(logbook, 1_000_000, other)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_done_to_the_log_is_found_and_named(sealed: Logbook, data: st.DataObject) -> None:
    positions = sealed.positions()
    place = data.draw(st.integers(0, COUNT - 1))
    other = data.draw(st.integers(0, COUNT - 1).filter(lambda n: n != place))
    deed = data.draw(st.sampled_from(["drop", "swap", "insert", "truncate", "move", "change"]))
    note = note_of(sealed.tree())
    position, second = positions[place], positions[other]
    gap = next(n for n in range(1, positions[-1]) if n not in positions)
    sealed.do("BEGIN")
    if deed == "drop":
        sealed.do("DELETE FROM eventstore.stored_events WHERE notification_id = %s", position)
        kind, at = (Kind.DROPPED, position) if place < COUNT - 1 else (Kind.TRUNCATED, positions[-2])
    elif deed == "swap":
        swap(sealed, position, second)
        kind, at = Kind.SWAPPED, min(position, second)
    elif deed == "insert":
        sealed.do(
            "INSERT INTO eventstore.stored_events (notification_id, originator_id, originator_version, topic, state) "
            "OVERRIDING SYSTEM VALUE VALUES (%s, 'charger/zeus/NEW', 1, 'charger.noted', '{}')",
            gap,
        )
        kind, at = Kind.INSERTED, gap
    elif deed == "truncate":
        sealed.do("DELETE FROM eventstore.stored_events WHERE notification_id > %s", position)
        kind, at = Kind.TRUNCATED, position
        if place == COUNT - 1:
            sealed.do("ROLLBACK")
            return
    elif deed == "move":
        move(sealed, position, gap)
        kind, at = Kind.MOVED, position
    else:
        bit = data.draw(st.integers(0, 63))
        sealed.do(
            "UPDATE eventstore.stored_events SET state = set_bit(state, %s, 1 - get_bit(state, %s)) "
            "WHERE notification_id = %s",
            bit,
            bit,
            position,
        )
        kind, at = Kind.CHANGED, position
    verdict = verify(sealed, note)
    sealed.do("ROLLBACK")
    named = [one for one in verdict.findings if one.position and not one.kind.harmless]
    assert [(one.kind, one.position) for one in named] == [(kind, at)]
    assert Kind.CHECKPOINT_BROKEN in kinds(verdict)


def test_who_rewrites_the_tree_as_well_is_found_by_whoever_has_a_checkpoint(sealed: Logbook) -> None:
    note = note_of(sealed.tree())
    sealed.do(
        "UPDATE eventstore.stored_events SET state = '{}' WHERE notification_id = %s", sealed.positions()[100]
    )
    sealed.do("DELETE FROM audit.tiles")
    sealed.do("DELETE FROM audit.tails")
    sealed.seal()
    assert verify(sealed).intact
    assert kinds(verify(sealed, note)) == {Kind.CHECKPOINT_BROKEN}


def test_what_was_cut_off_is_missed_by_whoever_has_a_checkpoint(sealed: Logbook) -> None:
    note = note_of(sealed.tree())
    sealed.do("DELETE FROM audit.tails")
    sealed.do("DELETE FROM eventstore.stored_events WHERE notification_id > %s", sealed.positions()[-3])
    verdict = verify(sealed, note)
    assert kinds(verdict) == {Kind.CHECKPOINT_BROKEN}
    assert "the log has 698" in verdict.findings[0].words


DAMAGES: list[tuple[str, str]] = [
    ("hashes = set_byte(hashes, 40, 255 - get_byte(hashes, 40))", "was changed"),
    ("root = set_byte(root, 0, 255 - get_byte(root, 0))", "was changed"),
    ("hashes = ''", "was changed"),
    ("runs = ARRAY[5, 256]::bigint[]", "not where it belongs"),
    ("runs = ARRAY[1, 3]::bigint[]", "not where it belongs"),
    ("tile = 7", "not where it belongs"),
]


@pytest.mark.parametrize(("change", "words"), DAMAGES)
def test_a_damaged_tile_is_no_change_of_the_log(sealed: Logbook, change: str, words: str) -> None:
    note = note_of(sealed.tree())
    sealed.do(f"UPDATE audit.tiles SET {change} WHERE level = 0 AND tile = 1")  # noqa: S608
    verdict = verify(sealed, note)
    assert kinds(verdict) == {Kind.TREE_DAMAGED}
    assert words in verdict.findings[0].words


def test_a_higher_tile_has_to_fit_those_below(logbook: Logbook, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("adapters.audit.tiles", "adapters.audit.sealer", "adapters.audit.verification"):
        monkeypatch.setattr(f"{module}.TILE", 4)
    monkeypatch.setattr("adapters.audit.tiles.TILE_BITS", 2)
    logbook.add(300)
    logbook.seal()
    assert verify(logbook, note_of(logbook.tree()), since=0).intact
    assert verify(logbook, note_of(logbook.tree()), since=170).intact
    logbook.do(
        "UPDATE audit.tiles SET hashes = set_byte(hashes, 0, 255 - get_byte(hashes, 0)) WHERE level = 2"
    )
    assert kinds(verify(logbook)) == {Kind.TREE_DAMAGED}


def test_versions_of_a_stream_have_no_gaps(sealed: Logbook) -> None:
    sealed.do(
        "INSERT INTO eventstore.stored_events (originator_id, originator_version, topic, state) "
        "VALUES ('charger/zeus/NEW', 2, 'charger.noted', '{}')"
    )
    verdict = verify(sealed)
    assert kinds(verdict) == {Kind.STREAM_GAP}
    assert "charger/zeus/NEW has 1 events, but versions 2 to 2" in verdict.findings[0].words


def test_a_clock_that_was_set_back_is_told_and_is_no_tampering(logbook: Logbook) -> None:
    logbook.add(1)
    logbook.do(
        "INSERT INTO eventstore.stored_events (originator_id, originator_version, topic, state, recorded_at) "
        "VALUES ('charger/zeus/NEW', 1, 'charger.noted', '{}', now() - interval '1 hour')"
    )
    verdict = verify(logbook)
    assert kinds(verdict) == {Kind.CLOCK_WENT_BACK}
    assert verdict.intact


def test_a_verified_checkpoint_saves_the_work_before_it(sealed: Logbook) -> None:
    early = note_of(sealed.tree(), size=550)
    sealed.add(600)
    sealed.seal()
    late = note_of(sealed.tree())
    verdict = verify(sealed, early, late, since=550)
    assert verdict.intact
    assert verdict.events == 1300 - 512
    assert verdict.checkpoints == 2
    assert verdict.root == sealed.tree().root()
    changed = sealed.positions()[520]
    sealed.do("UPDATE eventstore.stored_events SET topic = 'x' WHERE notification_id = %s", changed)
    again = verify(sealed, early, late, since=550)
    assert [one.position for one in again.findings if one.kind is Kind.CHANGED] == [changed]
    with pytest.raises(SinceUnknown):
        verify(sealed, since=3000)


def test_only_signatures_of_known_keys_count(sealed: Logbook) -> None:
    tree = sealed.tree()
    verdict = verify(sealed, note_of(tree, make_key()), "no note at all", note_of(tree).replace("700", "699"))
    assert kinds(verdict) == {Kind.SIGNATURE_WRONG}
    assert len(verdict.findings) == 3
    assert verdict.checkpoints == 0


def test_progress_is_told(sealed: Logbook) -> None:
    told: list[Any] = []
    Verification(sealed.connection, [], [], lambda *numbers: told.append(numbers)).run()
    last = sealed.positions()[-1]
    assert told[-1] == (last, last) or told[-1][1] == last
    assert [done for done, _ in told] == sorted(done for done, _ in told)
