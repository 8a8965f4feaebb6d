"""Where the embedded database lives when root's own rooms are closed to it."""

import os
from pathlib import Path

import pytest

from entrypoints.database import SYSTEM_HOME, data_home
from entrypoints.settings import Settings


@pytest.fixture
def checkout(short_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of somebody who has just cloned."""
    monkeypatch.delenv("ZEUS_DATA_DIR", raising=False)
    place = short_directory / "checkout"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a server that runs as somebody else")
def test_behind_a_closed_door_the_data_have_a_place_of_their_own(checkout: Path) -> None:
    checkout.chmod(0o700)
    home = data_home(Settings())
    assert home.parent == SYSTEM_HOME
    assert data_home(Settings()) == home


def test_an_open_place_is_taken(checkout: Path) -> None:
    checkout.parent.chmod(0o755)
    checkout.chmod(0o755)
    assert data_home(Settings()) == checkout / "var"


def test_a_chosen_place_is_never_changed(checkout: Path) -> None:
    checkout.chmod(0o700)
    assert data_home(Settings(data_dir=checkout / "mine")) == checkout / "mine"
