"""Given files stored, linked to and fetched, their rows; and what can be asked of them."""

from datetime import timedelta
from typing import Any

import msgspec

from domain.artefacts.events import Fetched, Kind, Purpose, Released, Stored, Withdrawn
from domain.event import Fact, Told
from projections.artefacts import queries
from tests.projections.stories import START, TENANT, Log, project, reading, rows

SOON = START + timedelta(hours=1)


def of(n: int) -> str:
    return f"artefact/{TENANT}/{n:022x}"


def firmware(name: str = "fw.bin") -> Stored:
    return Stored(name=name, kind=Kind.FIRMWARE, size_bytes=10, sha256="ab", blob="b")


def link(purpose: Purpose, charger: str = "CP1") -> Released:
    return Released(link="l", charger=charger, purpose=purpose, expires_at=SOON, command="cmd")


def upload(name: str = "log.gz") -> Stored:
    return Stored(
        name=name,
        kind=Kind.UPLOAD,
        size_bytes=3,
        sha256="cd",
        blob="c",
        charger="CP1",
        command="cmd",
        remote="r",
    )


def tell(dsn: str, *facts: tuple[str, Fact]) -> list[dict[str, Any]]:
    """Project the facts, one a minute; the rows by id."""
    log = Log(dsn)
    moments = [Told(recorded_at=START + timedelta(minutes=n), actor="user:ann") for n in range(len(facts))]
    log.tell(*((path, fact, moment) for (path, fact), moment in zip(facts, moments, strict=True)))
    project(dsn)
    return rows(dsn, "ocpp_artefacts", "id")


def test_a_firmware_counts_what_was_made_of_it(postgres_dsn: str) -> None:
    (row,) = tell(
        postgres_dsn,
        (of(1), firmware()),
        (of(1), link(Purpose.DOWNLOAD)),
        (of(1), link(Purpose.DOWNLOAD, "CP2")),
        (of(1), Fetched(link="l", length=4)),
        (of(1), Fetched(link="l", offset=4, length=6, complete=True)),
        (of(1), Withdrawn("faulty")),
    )
    assert (row["kind"], row["name"], row["size_bytes"], row["sha256"]) == ("firmware", "fw.bin", 10, "ab")
    assert (row["charger"], row["command"], row["remote"]) == (None, None, None)
    assert (row["stored_at"], row["stored_by"]) == (START, "user:ann")
    assert (row["links"], row["last_link_charger"], row["last_link_expires_at"]) == (2, "CP2", SOON)
    assert (row["fetches"], row["bytes_sent"]) == (1, 10)
    assert row["last_fetched_at"] == START + timedelta(minutes=4)
    assert (row["withdrawn_at"], row["withdraw_reason"]) == (START + timedelta(minutes=5), "faulty")


def test_an_upload_is_a_row_from_the_moment_it_is_asked_for(postgres_dsn: str) -> None:
    awaited, stored = tell(
        postgres_dsn,
        (of(1), link(Purpose.UPLOAD)),
        (of(2), link(Purpose.UPLOAD)),
        (of(2), upload()),
    )
    assert (awaited["kind"], awaited["charger"], awaited["command"]) == ("upload", "CP1", "cmd")
    assert (awaited["stored_at"], awaited["size_bytes"]) == (None, None)
    assert (stored["name"], stored["charger"], stored["command"], stored["remote"]) == (
        "log.gz",
        "CP1",
        "cmd",
        "r",
    )


def test_lists(postgres_dsn: str) -> None:
    tell(
        postgres_dsn,
        *((of(n), firmware(f"Rel-{n}.bin")) for n in range(5)),
        *((of(n), link(Purpose.UPLOAD, f"CP{n}")) for n in range(5, 9)),
        (of(5), upload()),
        (of(1), Withdrawn()),
    )
    with reading(postgres_dsn).connect() as connection:

        def ids(hours: float = 0, **wanted: Any) -> list[int]:
            found: list[int] = []
            after: Any = None
            while True:
                page = queries.list_artefacts(
                    connection,
                    TENANT,
                    queries.ArtefactFilter(**wanted),
                    now=START + timedelta(hours=hours),
                    after=after,
                    limit=2,
                )
                found += [int(row.id, 16) for row in page.rows]
                if page.next is None:
                    return found
                after = page.next

        assert ids() == [8, 7, 6, 5, 4, 3, 2, 1, 0]
        assert ids(kind="firmware", state="stored") == [4, 3, 2, 0]
        assert ids(state="withdrawn") == [1]
        assert ids(state="awaited") == [8, 7, 6]
        assert ids(1, state="awaited") == []
        assert ids(1, state="missed") == [8, 7, 6]
        assert ids(charger="cp6") == [6]
        assert ids(command="cmd") == [8, 7, 6, 5]
        assert ids(q="REL-3") == [3]
        one = queries.get_artefact(connection, TENANT, of(5).rsplit("/", 1)[1], now=START)
        assert one is not None
        assert one.state == "stored"
        assert msgspec.json.encode(one)
        assert queries.get_artefact(connection, "other", one.id, now=START) is None
        assert queries.list_artefacts(connection, "other", now=START).rows == ()
