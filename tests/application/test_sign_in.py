"""SEC-26: who comes in, who has to wait, which sessions hold; nobody is told what was wrong."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta

import pytest

from application import sign_in
from application.own_account import FRESH, AuthenticatorNeeded, SignInAgain
from application.people import People, RightLacking
from application.ports import AnyEvent
from application.proofs import HashingBusy, SealBroken
from application.remembered import FRESH_S
from application.sessions import HALFWAY, IDLE, LONGEST, Stage, digest_of_session
from application.sign_in import MustWait, SignInFailed, Visit
from application.tenants import Tenants
from domain.event import Event, Fact
from domain.people import events as user
from domain.people.passwords import PasswordUnfit
from domain.people.user import InvitationVoid, LastAdmin, UserExists, UserUnknown, user_stream
from domain.tenants.roles import Right, Role
from tests.application.front_desk import HOME, OTHER, PASSWORD, TENANT, Office, quick_hashes
from tests.fakes.event_store import InMemoryEventStore


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    """Two processes."""
    office = await Office(2).open()
    yield office
    await office.close()


async def until_shut(guess: Callable[[], Awaitable[object]]) -> float:
    """Guess wrong until told to wait; for how long."""
    for _ in range(20):
        try:
            await guess()
        except SignInFailed:
            continue
        except MustWait as must:
            return must.seconds
    raise AssertionError("nobody had to wait")


async def test_an_invitation_makes_a_password_and_the_password_a_session(office: Office) -> None:
    made = await office.people.add("Ann@Example.com", Role.VIEWER, "Ann")
    assert "…" in repr(made)
    await office.desk.accept(made.text, PASSWORD, HOME)
    admitted = await office.sign_in("ann@example.COM")
    assert admitted.session.stage is Stage.FULL
    for at in (0, 1):
        person = await office.who(admitted, at)
        assert person is not None
        assert (person.role, person.login, person.name) == (Role.VIEWER, "Ann@Example.com", "Ann")
    (signed_in,) = office.facts(user.SignedIn)
    assert signed_in == user.SignedIn(proof="password", session=admitted.session.handle)
    assert admitted.session_id not in str(office.store.log)
    with pytest.raises(InvitationVoid):
        await office.desk.accept(made.text, OTHER, HOME)


async def test_who_acts_stands_in_the_log_under_an_id_and_the_request(office: Office) -> None:
    name = await office.employ()
    await office.sign_in()
    told = office.store.log[-1].event.told
    assert (told.actor, told.cause) == (f"user:{name}", "r1")
    named = [one for one in office.store.log if "ann" in str(one.event.fact)]
    assert [type(one.event.fact) for one in named] == [user.Named]
    assert not [one for one in office.store.log if "ann" in one.event.originator_id]


async def test_sec_26_nobody_is_told_what_was_wrong_and_it_costs_the_same() -> None:
    """A login that nobody has, a wrong password, no password yet, disabled, suspended: as many readings and hashes."""

    class Counting(InMemoryEventStore):
        reads = 0

        async def read(self, stream: str, after: int = 0) -> list[AnyEvent]:
            self.reads += 1
            return await super().read(stream, after)

    office = Office()
    office.store = office.book.store = store = Counting()
    office = await office.open()
    await office.employ()
    gone = await office.employ("gone")
    await office.people.disable(gone)
    await office.people.add("new", Role.VIEWER)
    costs = set()
    for login, password in (
        ("ann", OTHER),
        ("nobody", OTHER),
        ("new", OTHER),
        ("gone", PASSWORD),
        ("gone", OTHER),
    ):
        store.reads, before = 0, office.processes[0].hashes.checked
        with pytest.raises(SignInFailed) as refused:
            await office.sign_in(login, password)
        costs.add((store.reads, office.processes[0].hashes.checked - before, str(refused.value)))
        await office.desk.finish()
    assert costs == {(2, 1, "")}
    await office.close()
    assert [fact.why for fact in office.facts(user.SignInRefused)] == [  # type: ignore[attr-defined]
        "password", "no_password", "disabled", "password"
    ]  # fmt: skip


async def test_people_of_a_suspended_tenant_are_out(office: Office) -> None:
    await office.employ()
    admitted = await office.sign_in()
    await Tenants(office.store, "user:root").suspend(TENANT, implied=TENANT)
    office.broker.seconds += FRESH_S
    assert await office.who(admitted) is None
    with pytest.raises(SignInFailed):
        await office.sign_in()


async def test_sec_26_guesses_wait_longer_and_longer_in_every_process_and_unknown_logins_alike(
    office: Office,
) -> None:
    await office.employ()
    for login in ("ann", "nobody"):
        looked_at, waits = 0, []
        for n in range(200):
            try:
                await office.sign_in(login, OTHER, at=n % 2)
            except SignInFailed:
                looked_at += 1
            except MustWait as must:
                waits.append(must.seconds)
                office.broker.seconds += must.seconds + 0.1
            await asyncio.sleep(0)
        # Each wait is followed by a few guesses that leaked out of the bucket meanwhile.
        assert looked_at <= 200 - len(waits)
        assert waits[0] >= 60
        assert max(waits) == pytest.approx(900, abs=1)
        office.broker.seconds += 3 * 3600
    await office.desk.finish()
    await office.processes[1].desk.finish()
    assert office.facts(user.Locked)
    assert len(office.facts(user.SignInRefused)) < 200


async def test_every_refusal_is_on_record_however_many_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four processes write to one person's stream, each of which loses most races for its next version."""
    monkeypatch.setattr(sign_in, "RECORD_PATIENCE_S", 600.0)  # how fast the machine is decides nothing

    class Slow(InMemoryEventStore):
        async def append(self, events: Sequence[Event[Fact]]) -> list[int]:
            for _ in range(3):
                await asyncio.sleep(0)
            return await super().append(events)

    office = Office(4)
    office.store = office.book.store = Slow()
    office = await office.open()
    name = await office.employ()
    person = await office.book.load(TENANT, name)
    for _ in range(50):
        for process in office.processes:
            process.desk.put_on_record(TENANT, person, "password", HOME)
    await asyncio.gather(*(process.desk.finish() for process in office.processes))
    assert len(office.facts(user.SignInRefused)) == 200
    await office.close()


