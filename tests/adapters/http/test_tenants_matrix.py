"""Every row of the API × ids of another tenant × every role: nobody sees or steers what is not his, or learns of it.

A row that is in none of the tables below fails the first test.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx
import pytest
from sqlalchemy import Engine

from adapters.http.api.routes import ROUTES
from application import clock
from application.tenants import ApiTokens
from domain.tenants.roles import Right, Role
from tests.adapters.http.conftest import client_of
from tests.adapters.http.test_rules import problem
from tests.adapters.http.two_tenants import ABSENT, API, OURS, RAW, THEIRS, Ids, Two, two_tenants
from tests.signed_meter import SignedMeter

Key = tuple[str, str]
ROWS = {(row.method, row.path): row for row in ROUTES}
METER_KEY = SignedMeter().public
EXCUSE = {
    "cause": "vandalism",
    "from": "2026-03-01T12:00:00Z",
    "to": "2026-03-01T13:00:00Z",
    "evidence": "seen",
}
SPAN = {"from": "2026-02-27", "to": "2026-03-05"}
"""When both tenants had sessions."""
LIMIT = {"schedule": {"unit": "A", "periods": [{"start": 0, "limit": 16}]}, "purpose": "TxDefaultProfile"}


class Ask(NamedTuple):
    """A request in which `{cpid}`, `{session}` and the like stand for things of somebody."""

    path: str
    body: Any = None
    query: Mapping[str, str] = MappingProxyType({})
    status: int = 404


def charger(rest: str = "", body: Any = None, **query: str) -> Ask:
    """About a charger that is not ours."""
    return Ask(f"/chargers/{{cpid}}{rest}", body, query)


NAMED: dict[Key, tuple[Ask, ...]] = {
    ("GET", "/chargers/{cpid}"): (charger(),),
    ("GET", "/chargers/{cpid}/timeline"): (charger("/timeline"), charger("/timeline", all="true")),
    ("PATCH", "/chargers/{cpid}"): (charger(body={"name": "Mine"}), charger(body={"state": "retired"})),
    ("GET", "/chargers/{cpid}/connectors"): (charger("/connectors"),),
    ("GET", "/chargers/{cpid}/messages"): (charger("/messages"),),
    ("GET", "/chargers/{cpid}/install-card"): (charger("/install-card"),),
    ("GET", "/chargers/{cpid}/abilities"): (charger("/abilities"),),
    ("POST", "/chargers/{cpid}/credentials"): (
        charger("/credentials", {"via": "manual"}),
        charger("/credentials", {"via": "ocpp"}),
    ),
    ("POST", "/chargers/{cpid}/profile-upgrade"): (charger("/profile-upgrade", {"security_profile": 2}),),
    ("GET", "/chargers/{cpid}/profile-upgrade"): (charger("/profile-upgrade"),),
    ("DELETE", "/chargers/{cpid}/profile-upgrade"): (charger("/profile-upgrade"),),
    ("POST", "/chargers/{cpid}/remote-start"): (charger("/remote-start", {"id_tag": "{card}"}),),
    ("POST", "/chargers/{cpid}/remote-stop"): (
        charger("/remote-stop", {"transaction": 1}),
        charger("/remote-stop", {"session": "{session}"}),
        Ask("/chargers/{own_cpid}/remote-stop", {"session": "{session}"}),
    ),
    ("POST", "/chargers/{cpid}/reset"): (charger("/reset", {"force": True}),),
    ("POST", "/chargers/{cpid}/connectors/{n}/unlock"): (charger("/connectors/1/unlock", {}),),
    ("POST", "/chargers/{cpid}/commands"): (
        charger("/commands", {"action": "ClearCache"}),
        charger("/commands", {"action": "Heartbeat", "raw": True}),
    ),
    ("GET", "/chargers/{cpid}/configuration"): (
        charger("/configuration"),
        charger("/configuration", refresh="true"),
    ),
    ("PUT", "/chargers/{cpid}/configuration"): (
        charger("/configuration", {"keys": {"HeartbeatInterval": "60"}}),
        Ask("/chargers/{own_cpid}/configuration", {"template": "{template}"}, status=422),
    ),
    ("POST", "/chargers/{cpid}/availability"): (charger("/availability", {"type": "Inoperative"}),),
    ("GET", "/chargers/{cpid}/local-list"): (charger("/local-list"),),
    ("PUT", "/chargers/{cpid}/local-list"): (charger("/local-list", {"mode": "Full", "entries": []}),),
    ("DELETE", "/templates/{name}"): (Ask("/templates/{template}"),),
    ("POST", "/chargers/{cpid}/reservations"): (
        charger("/reservations", {"connector": 1, "id_tag": "{card}", "expiry": "2999-01-01T00:00:00Z"}),
    ),
    ("GET", "/chargers/{cpid}/reservations/{rid}"): (
        charger("/reservations/{rid}"),
        Ask("/chargers/{own_cpid}/reservations/{rid}"),
    ),
    ("DELETE", "/chargers/{cpid}/reservations/{rid}"): (
        charger("/reservations/{rid}"),
        Ask("/chargers/{own_cpid}/reservations/{rid}"),
    ),
    ("GET", "/chargers/{cpid}/charging-profiles"): (charger("/charging-profiles"),),
    ("POST", "/chargers/{cpid}/charging-profiles"): (
        charger("/charging-profiles", {"connector": 1, "profile": LIMIT}),
    ),
    ("DELETE", "/chargers/{cpid}/charging-profiles"): (charger("/charging-profiles", all="true"),),
    ("GET", "/chargers/{cpid}/connectors/{n}/composite-schedule"): (
        charger("/connectors/1/composite-schedule"),
    ),
    ("POST", "/chargers/{cpid}/firmware"): (
        charger("/firmware", {"artefact": "{artefact}"}),
        Ask("/chargers/{own_cpid}/firmware", {"artefact": "{artefact}"}, status=422),
    ),
    ("POST", "/chargers/{cpid}/diagnostics"): (charger("/diagnostics", {}),),
    ("GET", "/sessions/{id}"): (Ask("/sessions/{session}"),),
    ("GET", "/sessions/{id}/timeline"): (Ask("/sessions/{session}/timeline"),),
    ("GET", "/why"): (Ask("/why", query={"event": "command/{tenant}/{command}@1"}),),
    ("GET", "/commands/{id}"): (Ask("/commands/{command}"),),
    ("GET", "/artefacts/{id}"): (Ask("/artefacts/{artefact}"),),
    ("GET", "/artefacts/{id}/content"): (Ask("/artefacts/{artefact}/content"),),
    ("DELETE", "/artefacts/{id}"): (Ask("/artefacts/{artefact}"),),
    ("POST", "/alarms/{id}/acknowledge"): (
        Ask("/alarms/{alarm}/acknowledge", {"note": "mine"}),
        Ask("/alarms/{alarm}/acknowledge", {"clear": True}),
    ),
    ("GET", "/chargers/{cpid}/meter-keys"): (charger("/meter-keys"),),
    ("POST", "/chargers/{cpid}/meter-keys"): (charger("/meter-keys", {"key": METER_KEY}),),
    ("DELETE", "/chargers/{cpid}/meter-keys/{key_id}"): (charger("/meter-keys/0123456789abcdef"),),
    ("GET", "/audit/proof"): (Ask("/audit/proof", query={"position": "{position}"}),),
    ("GET", "/tokens/{id}"): (Ask("/tokens/{token}"),),
    ("DELETE", "/tokens/{id}"): (Ask("/tokens/{token}"),),
    ("GET", "/users/{id}"): (Ask("/users/{user}"),),
    ("POST", "/users/{id}/invitation"): (Ask("/users/{user}/invitation", {}),),
    ("POST", "/users/{id}/role"): (Ask("/users/{user}/role", {"role": "viewer"}),),
    ("POST", "/users/{id}/disable"): (Ask("/users/{user}/disable", {"reason": "mine"}),),
    ("POST", "/users/{id}/enable"): (Ask("/users/{user}/enable", {}),),
    ("DELETE", "/users/{id}/totp"): (Ask("/users/{user}/totp"),),
    ("DELETE", "/users/{id}/sessions"): (Ask("/users/{user}/sessions"),),
    ("POST", "/users/{id}/erase"): (Ask("/users/{user}/erase", {}),),
    ("GET", "/webhooks/{id}"): (Ask("/webhooks/{webhook}"),),
    ("PATCH", "/webhooks/{id}"): (Ask("/webhooks/{webhook}", {"name": "Mine"}),),
    ("DELETE", "/webhooks/{id}"): (Ask("/webhooks/{webhook}"),),
    ("POST", "/webhooks/{id}/secret"): (Ask("/webhooks/{webhook}/secret"),),
    ("POST", "/webhooks/{id}/pause"): (Ask("/webhooks/{webhook}/pause"),),
    ("POST", "/webhooks/{id}/resume"): (Ask("/webhooks/{webhook}/resume"),),
    ("POST", "/webhooks/{id}/test"): (Ask("/webhooks/{webhook}/test"),),
    ("GET", "/webhooks/{id}/deliveries"): (Ask("/webhooks/{webhook}/deliveries"),),
    ("GET", "/events"): (Ask("/events", query={"after": "{place}"}, status=422),),
    ("POST", "/chargers"): (Ask("/chargers", {"cpid": "A-1", "template": "{template}"}, status=422),),
    ("POST", "/messages/reveal"): (
        Ask(
            "/messages/reveal",
            {"messages": [{"at": "2026-01-01T00:00:00Z", "position": "{position}"}], "reason": "{cpid}"},
        ),
    ),
    ("POST", "/privacy/export"): (Ask("/privacy/export", {"id_token": "{card}", "reason": "asked for"}),),
    ("POST", "/privacy/erase"): (Ask("/privacy/erase", {"id_token": "{card}", "legal_basis": "asked"}),),
    ("GET", "/exclusions/{id}"): (Ask("/exclusions/{exclusion}"),),
    ("POST", "/exclusions/{id}/withdraw"): (Ask("/exclusions/{exclusion}/withdraw", {"reason": "mine"}),),
    ("POST", "/chargers/{cpid}/exclusions"): (charger("/exclusions", EXCUSE),),
    ("PUT", "/chargers/{cpid}/connectors/{n}/rating"): (charger("/connectors/1/rating", {"kw": 50}),),
}
"""What names something: another tenant's is answered as what does not exist."""

