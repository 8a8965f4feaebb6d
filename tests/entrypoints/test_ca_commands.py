"""`zeus ca` where there is no authority, where there is one, and what it says of it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from entrypoints.cli import app


def zeus(*words: str, code: int = 0) -> str:
    """What `zeus …` says, its exit code checked."""
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else " ".join(result.output.split())


def test_an_authority_is_made_once_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEUS_DATA_DIR", str(tmp_path))
    assert "zeus ca init makes it" in zeus("ca", "show", code=1)
    assert "1 to 38 characters" in zeus("ca", "init", "--organisation", "x" * 60, code=1)
    assert "root.key" in zeus("ca", "init", "--organisation", "Harbour Power Ltd")
    assert "an authority in" in zeus("ca", "init", code=1)
    shown = json.loads(zeus("ca", "show", "--json"))
    assert "O=Harbour Power Ltd" in shown["issuer"]
    assert Path(shown["revocation_list"]).exists()
    assert "Harbour Power Ltd charger root" in zeus("ca", "show")
