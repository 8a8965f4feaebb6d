"""Given what happened to a person, when something is decided, then these facts or the named error."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.event import Fact, Told, events_of
from domain.people import events as user
from domain.people.user import (
    Admins,
    AuthenticatorExists,
    AuthenticatorMissing,
    InvitationVoid,
    LastAdmin,
    Login,
    NothingOffered,
    User,
    UserElsewhere,
    UserErased,
    UserExists,
    UserImpossible,
    UserUnknown,
    admins_stream,
    digest_of,
    is_user_id,
    login_stream,
    needs_authenticator,
    user_stream,
)
from domain.tenants.roles import Right, Role

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
STREAM = user_stream("acme", "a" * 22)
ADDED = (user.Added(user_id="a" * 22, role=Role.OPERATOR), user.Named(login="ann"))
FROM_IDP = (user.Added(user_id="a" * 22, role=Role.OPERATOR, provider="https://idp"), user.Named(login="ann"))


def given_facts(*facts: Fact) -> User:
    person = User(STREAM)
    for event in events_of(STREAM, 0, facts, Told(recorded_at=NOW)):
        person.when(event)
    return person


def invited(of: str = "s", hours: int = 1) -> user.Invited:
    return user.Invited(digest=digest_of(STREAM, of), expires_at=NOW + timedelta(hours=hours))


def test_somebody_is_added_once_and_named_apart() -> None:
    assert User(STREAM).add(Role.OPERATOR, "ann", "") == list(ADDED)
    with pytest.raises(UserExists):
        given_facts(*ADDED).add(Role.OPERATOR, "ann", "")


@pytest.mark.parametrize(
    ("login", "name"), [("", ""), ("a b", ""), ("a\n", ""), ("x" * 101, ""), ("a", "\x07"), ("a", "n" * 101)]
)
def test_what_cannot_be_a_name_is_refused(login: str, name: str) -> None:
    with pytest.raises(UserImpossible):
        User(STREAM).add(Role.VIEWER, login, name)


def test_an_invitation_opens_once_in_time_and_only_the_newest() -> None:
    chosen = [user.PasswordChosen(verifier="v")]
    assert given_facts(*ADDED, invited()).accept("s", "v", NOW) == chosen
    for person, secret, at in (
        (given_facts(*ADDED), "s", NOW),
        (given_facts(*ADDED, invited()), "x", NOW),
        (given_facts(*ADDED, invited()), "s", NOW + timedelta(hours=1)),
        (given_facts(*ADDED, invited(), invited("t")), "s", NOW),
        (given_facts(*ADDED, invited(), *chosen), "s", NOW),
        (given_facts(*ADDED, invited(), user.Erased()), "s", NOW),
        (User(STREAM), "s", NOW),
    ):
        with pytest.raises(InvitationVoid):
            person.accept(secret, "v", at)


@pytest.mark.parametrize(
    "fact",
    [
        user.PasswordChosen(verifier="w"),
        user.AuthenticatorEnrolled(),
        user.AuthenticatorRemoved(),
        user.Disabled(),
        user.RoleChanged(role=Role.VIEWER),
        user.SessionsEnded(),
        user.Erased(),
    ],
)
def test_sec_26_what_changes_rights_or_proofs_ends_every_session(fact: Fact) -> None:
    before = given_facts(*ADDED)
    after = given_facts(*ADDED, fact)
    assert before.epoch == 0
    assert after.epoch == after.version


@pytest.mark.parametrize(
    "fact",
    [
        user.SignedIn(proof="password", session="s"),
        user.CodeShown(step=1),
        user.PasswordRehashed(verifier="v"),
        invited(),
    ],
)
def test_what_changes_nothing_of_that_ends_none(fact: Fact) -> None:
    assert given_facts(*ADDED, fact).epoch == 0


def test_already_so_is_no_event() -> None:
    person = given_facts(*ADDED, user.Disabled())
    assert person.disable("again") == []
    assert given_facts(*ADDED).enable("") == []
    assert person.change_role(Role.OPERATOR, "") == []
    assert person.remove_authenticator("") == []
    assert given_facts(*ADDED, user.Erased()).erase("") == []


def test_nobody_decides_about_one_who_is_not_there() -> None:
    nobody = User(STREAM)
    for decide in (
        lambda: nobody.disable(""),
        lambda: nobody.enable(""),
        lambda: nobody.change_role(Role.VIEWER, ""),
        lambda: nobody.remove_authenticator(""),
        lambda: nobody.end_sessions(""),
        lambda: nobody.erase(""),
        lambda: nobody.invite("d", NOW, ""),
    ):
        with pytest.raises(UserUnknown):
            decide()


def test_an_erased_person_is_not_brought_back() -> None:
    gone = given_facts(*ADDED, user.PasswordChosen(verifier="v"), user.Erased())
    assert (gone.login, gone.name, gone.verifier, gone.may_come_in) == ("", "", "", False)
    for decide in (
        lambda: gone.enable(""),
        lambda: gone.invite("d", NOW, ""),
        lambda: gone.change_role(Role.VIEWER, ""),
    ):
        with pytest.raises(UserErased):
            decide()


def test_sec_26_each_code_of_an_authenticator_is_taken_once() -> None:
    person = given_facts(*ADDED, user.AuthenticatorOffered(secret="x"), user.AuthenticatorEnrolled())
    assert person.show_code(None) is None
    assert person.show_code(7) == [user.CodeShown(step=7)]
    later = given_facts(
        *ADDED, user.AuthenticatorOffered(secret="x"), user.AuthenticatorEnrolled(), user.CodeShown(step=7)
    )
    assert [later.show_code(step) for step in (6, 7)] == [None, None]
    assert later.show_code(8) == [user.CodeShown(step=8)]
    assert given_facts(*ADDED).show_code(7) is None


def test_a_recovery_code_is_taken_once_however_it_is_written() -> None:
    digest = digest_of(STREAM, "abcdefgh")
    person = given_facts(*ADDED, user.RecoveryCodesIssued(digests=(digest,)))
    shown = [user.RecoveryCodeShown(digest=digest)]
    assert person.show_recovery_code("ABCD-efgh ") == shown
    used = given_facts(*ADDED, user.RecoveryCodesIssued(digests=(digest,)), *shown)
    assert used.show_recovery_code("abcdefgh") is None
    assert person.show_recovery_code("abcdefgi") is None


def test_an_authenticator_counts_when_a_code_of_what_was_offered_last_is_shown() -> None:
    offered = given_facts(*ADDED, user.AuthenticatorOffered(secret="x"))
    facts = offered.enrol("x", 7, ("d",))
    assert facts == [
        user.AuthenticatorEnrolled(),
        user.CodeShown(step=7),
        user.RecoveryCodesIssued(digests=("d",)),
    ]
    with pytest.raises(NothingOffered):
        given_facts(*ADDED).enrol("x", 7, ())
    with pytest.raises(NothingOffered):
        given_facts(
            *ADDED, user.AuthenticatorOffered(secret="x"), user.AuthenticatorOffered(secret="y")
        ).enrol("x", 7, ())
    enrolled = given_facts(*ADDED, user.AuthenticatorOffered(secret="x"), *facts)
    assert (enrolled.authenticator, enrolled.last_step, enrolled.recovery) == ("x", 7, {"d"})
    with pytest.raises(AuthenticatorExists):
        enrolled.offer_authenticator("z")
    with pytest.raises(AuthenticatorMissing):
        given_facts(*ADDED).issue_recovery_codes(())


def test_who_signs_in_elsewhere_has_nothing_to_prove_here() -> None:
    person = given_facts(*FROM_IDP)
    for decide in (
        lambda: person.invite("d", NOW, ""),
        lambda: person.change_role(Role.VIEWER, ""),
        lambda: person.choose_password("v"),
        lambda: person.offer_authenticator("x"),
    ):
        with pytest.raises(UserElsewhere):
            decide()
    assert person.disable("left") == [user.Disabled(reason="left")]


def test_a_provider_lets_people_go_and_come_but_undoes_nobodys_decision() -> None:
    idp = ("ann", "", "https://idp")
    assert User(STREAM).vouched_for(Role.OPERATOR, *idp) == list(FROM_IDP)
    assert User(STREAM).vouched_for(None, *idp) == []
    there = given_facts(*FROM_IDP)
    assert there.vouched_for(Role.OPERATOR, *idp) == []
    (gone,) = there.vouched_for(None, *idp)
    assert isinstance(gone, user.Disabled)
    assert gone.by_provider
    let_go = given_facts(*FROM_IDP, gone)
    assert let_go.vouched_for(None, *idp) == []
    back = let_go.vouched_for(Role.VIEWER, "ann2", "", "https://idp")
    assert [type(fact) for fact in back] == [user.Enabled, user.RoleChanged, user.Named]
    by_hand = given_facts(*FROM_IDP, user.Disabled(reason="left"))
    assert by_hand.vouched_for(Role.VIEWER, *idp) == []
    assert let_go.disable("left") == [user.Disabled(reason="left")], "a person's word is the stronger one"


def test_roles_that_may_operate_need_an_authenticator() -> None:
    assert {role for role in Role if not needs_authenticator(role)} == {Role.VIEWER, Role.AUDITOR}


def test_a_login_is_one_persons_until_it_is_released() -> None:
    login = Login(login_stream("acme", "p"))
    facts = login.claim("1")
    for event in events_of(login.stream, 0, facts, Told(recorded_at=NOW)):
        login.when(event)
    with pytest.raises(UserExists):
        login.claim("2")
    assert login.release("2") == []
    for event in events_of(login.stream, 1, login.release("1"), Told(recorded_at=NOW)):
        login.when(event)
    assert login.claim("2") == [user.LoginClaimed(user_id="2")]


CHANGES = st.sampled_from(
    [
        user.PasswordChosen(verifier="v"),
        user.Disabled(),
        user.Enabled(),
        user.RoleChanged(role=Role.TENANT_ADMIN),
        user.RoleChanged(role=Role.VIEWER),
        user.RoleChanged(role=Role.PLATFORM_ADMIN),
        user.Erased(),
    ]
)


@given(st.lists(st.tuples(st.integers(0, 2), CHANGES), max_size=40))
def test_once_somebody_administers_somebody_always_does(changes: list[tuple[int, Fact]]) -> None:
    """Whatever is tried in whatever order: what would leave nobody is refused, nothing else is."""
    people = [User(user_stream("acme", f"{n:022x}")) for n in range(3)]
    for n, person in enumerate(people):
        added = user.Added(user_id=person.id, role=Role.TENANT_ADMIN if n == 0 else Role.VIEWER)
        for event in events_of(person.stream, 0, [added], Told(recorded_at=NOW)):
            person.when(event)
    admins = Admins(admins_stream("acme"))
    for n, fact in changes:
        after = User(
            people[n].stream,
            **{name: getattr(people[n], name) for name in User.__struct_fields__ if name != "stream"},
        )
        for event in events_of(after.stream, after.version, [fact], Told(recorded_at=NOW)):
            after.when(event)
        before = {one.id for one in people if one.administers}
        try:
            facts = admins.follow(after)
        except LastAdmin:
            assert before == {after.id}
            assert not after.administers
            continue
        for event in events_of(admins.stream, admins.version, facts, Told(recorded_at=NOW)):
            admins.when(event)
        people[n] = after
        assert admins.names == {one.id for one in people if one.administers}
        assert not before or admins.names


def test_who_administers_has_the_right_and_a_password_of_his_own() -> None:
    for role in Role:
        chosen = given_facts(user.Added(user_id="a", role=role), user.PasswordChosen(verifier="v"))
        assert chosen.administers == (Right.ADMINISTER in role.rights)
    assert not given_facts(user.Added(user_id="a", role=Role.TENANT_ADMIN)).administers
    assert not given_facts(
        user.Added(user_id="a", role=Role.TENANT_ADMIN, provider="https://idp")
    ).administers


def test_ids_and_replays() -> None:
    assert is_user_id("0" * 22)
    assert not is_user_id("0" * 21)
    assert not is_user_id("../" + "0" * 19)
    person = given_facts(*ADDED)
    for event in events_of(STREAM, 0, [user.Erased()], Told(recorded_at=NOW)):
        person.when(event)
    assert not person.erased, "an event that was taken in already"