LISTS: dict[Key, tuple[dict[str, str], ...]] = {
    ("GET", "/chargers"): ({"q": "{cpid}"},),
    ("GET", "/sessions"): ({"charger": "{cpid}"}, {"tag": "{card}"}),
    ("GET", "/messages"): ({"charger": "{cpid}"},),
    ("GET", "/connection-attempts"): ({"charger": "{cpid}"},),
    ("GET", "/connection-attempts/unknown"): ({"from": "2020-01-01T00:00:00Z"},),
    ("GET", "/id-tags"): ({"q": "{card}"},),
    ("GET", "/commands"): ({"charger": "{cpid}"},),
    ("GET", "/templates"): (),
    ("GET", "/reservations"): ({"charger": "{cpid}"},),
    ("GET", "/artefacts"): ({"charger": "{cpid}"}, {"command": "{command}"}, {"q": "{cpid}"}),
    ("GET", "/alarms"): ({"charger": "{cpid}"}, {"state": "open"}),
    ("GET", "/tokens"): ({"state": "active"},),
    ("GET", "/users"): ({"state": "invited"},),
    ("GET", "/me"): (),
    ("GET", "/exclusions"): ({"charger": "{cpid}"},),
    ("GET", "/reports/energy"): ({**SPAN, "charger": "{cpid}"}, {**SPAN, "tag": "{card}", "by": "tag"}),
    ("GET", "/reports/energy/sessions"): ({**SPAN, "charger": "{cpid}"}, {**SPAN, "tag": "{card}"}),
    ("GET", "/reports/uptime"): ({**SPAN, "charger": "{cpid}"},),
    ("GET", "/reports/uptime/intervals"): ({**SPAN, "charger": "{cpid}", "evse": "1"},),
    ("GET", "/reports/utilisation"): ({**SPAN, "charger": "{cpid}"},),
    ("GET", "/reports/funnel"): ({**SPAN, "charger": "{cpid}"},),
    ("GET", "/reports/funnel/attempts"): ({**SPAN, "charger": "{cpid}"},),
    ("GET", "/reports/errors"): ({**SPAN, "charger": "{cpid}"},),
    ("GET", "/reports/errors/faults"): (SPAN,),
    ("GET", "/reports/reliability"): ({**SPAN, "charger": "{cpid}"},),
    ("GET", "/oidc/provider"): (),
    ("GET", "/webhooks"): (),
    ("GET", "/provisioning/window"): (),
}
"""What shows things: each with queries that name another tenant's."""