async def test_a_refusal_is_put_on_record_when_the_store_is_back(office: Office) -> None:
    name = await office.employ()
    person = await office.book.load(TENANT, name)
    office.store.unavailable = True
    office.desk.put_on_record(TENANT, person, "code", HOME)
    await asyncio.sleep(0.02)
    assert not office.facts(user.SignInRefused)
    office.store.unavailable = False
    await office.desk.finish()
    assert office.facts(user.SignInRefused) == [user.SignInRefused(why="code")]


async def test_a_refusal_that_nobody_takes_is_told_to_the_process_log(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sign_in, "RECORD_PATIENCE_S", 0.02)
    name = await office.employ()
    person = await office.book.load(TENANT, name)
    office.store.unavailable = True
    office.desk.put_on_record(TENANT, person, "code", HOME)
    await office.desk.finish()
    assert "could not be put on record" in caplog.text
    office.store.unavailable = False


async def test_sec_26_guesses_in_parallel_gain_nothing(office: Office) -> None:
    await office.employ()
    outcomes = await asyncio.gather(
        *(office.sign_in(password=f"{OTHER}{n}", at=n % 2) for n in range(100)), return_exceptions=True
    )
    looked_at = [one for one in outcomes if isinstance(one, SignInFailed)]
    assert len(looked_at) == 2, "one at a time in each process"
    assert len([one for one in outcomes if isinstance(one, MustWait)]) == 98


async def test_who_knows_the_password_is_let_in_again_after_the_wait(office: Office) -> None:
    await office.employ()
    seconds = await until_shut(lambda: office.sign_in(password=OTHER))
    office.broker.seconds += seconds + 0.1
    assert (await office.sign_in()).session.stage is Stage.FULL


