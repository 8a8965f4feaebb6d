"""The auditor's walk of docs/audit.md is typed, command by command, on a log with a disputed session."""

import asyncio
import os
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import psycopg
import pytest

from adapters.audit.signing import KeyFiles
from adapters.eventstore.store import open_store
from domain.catalogue import FACTS
from domain.signed_values.ocmf import HEADER
from tests.adapters.http.fleet import project
from tests.checkpoints import KEY, publish_checkpoint
from tests.signed_site import Site

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()
WALK = PAGE.split("\n## An auditor's walk\n")[1].split("\n## ")[0]
STEPS = re.findall(r"^```sh\n(.*?)^```", WALK, re.MULTILINE | re.DOTALL)


class Auditor:
    """A shell in a directory; what one step sets is there in the next."""

    def __init__(self, directory: Path, dsn: str) -> None:
        self.directory = directory
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(directory),
            "DATABASE_URL": dsn,
            "ZEUS_DATA_DIR": str(directory / "var"),
            "ZEUS_TENANT": "t",
            "CPID": "CP1",
            "KEY": KEY.public.fingerprint,
        }

    async def type(self, script: str) -> tuple[int, str]:
        """Exit code and all that was printed."""
        process = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", script),
            cwd=self.directory,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 120)
        return process.returncode or 0, output.decode()


@pytest.fixture
async def auditor(postgres_dsn: str, tmp_path: Path) -> Auditor:
    """The log of a charger whose meter signs; a checkpoint that was given away; the key in its place."""
    site = await Site().open()
    await site.keys.register("cp1", site.meter.public)
    await site.session_16(*site.meter.session())
    store = open_store(postgres_dsn, FACTS)
    for recorded in site.store.log:
        await store.append([recorded.event])
    KeyFiles(tmp_path / "var" / "audit" / "keys").add(KEY)
    note = (await publish_checkpoint(store, postgres_dsn, "t")).note
    await store.close()
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "checkpoint.txt").write_text(note)
    await asyncio.to_thread(project, postgres_dsn)
    return Auditor(tmp_path, postgres_dsn)


async def test_the_walk_leads_where_the_page_says(auditor: Auditor) -> None:
    assert len(STEPS) == 6
    find, verify, export, check, flip, transparency = STEPS
    session = find.splitlines()[0]
    code, told = await auditor.type(find)
    assert code == 0, told
    assert "StopTransaction" in told
    code, told = await auditor.type(verify)
    assert code == 0, told
    assert "The log is what it was at 1 checkpoints" in told
    for step, words in (
        (export, "with their proofs"),
        (check, "Everything fits: session"),
        (flip, "WRONG"),
        (transparency, ""),
    ):
        code, told = await auditor.type(f"{session}\n{step}")
        assert code == 0, f"{step}\n{told}"
        assert words in told
    assert "2 of 2 are signed by a key that was registered" in (await auditor.type(check))[1]
    values = ElementTree.parse(auditor.directory / "session.xml").getroot()  # noqa: S314 - our own file
    assert [value.get("context") for value in values] == ["Transaction.Begin", "Transaction.End"]
    assert all((value.findtext("signedData") or "").startswith(HEADER) for value in values)
    code, told = await auditor.type(f"{session}\nzeus replay $CPID; zeus sessions show $SESSION")
    assert code == 0, told


async def test_a_changed_log_is_found_by_the_same_commands(auditor: Auditor) -> None:
    with psycopg.connect(auditor.environment["DATABASE_URL"]) as connection:
        connection.execute("SET session_replication_role = replica")  # nothing less gets past the trigger
        (position,) = connection.execute(
            "UPDATE eventstore.stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'), "
            "'1012750', '1002750'), 'UTF8') WHERE topic = 'transaction.ended' RETURNING notification_id"
        ).fetchone()  # type: ignore[misc]  # there is one
    code, told = await auditor.type(STEPS[1].splitlines()[0])
    assert code == 1
    assert f"The event at position {position} (transaction.ended on transaction/t/CP1/" in told
    assert "The log is NOT what it was." in told
    code, told = await auditor.type(f"{STEPS[0].splitlines()[0]}\n{STEPS[2]}")
    assert code == 1
    assert "The log was changed below its last checkpoint" in told