MAKERS: dict[Key, Ask] = {
    ("POST", "/chargers"): Ask(
        "/chargers", {"cpid": "{cpid}", "security_profile": 0, "networks": ["10.0.0.0/8"]}, status=201
    ),
    ("PUT", "/templates/{name}"): Ask("/templates/{template}", {"settings": {"Mine": "1"}}, status=200),
    ("DELETE", "/provisioning/window"): Ask("/provisioning/window", status=200),
    ("POST", "/provisioning/window"): Ask(
        "/provisioning/window", {"pattern": "{cpid}", "until": "{soon}"}, status=201
    ),
    ("POST", "/artefacts"): Ask("/artefacts", b"mine", {"name": "{cpid}"}, status=201),
    ("POST", "/webhooks"): Ask("/webhooks", {"url": "https://a.invalid/", "name": "{cpid}"}, status=201),
    ("POST", "/stream-tickets"): Ask("/stream-tickets", status=201),
    ("POST", "/tokens"): Ask("/tokens", {"name": "{cpid}", "role": "viewer"}, status=201),
    ("POST", "/users"): Ask("/users", {"login": "ann@hera.example", "role": "viewer"}, status=201),
}
"""What makes or changes our own: a thing of the same name elsewhere is neither in the way nor touched."""

WHOLE: frozenset[Key] = frozenset(
    {("GET", "/read-models"), ("GET", "/jobs"), ("GET", "/audit/checkpoints"), ("GET", "/audit/consistency")}
)
"""About the installation as a whole: for those who run it, see the test of its own; checkpoints are hashes."""

