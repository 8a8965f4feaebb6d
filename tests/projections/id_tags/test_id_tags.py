"""Given tokens issued and shown, their rows; and what can be asked of them."""

from datetime import timedelta
from typing import Any

import msgspec

from domain.chargers import events as charger
from domain.event import Fact
from domain.id_tokens import events as token
from domain.identity import IdToken
from domain.privacy import events as privacy
from domain.transactions import events as transaction
from projections.id_tags import queries
from tests.projections.stories import START, TENANT, Log, project, reading, rows, stream, told
from tests.projections.stories import transaction_of as tx


def of(name: str) -> str:
    return IdToken(name).stream(TENANT)


def shown(name: str, kind: str = "") -> charger.TokenPresented:
    return charger.TokenPresented(id_token=IdToken(name, kind), verdict="Unknown")


def tell(dsn: str, *facts: tuple[str, Fact]) -> dict[str, dict[str, Any]]:
    """Project the facts, one a minute; the rows by token."""
    log = Log(dsn)
    log.tell(*((path, fact, told(n)) for n, (path, fact) in enumerate(facts)))
    project(dsn)
    return {row["token"]: row for row in rows(dsn, "ocpp_id_tags")}


def test_an_unknown_token_can_be_found_and_adopted(postgres_dsn: str) -> None:
    found = tell(
        postgres_dsn,
        (stream("CP1"), shown("aB/é", "eMAID")),
        (stream("CP2"), shown("Ab/É")),
        (tx(), transaction.Started(evse_id=1, connector_id=1, at=START, id_token=IdToken("AB/É"))),
        (tx(), transaction.Started(evse_id=1, connector_id=1, at=START)),
        (tx(), transaction.TokenShown(id_token=IdToken(""), verdict="", at=START)),
        (stream("CP1"), shown("evil\x00" + "x" * 9000)),
    )
    assert len(found) == 2
    row = found["AB/É"]
    assert (row["value"], row["kind"], row["registered"], row["presented"]) == ("aB/é", "eMAID", False, 3)
    assert (row["first_seen"], row["first_charger"], row["last_charger"]) == (START, "CP1", "CP1")
    assert row["last_seen"] == START + timedelta(minutes=2)


def test_a_registered_token_counts_what_it_has_running(postgres_dsn: str) -> None:
    found = tell(
        postgres_dsn,
        (of("t/1"), token.Issued(id_token=IdToken("t/1"), group="g", label="Ada", max_active=2)),
        (of("t/1"), token.TakenUp("a")),
        (of("t/1"), token.TakenUp("b")),
        (of("t/1"), token.GivenBack("a")),
        (stream("CP7"), shown("T/1")),
        (of("t/1"), token.Blocked("lost")),
        (of("t/1"), token.Unblocked()),
        (of("t/1"), token.Blocked("stolen")),
    )
    row = found["T/1"]
    assert (row["value"], row["group"], row["label"], row["max_active"]) == ("t/1", "g", "Ada", 2)
    assert (row["active"], row["presented"], row["first_charger"]) == (1, 1, "CP7")
    assert (row["registered"], row["blocked"], row["block_reason"]) == (True, True, "stolen")


def test_lists(postgres_dsn: str) -> None:
    soon = START + timedelta(days=1)
    tell(
        postgres_dsn,
        *((stream(), shown(f"u{n:02}")) for n in range(9)),
        *((of(f"k{n}"), token.Issued(id_token=IdToken(f"k{n}"), label=f"Bob {n}")) for n in range(4)),
        (of("k1"), token.Blocked()),
        (of("k2"), token.Issued(id_token=IdToken("k2"), expires_at=soon)),
    )
    with reading(postgres_dsn).connect() as connection:

        def tokens(days: float = 0, **wanted: Any) -> list[str]:
            found: list[str] = []
            after: Any = None
            while True:
                page = queries.list_id_tags(
                    connection,
                    TENANT,
                    queries.IdTagFilter(**wanted),
                    now=START + timedelta(days=days),
                    after=after,
                    limit=2,
                )
                found += [row.token for row in page.rows]
                if page.next is None:
                    return found
                after = page.next

        assert len(tokens()) == 13
        assert tokens(state="unknown") == [f"U{n:02}" for n in range(9)]
        assert tokens(state="blocked") == ["K1"]
        assert tokens(state="expired") == []
        assert tokens(2, state="expired") == ["K2"]
        assert tokens(2, state="active") == ["K0", "K3"]
        assert tokens(registered=True, q="bob") == ["K0", "K1", "K3"]
        page = queries.list_id_tags(connection, TENANT, now=START)
        assert msgspec.json.encode(page.rows[0])
        assert queries.list_id_tags(connection, "other", now=START).rows == ()


def test_of_an_erased_one_what_people_wrote_is_gone_and_the_counts_stay(postgres_dsn: str) -> None:
    ref = f"~{'A' * 26}"
    found = tell(
        postgres_dsn,
        (f"id-token/{TENANT}/{ref}", token.Issued(id_token=IdToken(ref), group="g", label="Ada")),
        (f"id-token/{TENANT}/{ref}", token.Blocked("Ada lost it")),
        (stream("CP7"), shown(ref)),
        (f"subject/{TENANT}/{ref}", privacy.SubjectErased(ref=ref, legal_basis="asked")),
        (f"subject/{TENANT}/~B", privacy.SubjectErased(ref="~B", legal_basis="never a token")),
        (stream("CP7"), shown(ref)),
    )
    assert len(found) == 1
    row = found[ref]
    assert (row["label"], row["group"], row["block_reason"]) == (None, None, None)
    assert (row["registered"], row["blocked"], row["presented"]) == (False, False, 2)
    assert row["erased_at"] == START + timedelta(minutes=3)
