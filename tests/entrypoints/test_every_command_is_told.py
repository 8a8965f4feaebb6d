"""Every command of `zeus` that does something leaves events that say who typed it, and by which call.

A new command without a place here fails the first test.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer.main
from typer.testing import CliRunner

from application import clock
from domain.alarms.events import AlarmRaised, Severity
from domain.certificates.events import Issued
from domain.chargers.events import Registered
from domain.metering import BEGIN, END, energy_sample
from domain.transactions.events import Ended, EnergySettled, Started
from entrypoints.cli import app
from entrypoints.commands.opening import cause
from tests.projections.stories import START, TENANT, Log, project, stream, told
from tests.signed_meter import SignedMeter

ALARM = f"{1:022x}"
METER_KEY = SignedMeter().public

ACTING: dict[str, tuple[tuple[str, ...], ...]] = {
    "charger add": (("charger", "add", "NEW"),),
    "charger password": (("charger", "password", "CP1"),),
    "charger hold": (("charger", "hold", "CP1"),),
    "charger accept": (("charger", "accept", "CP1"),),
    "charger reject": (("charger", "reject", "CP1"),),
    "charger describe": (("charger", "describe", "CP1", "--name", "Bay 1"),),
    "charger disable": (("charger", "disable", "CP1", "--reason", "flood"),),
    "charger enable": (("charger", "enable", "CP1"),),
    "charger retire": (("charger", "retire", "CP2", "--reason", "sold"),),
    "window open": (("window", "open", "NEW-*"),),
    "window close": (("window", "close"),),
    "tag add": (("tag", "add", "04A2B9C1"),),
    "tag block": (("tag", "block", "04A2B9C1"),),
    "tag unblock": (("tag", "unblock", "04A2B9C1"),),
    "tenant add": (("tenant", "add", "acme-two"),),
    "tenant suspend": (("tenant", "suspend", "acme-two"),),
    "tenant resume": (("tenant", "resume", "acme-two"),),
    "token add": (("token", "add", "roof", "--role", "viewer"),),
    "token revoke": (("token", "revoke", "{token}"),),
    "privacy export": (("privacy", "export", "04A2B9C1", "--reason", "she asked"),),
    "privacy erase": (("privacy", "erase", "04A2B9C1", "--legal-basis", "GDPR Art. 17"),),
    "user add": (("user", "add", "bob@example.com", "--role", "viewer"),),
    "user invite": (("user", "invite", "bob@example.com"),),
    "user role": (("user", "role", "bob@example.com", "operator"),),
    "user disable": (("user", "disable", "bob@example.com", "--reason", "left"),),
    "user enable": (("user", "enable", "bob@example.com"),),
    "user sign-out": (("user", "sign-out", "bob@example.com"),),
    "user erase": (("user", "erase", "bob@example.com", "--yes"),),
    "webhook add": (("webhook", "add", "https://example.invalid/x", "--name", "Books"),),
    "webhook rotate": (("webhook", "rotate", "{webhook}"),),
    "webhook pause": (("webhook", "pause", "{webhook}"),),
    "webhook resume": (("webhook", "resume", "{webhook}"),),
    "webhook remove": (("webhook", "remove", "{webhook}"),),
    "exclusion declare": (
        (
            "exclusion",
            "declare",
            "CP1",
            "vandalism",
            "--from",
            "2026-03-02T12:00Z",
            "--to",
            "2026-03-02T15:00Z",
            "--evidence",
            "seen",
        ),
    ),
    "exclusion rate": (("exclusion", "rate", "CP1", "1", "50"),),
    "repair apply": (("repair", "apply", "{plan}", "--reason", "Wh told as kWh"),),
    "mirror run": (
        ("mirror", "run", "trial", "--to", "ws://127.0.0.1:9/x", "--charger", "CP1", "--once"),
        ("mirror", "run", "trial", "--to", "ws://127.0.0.1:9/x", "--all", "--once", "--reveal", "agreed"),
    ),
    "mirror forget": (("mirror", "forget", "trial"),),
    "exclusion withdraw": (("exclusion", "withdraw", "{exclusion}", "--reason", "it was not"),),
    "meter-key add": (("meter-key", "add", "CP1", METER_KEY),),
    "meter-key withdraw": (("meter-key", "withdraw", "CP1", "{meter_key}", "--reason", "sold"),),
    "oidc choose": (
        (
            "oidc",
            "choose",
            "https://login.example/acme",
            "--client-id",
            "zeus",
            "--public",
            "--group",
            "g=viewer",
        ),
    ),
    "oidc drop": (("oidc", "drop", "--reason", "moved"),),
    "audit checkpoint": (("audit", "checkpoint"),),
    "audit key rotate": (("audit", "key", "rotate"),),
    "audit key retire": (("audit", "key", "retire", "{audit_key}", "--reason", "yearly"),),
    "audit export": (("audit", "export", "--charger", "CP1", "--purpose", "a dispute", "--out", "{out}"),),
    "alarms": (("alarms", "--ack", ALARM),),
    "ca revoke": (("ca", "revoke", "5f2e9c81", "--reason", "box stolen"),),
}
"""Each that writes to the log → how it is typed."""

NOT_IN_THE_LOG = {
    "ca init": "makes files of an authority; the log has what it signs",
    "migrate": "makes tables and roles of the database",
    "rebuild": "makes read models anew; what they are made of is not touched",
    "read-models resume": "lets a read model try again",
    "read-models abandon": "drops a read model that was being built",
    "privacy new-key": "prints a key",
    "privacy rewrap": "wraps the keys of the vault anew, which is not in the log",
    "webhook test": "sends a message that is about nothing",
    "serve": "runs the server, which tells for itself",
    "simulate": "plays chargers, which tell for themselves",
    "bench": "works on a directory of its own, which goes away",
}
ASKING = {
    "charger upgrade": "leads a charger that connected before, which the API's test of the same kind has",
    "user password": "asks for the password at the terminal; test_user_commands.py types it",
    "user totp-reset": "needs somebody with an authenticator; test_user_commands.py has one",
    "ask": "asks a charger that a running server has: what is recorded there names the asker and his call",
}
READING = {
    *(
        "board",
        "commands",
        "jobs",
        "watch",
        "attempts",
        "replay",
        "charger list",
        "window show",
        "tag list",
        "ca show",
        "ca list",
    ),
    *(
        "audit key list",
        "audit status",
        "audit transparency",
        "audit verify",
        "exclusion list",
        "meter-key list",
    ),
    *("oidc check", "oidc show", "user list", "webhook list", "webhook show"),
    *(
        "report energy",
        "report errors",
        "report funnel",
        "report reliability",
        "report uptime",
        "report utilisation",
    ),
    *("export", "archive"),
    *("repair dry-run", "repair rules"),
    *("mirror list", "mirror differences"),
    *("privacy show", "tenant list", "token list", "sessions show"),
}

Zeus = Callable[..., str]


def names(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Of all commands below this one."""
    if not hasattr(command, "commands"):
        yield " ".join(path)
        return
    for name, inner in command.commands.items():
        yield from names(inner, (*path, name))