OWN: dict[Key, Ask] = {
    ("POST", "/sign-in/totp"): Ask("/sign-in/totp", {"code": "123456"}),
    ("POST", "/sign-out"): Ask("/sign-out"),
    ("POST", "/me/password"): Ask("/me/password", {"current": "x", "new": "y"}),
    ("POST", "/me/totp"): Ask("/me/totp"),
    ("POST", "/me/totp/confirm"): Ask("/me/totp/confirm", {"code": "123456"}),
    ("POST", "/me/totp/remove"): Ask("/me/totp/remove", {"code": "123456"}),
    ("POST", "/me/recovery-codes"): Ask("/me/recovery-codes", {"code": "123456"}),
    ("GET", "/me/sessions"): Ask("/me/sessions"),
    ("DELETE", "/me/sessions"): Ask("/me/sessions"),
    ("DELETE", "/me/sessions/{id}"): Ask("/me/sessions/" + "a" * 22),
}
"""About whoever signed in, and nobody else: a token is told so. test_people.py has people."""

DOORS: dict[Key, tuple[Ask, ...]] = {
    ("POST", "/sign-in"): (
        Ask(
            "/sign-in", {"tenant": "{tenant}", "login": "ann@hera.example", "password": "a wrong guess at it"}
        ),
    ),
    ("POST", "/sign-in/invitation"): (
        Ask("/sign-in/invitation", {"invitation": "zeusinvite_{tenant}-{user}_x", "password": "y"}),
    ),
    ("GET", "/oidc/sign-in"): (Ask("/oidc/sign-in", None, {"tenant": "{tenant}"}, 404),),
    ("GET", "/oidc/callback"): (Ask("/oidc/callback", None, {"code": "{tenant}", "state": "{user}"}, 404),),
}
"""Where nobody is known yet: what is asked about another tenant is answered as about one that does not exist."""


