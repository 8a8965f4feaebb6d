"""What every socket registry does: subclass `SocketRegistryContract` and give it a `rig` fixture."""

import asyncio
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from application.fleet import Fleet, FleetUnavailable, Owner
from domain.identity import ChargerId
from tests.contracts.fleet import Rig, eventually

CHARGER = ChargerId.of("default", "CP-1")
LONG_S = 3600.0
_examples = count(1)


class SocketRegistryContract:
    """The cases."""

    async def test_the_newest_claim_owns_and_the_former_is_fenced(self, here: Fleet, there: Fleet) -> None:
        await here.sockets.beat("g1", LONG_S)
        await there.sockets.beat("g2", LONG_S)
        assert await here.sockets.owner(CHARGER) is None
        first = await here.sockets.claim(CHARGER, "g1", "c1", "ocpp1.6")
        assert await there.sockets.owner(CHARGER) == Owner("g1", "c1", first, "ocpp1.6")
        second = await there.sockets.claim(CHARGER, "g2", "c2", "ocpp2.1")
        assert second > first
        assert not await here.sockets.release(CHARGER, first)
        assert await here.sockets.owner(CHARGER) == Owner("g2", "c2", second, "ocpp2.1")
        assert await there.sockets.release(CHARGER, second)
        assert not await there.sockets.release(CHARGER, second)
        assert await here.sockets.owner(CHARGER) is None
        assert await here.sockets.claim(CHARGER, "g1", "c3", "ocpp1.6") > second

    async def test_claims_at_once_get_generations_of_their_own(self, here: Fleet, there: Fleet) -> None:
        await here.sockets.beat("g", LONG_S)
        fleets = [here, there] * 10
        given = await asyncio.gather(
            *(fleet.sockets.claim(CHARGER, "g", f"c{n}", "ocpp1.6") for n, fleet in enumerate(fleets))
        )
        assert len(set(given)) == len(given)
        owner = await here.sockets.owner(CHARGER)
        assert owner == Owner("g", f"c{given.index(max(given))}", max(given), "ocpp1.6")

    async def test_a_whole_fleet_comes_to_two_gateways_at_once(self, here: Fleet, there: Fleet) -> None:
        """Each in an order of its own, and goes again: nobody waits in a circle, nobody is forgotten."""
        chargers = [ChargerId.of("default", f"CP-{n}") for n in range(700)]
        doors = (("g1", here, chargers), ("g2", there, chargers[::-1]))
        for gateway, fleet, _ in doors:
            await fleet.sockets.beat(gateway, LONG_S)
        given = await asyncio.gather(
            *(
                fleet.sockets.claim(who, gateway, gateway, "ocpp1.6")
                for gateway, fleet, row in doors
                for who in row
            )
        )
        generations = {
            who: {"g1": given[n], "g2": given[2 * len(chargers) - 1 - n]} for n, who in enumerate(chargers)
        }
        for who, by in list(generations.items())[::50]:
            newest = max(by, key=lambda gateway: by[gateway])
            assert await here.sockets.owner(who) == Owner(newest, newest, by[newest], "ocpp1.6")
        released = await asyncio.gather(
            *(
                fleet.sockets.release(who, generations[who][gateway])
                for gateway, fleet, row in doors
                for who in row
            )
        )
        assert sum(released) == len(chargers)
        assert [owner for owner in [await there.sockets.owner(who) for who in chargers[::50]] if owner] == []

    async def test_tenants_and_odd_names_are_kept_apart(self, here: Fleet) -> None:
        await here.sockets.beat("g", LONG_S)
        names = [("a", "B%2FC"), ("a", "B C"), ("a:B", "C"), ("a", "É*{}[]?"), ("b", "B C"), ("a", "'\";--")]
        claims = [
            (charger, await here.sockets.claim(charger, "g", f"c-{charger.key}", "ocpp1.6"))
            for charger in (ChargerId.of(*name) for name in names)
        ]
        for charger, generation in claims:
            assert await here.sockets.owner(charger) == Owner("g", f"c-{charger.key}", generation, "ocpp1.6")

    async def test_a_gateway_lives_as_long_as_it_beats(self, rig: Rig, here: Fleet, there: Fleet) -> None:
        assert not await here.sockets.beat("g", LONG_S)
        assert await here.sockets.beat("g", 0.05)
        generation = await here.sockets.claim(CHARGER, "g", "c", "ocpp1.6")
        await rig.elapse(0.06)

        async def gone() -> bool:
            return await there.sockets.owner(CHARGER) is None

        await eventually(gone)
        assert await there.sockets.living() == frozenset()
        assert await there.sockets.owned_by_the_dead() == [(CHARGER, Owner("g", "c", generation, "ocpp1.6"))]
        assert not await here.sockets.beat("g", LONG_S)
        assert await there.sockets.owned_by_the_dead() == []
        assert await there.sockets.owner(CHARGER) == Owner("g", "c", generation, "ocpp1.6")

    async def test_who_leaves_takes_its_claims_along_and_no_others(self, here: Fleet, there: Fleet) -> None:
        chargers = [ChargerId.of("default", f"CP-{n}") for n in range(6)]
        for gateway, fleet in (("g1", here), ("g2", there)):
            await fleet.sockets.beat(gateway, LONG_S)
        for n, charger in enumerate(chargers):
            await here.sockets.claim(charger, f"g{n % 2 + 1}", "c", "ocpp1.6")
        taken_over = await there.sockets.claim(chargers[0], "g2", "c", "ocpp1.6")
        await here.sockets.leave("g1")
        await here.sockets.leave("g1")
        owners = [await there.sockets.owner(charger) for charger in chargers]
        assert [owner and owner.gateway for owner in owners] == ["g2", "g2", None, "g2", None, "g2"]
        assert await there.sockets.living() == {"g2"}
        assert await there.sockets.owned_by_the_dead() == []
        assert await there.sockets.release(chargers[0], taken_over)

    async def test_a_closed_one_answers_nothing(self, here: Fleet) -> None:
        await here.sockets.beat("g", LONG_S)
        await here.close()
        with pytest.raises(FleetUnavailable):
            await here.sockets.owner(CHARGER)

    def test_it_does_what_a_simple_model_does(self, machine_rig: Callable[[], Rig]) -> None:
        """Claims, releases, beats, deaths and leaves in any order, by two processes in turn."""
        run_state_machine_as_test(
            lambda: RegistryMachine(machine_rig()),
            settings=settings(
                max_examples=15,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


_chargers = st.sampled_from(["CP-1", "CP-2", "CP 3%"])
_gateways = st.sampled_from(["g1", "g2", "g3"])
_processes = st.sampled_from([0, 1])


class RegistryMachine(RuleBasedStateMachine):
    """A registry and what it should hold. Names are new in each example, so that a server may be shared."""

    def __init__(self, rig: Rig) -> None:
        super().__init__()
        self.name = f"machine-{next(_examples)}"
        self.runner = asyncio.Runner()
        self.rig = rig
        self.fleets = [rig.open(), rig.open()]
        self.living: set[str] = set()
        self.owners: dict[ChargerId, Owner] = {}
        self.given: dict[ChargerId, list[int]] = {}

    def teardown(self) -> None:
        for fleet in self.fleets:
            self.runner.run(fleet.close())
        self.runner.close()

    def charger(self, name: str) -> ChargerId:
        return ChargerId.of(self.name, name)

    @rule(name=_gateways, process=_processes)
    def beat(self, name: str, process: int) -> None:
        gateway = f"{self.name}-{name}"
        lived = self.runner.run(self.fleets[process].sockets.beat(gateway, LONG_S))
        assert lived == (gateway in self.living)
        self.living.add(gateway)

    @rule(name=_gateways, process=_processes)
    def die(self, name: str, process: int) -> None:
        gateway = f"{self.name}-{name}"
        sockets = self.fleets[process].sockets

        async def dead() -> bool:
            return gateway not in await sockets.living()

        async def stop_beating() -> None:
            await sockets.beat(gateway, 0.001)
            await self.rig.elapse(0.002)
            await eventually(dead)

        self.runner.run(stop_beating())
        self.living.discard(gateway)

    @rule(charger=_chargers, name=_gateways, process=_processes)
    def claim(self, charger: str, name: str, process: int) -> None:
        who, gateway = self.charger(charger), f"{self.name}-{name}"
        given = self.given.setdefault(who, [0])
        connection = f"c{len(given)}"
        generation = self.runner.run(
            self.fleets[process].sockets.claim(who, gateway, connection, "ocpp2.0.1")
        )
        assert generation > max(given)
        given.append(generation)
        self.owners[who] = Owner(gateway, connection, generation, "ocpp2.0.1")

    @rule(charger=_chargers, process=_processes, back=st.integers(0, 2))
    def release(self, charger: str, process: int, back: int) -> None:
        who = self.charger(charger)
        given = self.given.get(who, [0])
        generation = given[max(0, len(given) - 1 - back)]
        released = self.runner.run(self.fleets[process].sockets.release(who, generation))
        owner = self.owners.get(who)
        assert released == (owner is not None and owner.generation == generation)
        if released:
            del self.owners[who]

    @rule(name=_gateways, process=_processes)
    def leave(self, name: str, process: int) -> None:
        gateway = f"{self.name}-{name}"
        self.runner.run(self.fleets[process].sockets.leave(gateway))
        self.living.discard(gateway)
        self.owners = {who: owner for who, owner in self.owners.items() if owner.gateway != gateway}

    @invariant()
    def both_processes_see_the_same(self) -> None:
        for fleet in self.fleets:
            self.runner.run(self._compare(fleet))

    async def _compare(self, fleet: Fleet) -> None:
        for who in self.given:
            owner = self.owners.get(who)
            lives = owner is not None and owner.gateway in self.living
            assert await fleet.sockets.owner(who) == (owner if lives else None)
        dead = [(w, o) for w, o in await fleet.sockets.owned_by_the_dead() if w.tenant == self.name]
        assert dead == sorted((w, o) for w, o in self.owners.items() if o.gateway not in self.living)
        ours = {gateway for gateway in await fleet.sockets.living() if gateway.startswith(f"{self.name}-")}
        assert ours == self.living
