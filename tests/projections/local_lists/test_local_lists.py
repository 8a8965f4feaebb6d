"""The row of a list says what the domain says of it."""

import random
from datetime import timedelta

from domain.commands.drivers import ListEntry
from domain.desired_state.local_list import ListLimits
from domain.identity import IdToken
from projections.local_lists import queries
from projections.local_lists.projection import LocalLists
from tests.domain.desired_state.box import Box
from tests.domain.desired_state.desk import Desk
from tests.projections.stories import TENANT, Log, project, reading


def lived(seed: int) -> Desk:
    """A charger that is wanted this list and that, and takes, loses or refuses them."""
    dice = random.Random(seed)
    supported = seed % 8 != 0
    box = Box([], seed=seed, list_part=dice.choice((1, 2, 20)), losses=3, list_supported=supported)
    desk = Desk(box)
    for _ in range(dice.randrange(1, 6)):
        tokens = [ListEntry(id_token=IdToken(f"T{n}")) for n in dice.sample(range(9), dice.randrange(6))]
        limits = ListLimits(per_message=box.list_part)
        desk.tell(desk.list.want(tokens, limits, full=dice.random() < 0.5), of_list=True)
        box.list_failures = dice.choice((0, 0, 1, 2))
        for _ in range(dice.choice((0, 3, 40))):
            desk.look()
            desk.now += timedelta(seconds=dice.choice((1, 5)))
    return desk


def state_of(desk: Desk) -> str:
    """The state in the domain's own terms."""
    wanted = desk.list
    if wanted.given_up:
        return "given_up"
    if wanted.held_version is None:
        return "unknown"
    return "reached" if wanted.reached else "pending"


def test_rows_and_domain_agree_on_every_list(postgres_dsn: str) -> None:
    log, seen = Log(postgres_dsn), set()
    desks = {f"CP{seed:02}": lived(seed) for seed in range(60)}
    for cpid, desk in desks.items():
        own = [event for event in desk.events if event.originator_id == desk.list.stream]
        log.tell(*((f"local-list/{TENANT}/{cpid}", event.fact, event.told) for event in own))
    project(postgres_dsn, LocalLists())
    with reading(postgres_dsn).connect() as connection:
        for cpid, desk in desks.items():
            row = queries.local_list(connection, TENANT, cpid)
            assert row is not None
            assert (cpid, row.state) == (cpid, state_of(desk))
            assert (row.wanted_version, row.held_version) == (
                desk.list.wanted_version,
                desk.list.held_version,
            )
            assert row.entries == len(desk.list.tokens)
            seen.add(row.state)
        assert seen == {"given_up", "unknown", "reached", "pending"}
        page = queries.list_local_lists(connection, TENANT, state="given_up", limit=3)
        assert [row.reason is not None for row in page.rows] == [True] * 3
        following = queries.list_local_lists(connection, TENANT, state="given_up", after=page.next, limit=3)
        assert page.rows[-1].charger < following.rows[0].charger
        assert queries.local_list(connection, "other", "CP01") is None