@pytest.fixture
async def two(postgres_dsn: str, engine: Engine, tmp_path: Path) -> AsyncIterator[Two]:
    """`zeus` and `hera`."""
    async with two_tenants(postgres_dsn, engine, tmp_path) as world:
        yield world


def filled(part: Any, ids: Ids) -> Any:
    """With these ids in their places."""
    if isinstance(part, str):
        for name, value in ids.items():
            part = part.replace(f"{{{name}}}", value)
        return part
    if isinstance(part, dict):
        return {key: filled(value, ids) for key, value in part.items()}
    return part


async def send(client: httpx.AsyncClient, method: str, ask: Ask, ids: Ids) -> httpx.Response:
    """Ask."""
    body = filled(ask.body, ids)
    more: dict[str, Any] = {}
    if isinstance(body, bytes):
        more = {"content": body, "headers": RAW}
    elif body is not None:
        more = {"json": body}
    return await client.request(method, API + filled(ask.path, ids), params=filled(ask.query, ids), **more)


def learnt(response: httpx.Response, ids: Ids) -> tuple[int, str, dict[str, str]]:
    """All that can be told from an answer, whatever the id was called."""
    text = response.text
    for name, value in ids.items():
        text = text.replace(value, f"<{name}>") if name not in ("rid", "position") else text
    headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
    return response.status_code, text, headers


def named(two: Two, ids: Ids) -> Ids:
    """These ids, beside what is ours, and a moment that is near."""
    soon = (clock.now() + timedelta(hours=2)).isoformat()
    tenant = OURS if ids is two.ids[OURS] else THEIRS
    return {**ids, "own_cpid": two.ids[OURS]["cpid"], "soon": soon, "tenant": tenant}


def test_no_row_is_forgotten() -> None:
    cases = {*NAMED, *LISTS, *MAKERS, *WHOLE, *OWN, *DOORS}
    assert cases == set(ROWS), f"forgotten: {set(ROWS) - cases}; gone: {cases - set(ROWS)}"
    for key, row in ROWS.items():
        if "{cpid}" in row.path or "{id}" in row.path:
            assert key in OWN or any(ask.status == 404 for ask in NAMED[key]), key


async def test_what_is_anothers_is_answered_as_what_does_not_exist(two: Two) -> None:
    """The same status, body and headers; and the other tenant's books are as they were."""
    before = two.log_of(THEIRS)
    theirs, absent = named(two, two.ids[THEIRS]), named(two, ABSENT)
    for (method, path), asks in NAMED.items():
        for ask in asks:
            answers = [
                learnt(await send(two.client(OURS), method, ask, ids), ids) for ids in (theirs, absent)
            ]
            assert answers[0] == answers[1], (method, path, ask)
            assert answers[0][0] == ask.status, (method, path, ask, answers[0])
            assert "hera" not in answers[0][1].lower()
    assert two.log_of(THEIRS) == before


async def test_the_same_rows_answer_their_owner(two: Two) -> None:
    """So that a 404 above is about the tenant: with ids of one's own nothing that is read is missing."""
    ids = named(two, two.ids[OURS])
    for (method, path), asks in NAMED.items():
        if (
            method == "GET" and path != "/events"
        ):  # which does not end: tests/adapters/http/test_live_streams.py
            for ask in asks:
                response = await send(two.client(OURS), method, ask, ids)
                assert response.status_code in (200, 202, 409), (path, ask, response.text)