async def test_hashing_is_bounded_and_says_so() -> None:
    hashes = quick_hashes(waiting=2)
    office = Office()
    outcomes = await asyncio.gather(*(hashes.check(None, "x") for _ in range(5)), return_exceptions=True)
    assert [isinstance(one, HashingBusy) for one in outcomes] == [False, False, True, True, True]
    assert hashes.under_way == 0
    hashes.close()
    await office.close()


async def test_a_password_is_hashed_anew_when_the_cost_rises(office: Office) -> None:
    name = await office.employ()
    dear = quick_hashes(time_cost=2)
    office.desk.passwords._hashes = dear
    await office.sign_in()
    await office.desk.finish()
    assert len(office.facts(user.PasswordRehashed)) == 1
    person = await office.book.load(TENANT, name)
    checked = await office.desk.passwords.check(person, PASSWORD)
    assert (checked.good, checked.outdated) == (True, False)
    assert person.epoch < person.version, "nobody is signed out by it"
    dear.close()


async def test_sec_26_who_may_operate_needs_a_second_factor(office: Office) -> None:
    await office.employ(role=Role.OPERATOR)
    halfway = await office.sign_in()
    assert halfway.session.stage is Stage.ENROL
    assert office.facts(user.SignedIn) == []
    whole, codes = await office.enrol(halfway)
    assert whole.session.stage is Stage.FULL
    assert len(codes) == 10
    assert await office.who(halfway) is None
    assert await office.who(whole) is not None
    again = await office.sign_in()
    assert again.session.stage is Stage.CODE
    with pytest.raises(SignInFailed):
        await office.desk.second_factor(again.session, await office.code_of(again.session.user_id), HOME)
    office.broker.seconds += 30
    code = await office.code_of(again.session.user_id)
    through = await office.desk.second_factor(again.session, code, HOME)
    assert through.session.proof == "password+code"
    assert await office.who(again) is None, "the id of before the second factor opens nothing"


async def test_on_a_laptop_it_may_be_left_out() -> None:
    office = await Office(code_needed=False).open()
    await office.employ(role=Role.TENANT_ADMIN)
    assert (await office.sign_in()).session.stage is Stage.FULL
    await office.close()


async def test_sec_26_a_code_shown_to_two_processes_at_once_opens_one(office: Office) -> None:
    await office.employ(role=Role.OPERATOR)
    whole, codes = await office.enrol(await office.sign_in())
    name = whole.session.user_id
    for code in (None, codes[0]):
        office.broker.seconds += 60
        halfway = [await office.sign_in(at=at) for at in (0, 1)]
        shown = code or await office.code_of(name)
        outcomes = await asyncio.gather(
            *(office.processes[at].desk.second_factor(halfway[at].session, shown, HOME) for at in (0, 1)),
            return_exceptions=True,
        )
        assert sorted(isinstance(one, SignInFailed) for one in outcomes) == [False, True]


async def test_wrong_codes_have_to_wait_as_wrong_passwords_do(office: Office) -> None:
    await office.employ(role=Role.OPERATOR)
    await office.enrol(await office.sign_in())
    office.broker.seconds += 60
    halfway = await office.sign_in()
    right = await office.code_of(halfway.session.user_id)
    wrong = "000000" if right != "000000" else "000001"
    assert await until_shut(lambda: office.desk.second_factor(halfway.session, wrong, HOME)) >= 60
    with pytest.raises(MustWait):
        await office.desk.second_factor(halfway.session, right, HOME)


async def test_sec_26_sessions_end_by_idling_and_by_age(office: Office) -> None:
    await office.employ()
    admitted = await office.sign_in()
    office.broker.seconds += IDLE.total_seconds()
    assert await office.who(admitted) is None
    admitted = await office.sign_in()
    used = 0
    while used < LONGEST.total_seconds():
        assert await office.who(admitted) is not None
        step = (IDLE - timedelta(minutes=1)).total_seconds()
        office.broker.seconds += step
        used += step
    assert await office.who(admitted) is None
    await office.sessions.sweep(office.now())
    assert office.sessions.kept == {}