def test_no_command_is_forgotten() -> None:
    known = [*ACTING, *NOT_IN_THE_LOG, *ASKING, *READING]
    assert len(known) == len(set(known))
    assert set(names(typer.main.get_command(app))) == set(known)


@pytest.fixture
def zeus(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Zeus:
    """`zeus …` as typed, with an authority, two chargers, an alarm and a certificate."""
    log = Log(postgres_dsn)
    for cpid in ("CP1", "CP2"):
        log.tell((stream(cpid), Registered(cpid=cpid, security_profile=1), told()))
    raised = AlarmRaised(
        alarm_id=ALARM, kind="k", severity=Severity.INFO, words="w", source="charger/acme/CP1@1", at=START
    )
    issued = Issued(
        serial="5f2e9c81",
        tenant=TENANT,
        charger="CP1",
        common_name="CP1",
        issuer="CN=x",
        not_after=clock.now() + timedelta(days=300),
        fingerprint="00",
        csr_sha256="11",
        certificate="pem",
    )
    charged = (
        Started(evse_id=1, connector_id=1, at=START, samples=(energy_sample(START, BEGIN, Decimal(0)),)),
        Ended(evse_id=1, connector_id=1, at=START, samples=(energy_sample(START, END, Decimal(5_000)),)),
        EnergySettled(energy_wh=5_000),
    )
    log.tell(*((f"transaction/{TENANT}/CP1/0001", fact, told()) for fact in charged))
    log.tell((f"alarms/{TENANT}/CP1", raised, told()), (f"certificates/{TENANT}/register", issued, told()))
    project(postgres_dsn)
    monkeypatch.setenv("DATABASE_URL", postgres_dsn)
    monkeypatch.setenv("ZEUS_TENANT", TENANT)
    monkeypatch.setenv("ZEUS_DATA_DIR", str(tmp_path))

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == 0, (words, result.output)
        project(postgres_dsn)
        return result.stdout

    run("ca", "init", "--organisation", "Harbour Power Ltd")
    return run


def events(dsn: str) -> list[dict[str, Any]]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT topic, convert_from(state, 'UTF8') FROM eventstore.stored_events ORDER BY notification_id"
        ).fetchall()
    return [{"topic": topic, **json.loads(state)["told"]} for topic, state in rows]


def found(dsn: str) -> dict[str, str]:
    """What the newest thing of each kind is called."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT topic, originator_id, convert_from(state, 'UTF8') FROM eventstore.stored_events "
            "ORDER BY notification_id"
        ).fetchall()
    named = {}
    for topic, stream_id, state in rows:
        fact = json.loads(state)["fact"]
        match topic:
            case "api_token.issued":
                named["token"] = fact["token_id"]
            case "uptime.exclusion_declared":
                named["exclusion"] = fact["exclusion_id"]
            case "webhook.defined":
                named["webhook"] = stream_id.rsplit("/", 1)[1]
            case "meter_key.registered":
                named["meter_key"] = fact["key_id"]
            case "audit.key_adopted":
                named.setdefault("audit_key", "+".join(fact["key"].split("+")[:2]))
    return named


def test_every_command_that_acts_leaves_events_with_actor_and_call(
    zeus: Zeus, postgres_dsn: str, tmp_path: Path
) -> None:
    named = {"out": str(tmp_path / "bundle.zip"), "plan": str(tmp_path / "plan.json")}
    zeus("repair", "dry-run", "--factor", "0.001", "--out", named["plan"])
    for name, calls in ACTING.items():
        for words in calls:
            before = len(events(postgres_dsn))
            cause.cache_clear()  # each call is a process of its own
            zeus(*(word.format_map(named) if word.startswith("{") else word for word in words))
            new = events(postgres_dsn)[before:]
            assert new, f"{name} left no event"
            for one in new:
                assert one["actor"].startswith("user:"), (name, one)
                assert one.get("cause") == cause(), (name, one)
            named |= found(postgres_dsn)


def test_two_calls_have_two_names() -> None:
    first = cause()
    cause.cache_clear()
    assert cause() != first
    assert first.startswith("cli:")