async def test_lists_show_what_is_ones_own_and_nothing_else(two: Two) -> None:
    for (method, path), queries in LISTS.items():
        if path == "/connection-attempts/unknown" or path.startswith("/reports/"):
            continue  # wants a moment to look back to, which is among its queries
        for mine, other in ((OURS, THEIRS), (THEIRS, OURS)):
            shown = (await send(two.client(mine), method, Ask(path), {})).text.lower()
            assert mine in shown, (path, shown)
            assert other not in shown, (path, shown)
        for query in queries:
            ask = Ask(path, None, query)
            found = [
                learnt(await send(two.client(OURS), method, ask, ids), ids)
                for ids in (two.ids[THEIRS], ABSENT)
            ]
            assert found[0] == found[1], (path, query)


async def test_searches_find_what_is_ones_own(two: Two) -> None:
    """So that an empty list above is about the tenant."""
    for (method, path), queries in LISTS.items():
        for query in queries:
            ask = Ask(path, None, query)
            response = await send(two.client(THEIRS), method, ask, two.ids[THEIRS])
            assert response.status_code == 200, response.text
            if path == "/connection-attempts" or query == {"command": "{command}"}:
                continue  # refused under another id; nothing was sent for the command
            if query == {"charger": "{cpid}"} and path == "/artefacts":
                assert response.json()["items"]
            assert THEIRS in response.text.lower(), (path, query, response.text)
            assert OURS not in response.text.lower()


async def test_a_cursor_of_another_tenant_leads_nowhere(two: Two) -> None:
    client = two.client(THEIRS)
    page = (await client.get(f"{API}/tokens", params={"limit": 1})).json()
    assert page["next"]
    mine = await two.client(OURS).get(f"{API}/tokens", params={"limit": 1, "cursor": page["next"]})
    problem(mine, 422, "validation")
    assert (await client.get(f"{API}/tokens", params={"limit": 1, "cursor": page["next"]})).is_success


async def test_what_is_made_under_anothers_name_is_ones_own(two: Two) -> None:
    before = two.log_of(THEIRS)
    for (method, path), ask in MAKERS.items():
        response = await send(two.client(OURS), method, ask, named(two, two.ids[THEIRS]))
        assert response.status_code == ask.status, (path, response.text)
    assert two.log_of(THEIRS) == before
    await two.project()
    shown = (await two.client(THEIRS).get(f"{API}/chargers/{two.ids[THEIRS]['cpid']}")).json()
    assert shown["name"] == "Name of HERA-1"
    ours = (await two.client(OURS).get(f"{API}/chargers/{two.ids[THEIRS]['cpid']}")).json()
    assert ours["name"] != shown["name"]


async def test_a_role_does_what_it_has_the_right_for_and_nothing_else(two: Two) -> None:
    """403 before anything is looked up: the same body whether the thing is another's, or is not at all."""
    before = two.log_of(THEIRS)
    for role in Role:
        for key, row in ROWS.items():
            if row.public:
                continue  # see the test of the doors
            one = MAKERS.get(key) or OWN.get(key) or Ask(row.path, None, dict(*LISTS.get(key, ())[:1]))
            asks = NAMED.get(key) or (one,)
            for ask in asks:
                answers = [
                    await send(two.client(OURS, role), row.method, ask, named(two, ids))
                    for ids in (two.ids[THEIRS], ABSENT)
                ]
                judge(row.right, role, ask, answers)
    assert two.log_of(THEIRS) == before


async def test_sec_30_a_token_that_was_narrowed_has_those_rights_and_no_others(two: Two) -> None:
    """Every row × every right, for a token of the mightiest role that was narrowed to that one right."""
    for right in Right:
        made = await ApiTokens(two.store, OURS, "user:ann").issue("n", Role.PLATFORM_ADMIN, rights=[right])
        async with client_of(two.app, {"Authorization": f"Bearer {made.token}"}) as client:
            for key, row in ROWS.items():
                if row.public:
                    continue
                ask = (NAMED.get(key) or (MAKERS.get(key) or OWN.get(key) or Ask(row.path),))[0]
                answer = await send(client, row.method, ask, named(two, ABSENT))
                refused = problem(answer, 403, "role") if answer.status_code == 403 else {"detail": ""}
                needed = "is needed" in str(
                    refused["detail"]
                )  # else a right is lacking that would be given away
                assert needed == (row.right is not right), (key, answer.text)
                assert answer.status_code != 401