async def test_a_session_that_goes_on_under_a_new_id_grows_no_older_for_it(office: Office) -> None:
    await office.employ()
    first = await office.sign_in()
    office.broker.seconds += 600
    other = await office.account(first).end_others()
    assert other.session.ends_at == first.session.ends_at
    assert other.session_id != first.session_id
    assert await office.who(first) is None


async def test_half_a_session_lasts_for_minutes(office: Office) -> None:
    await office.employ(role=Role.OPERATOR)
    halfway = await office.sign_in()
    office.broker.seconds += HALFWAY.total_seconds()
    assert await office.who(halfway) is None


async def test_sec_26_a_change_of_rights_or_proofs_ends_every_session_everywhere(office: Office) -> None:
    name = await office.employ()
    changes = (
        lambda: office.people.change_role(name, Role.AUDITOR),
        lambda: office.people.end_sessions(name),
        lambda: office.people.disable(name),
    )
    for change in changes:
        admitted = [await office.sign_in(at=at) for at in (0, 1)]
        assert all([await office.who(one, at) for one in admitted for at in (0, 1)])
        await change()
        assert not any([await office.who(one, at) for one in admitted for at in (0, 1)])


async def test_sec_26_rows_that_a_dying_process_left_open_nothing(office: Office) -> None:
    """The log ends sessions; clearing them away is only tidiness."""
    name = await office.employ()
    admitted = await office.sign_in()
    kept = dict(office.sessions.kept)
    assert await office.who(admitted) is not None
    await office.people.change_role(name, Role.AUDITOR)
    office.sessions.kept = kept
    office.broker.seconds += FRESH_S
    for at in (0, 1):
        assert await office.who(admitted, at) is None


async def test_a_password_is_changed_by_who_knows_the_former_one(office: Office) -> None:
    await office.employ()
    mine, elsewhere = await office.sign_in(), await office.sign_in(at=1)
    with pytest.raises(SignInFailed):
        await office.account(mine).change_password(OTHER, OTHER)
    with pytest.raises(PasswordUnfit):
        await office.account(mine).change_password(PASSWORD, "password1234")
    new = await office.account(mine).change_password(PASSWORD, OTHER)
    assert [await office.who(one) is not None for one in (mine, elsewhere, new)] == [False, False, True]
    with pytest.raises(SignInFailed):
        await office.sign_in()
    assert await office.sign_in(password=OTHER)


async def test_people_see_and_end_their_own_sessions_and_nobody_elses(office: Office) -> None:
    await office.employ()
    await office.employ("bob")
    mine, other, bobs = await office.sign_in(), await office.sign_in(at=1), await office.sign_in("bob")
    seen = await office.account(mine).sessions()
    assert {one.handle for one in seen} == {mine.session.handle, other.session.handle}
    assert not await office.account(mine).end_session(bobs.session.handle)
    assert await office.account(mine).end_session(other.session.handle)
    assert await office.who(other) is None
    assert await office.who(bobs) is not None
    await office.account(mine).sign_out()
    assert await office.who(mine) is None


async def test_sec_28_nobody_grants_or_takes_a_right_that_he_lacks(office: Office) -> None:
    chief = await office.employ("chief", Role.PLATFORM_ADMIN)
    rights = Role.TENANT_ADMIN.rights
    admin = People(office.book, TENANT, "user:x", rights, sessions=office.sessions)
    with pytest.raises(RightLacking):
        await admin.add("new", Role.PLATFORM_ADMIN)
    for change in (
        lambda: admin.disable(chief),
        lambda: admin.invite(chief),
        lambda: admin.change_role(chief, Role.VIEWER),
        lambda: admin.remove_authenticator(chief),
        lambda: admin.end_sessions(chief),
        lambda: admin.erase(chief),
    ):
        with pytest.raises(RightLacking):
            await change()
    made = await admin.add("new", Role.TENANT_ADMIN)
    with pytest.raises(RightLacking):
        await admin.change_role(made.user_id, Role.PLATFORM_ADMIN)
    assert Right.PLATFORM not in rights


