"""One server for the tests that do not harm it."""

from collections.abc import Iterator

import pytest

from tests.e2e.zeus_process import ZeusProcess, zeus


@pytest.fixture(scope="session")
def server() -> Iterator[ZeusProcess]:
    """A running `zeus serve`; its chargers are the tests' own, by ids nobody else uses."""
    with zeus(accept_unknown_tokens=True, frames_per_s=1000) as running:
        yield running