async def test_sec_30_a_token_for_one_charger_opens_nothing_else(two: Two) -> None:
    """Another charger of one's own is answered as one that does not exist, and what is about no charger is closed."""
    own = two.ids[OURS]
    added = await two.client(OURS).post(f"{API}/chargers", json={"cpid": "OTHER-1", "security_profile": 1})
    assert added.is_success
    await two.project()
    before = two.log_of(OURS)
    issue = ApiTokens(two.store, OURS, "user:ann").issue
    made = await issue("gate", Role.PLATFORM_ADMIN, chargers=[own["cpid"].lower()])
    there, absent = ({**named(two, own), "cpid": cpid, "own_cpid": cpid} for cpid in ("OTHER-1", "NONE-1"))
    async with client_of(two.app, {"Authorization": f"Bearer {made.token}"}) as client:
        for key, row in ROWS.items():
            if row.public or row.path == "/me":
                continue
            ask = (NAMED.get(key) or (MAKERS.get(key) or OWN.get(key) or Ask(row.path),))[0]
            answers = [learnt(await send(client, row.method, ask, ids), {}) for ids in (there, absent)]
            assert answers[0] == answers[1], key
            assert answers[0][0] == (404 if "{cpid}" in row.path else 403), (key, answers[0])
            if row.method == "GET" and "{cpid}" in row.path and "{rid}" not in row.path:
                mine = await send(client, "GET", ask, named(two, own))
                assert mine.status_code in (200, 202, 409), (key, mine.text)
        me = (await client.get(f"{API}/me")).json()
        assert me["chargers"] == [own["cpid"]]
    new = [one for one in two.log_of(OURS) if one not in before]
    assert {one[2] for one in new} == {"api_token.issued"}


def judge(right: Right, role: Role, ask: Ask, answers: list[httpx.Response]) -> None:
    """By the table of roles, and not by anything else."""
    if right not in role.rights:
        bodies = [problem(answer, 403, "role") for answer in answers]
        assert bodies[0] == bodies[1]
        assert right in str(bodies[0]["detail"])
        return
    raw = isinstance(ask.body, dict) and ask.body.get("raw", False)
    may = not raw or Right.ENGINEER in role.rights
    assert [answer.status_code != 403 for answer in answers] == [may, may], (ask, role)
    assert 401 not in [answer.status_code for answer in answers]


async def test_a_token_is_no_person(two: Two) -> None:
    for (method, _), ask in OWN.items():
        problem(await send(two.client(OURS), method, ask, {}), 409, "not_a_person")


async def test_nobody_learns_at_the_door_which_tenants_and_people_there_are(two: Two) -> None:
    """A tenant that is there and one that is not, a person that is there and one that is not: one answer."""
    before = two.log_of(THEIRS)
    async with client_of(two.app) as stranger:
        for (method, _), asks in DOORS.items():
            for ask in asks:
                answers = [
                    learnt(await send(stranger, method, ask, {"tenant": tenant, "user": user}), {})
                    for tenant in (THEIRS, "nobody", "-", "ZEUS")
                    for user in (two.ids[THEIRS]["user"], ABSENT["user"])
                ]
                assert {str(one) for one in answers} == {str(answers[0])}
                assert answers[0][0] in (401, 404)
    await two.services.people.desk.finish()
    new = [row for row in two.log_of(THEIRS) if row not in before]
    assert {row[2] for row in new} <= {"user.sign_in_refused"}


async def test_figures_of_all_tenants_together_are_for_who_runs_the_installation(two: Two) -> None:
    for role in Role:
        client, may = two.client(OURS, role), role is Role.PLATFORM_ADMIN
        for path in (f"{API}/read-models", "/metrics"):
            assert (await client.get(path)).status_code == (200 if may else 403)
        assert ("reasons" in (await client.get("/readyz")).json()) == may