async def test_the_last_admin_stays_also_where_two_are_disabled_at_once(office: Office) -> None:
    ann, bob = await office.employ("ann", Role.TENANT_ADMIN), await office.employ("bob", Role.TENANT_ADMIN)
    outcomes = await asyncio.gather(
        office.people.disable(ann), office.people.disable(bob), return_exceptions=True
    )
    assert [isinstance(one, LastAdmin) for one in outcomes].count(True) == 1
    left = ann if outcomes[1] is None else bob
    for change in (
        office.people.disable,
        office.people.erase,
        lambda one: office.people.change_role(one, Role.VIEWER),
    ):
        with pytest.raises(LastAdmin):
            await change(left)


async def test_a_login_is_one_persons_also_where_two_ask_at_once(office: Office) -> None:
    outcomes = await asyncio.gather(
        *(office.people.add(login, Role.VIEWER) for login in ("ann", "ANN", "Ann")), return_exceptions=True
    )
    assert [isinstance(one, UserExists) for one in outcomes].count(True) == 2
    name = await office.people.find("ann")
    await office.people.erase(name, "asked")
    with pytest.raises(UserUnknown):
        await office.people.find("ann")
    await office.people.add("ann", Role.VIEWER)


async def test_sec_20_secrets_are_sealed_each_for_its_own_person(office: Office) -> None:
    await office.employ("ann", Role.OPERATOR)
    bob = await office.employ("bob", Role.OPERATOR)
    whole, _ = await office.enrol(await office.sign_in())
    ann = await office.book.load(TENANT, whole.session.user_id)
    assert "argon2" not in str(office.store.log)
    moved = await office.book.load(TENANT, bob)
    with pytest.raises(SealBroken):
        office.keys.open(f"authenticator of {user_stream(TENANT, bob)}", ann.authenticator)
    moved.verifier = ann.verifier
    with pytest.raises(SealBroken):
        await office.desk.passwords.check(moved, PASSWORD)


async def test_what_is_changed_of_a_second_factor_needs_a_fresh_sign_in(office: Office) -> None:
    await office.employ()
    admitted = await office.sign_in()
    whole, _ = await office.enrol(admitted)
    office.broker.seconds += 30
    name = whole.session.user_id
    codes = await office.account(whole).new_recovery_codes(await office.code_of(name))
    assert len(codes) == 10
    office.broker.seconds += FRESH.total_seconds() + 30
    with pytest.raises(SignInAgain):
        await office.account(whole).remove_authenticator(await office.code_of(name))
    again = await office.desk.second_factor(
        (await office.sign_in()).session, codes[3].upper(), Visit(remote="2001:db8::1")
    )
    with pytest.raises(SignInFailed):
        await office.account(again).remove_authenticator("000000")
    free = await office.account(again).remove_authenticator(await office.code_of(name))
    assert await office.who(again) is None
    assert await office.who(free) is not None
    assert (await office.sign_in()).session.stage is Stage.FULL
    operator = await office.employ("op", Role.OPERATOR)
    whole, _ = await office.enrol(await office.sign_in("op"))
    office.broker.seconds += 30
    with pytest.raises(AuthenticatorNeeded):
        await office.account(whole).remove_authenticator(await office.code_of(operator))


async def test_sessions_are_known_by_a_digest(office: Office) -> None:
    await office.employ()
    admitted = await office.sign_in()
    assert set(office.sessions.kept) == {digest_of_session(admitted.session_id)}
    assert admitted.session_id not in str(office.sessions.kept)
    assert await office.processes[0].door.person(admitted.session.digest, office.now()) is None
    assert await office.processes[0].door.person(admitted.session.handle, office.now()) is None
