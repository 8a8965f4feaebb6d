"""What `zeus serve` prints: addresses that are right, and no secret that was given to it."""

import pytest

from entrypoints.commands.welcome import curl_line, reachable_host, welcome_lines
from entrypoints.settings import Settings


def text(settings: Settings, *, made_up: bool) -> str:
    lines = welcome_lines(settings, 9000, "the-token", made_up=made_up, demo=False)
    return "\n".join(f"{name} {words}" for name, words in lines)


def test_a_made_up_token_is_shown_and_ready_to_paste() -> None:
    words = text(Settings(), made_up=True)
    assert "ws://127.0.0.1:9000/ocpp" in words
    assert 'curl -H "Authorization: Bearer the-token" http://127.0.0.1:9000/api/ocpp/chargers' in words


def test_a_given_token_is_not_repeated() -> None:
    words = text(Settings(), made_up=False)
    assert "the-token" not in words
    assert "$ZEUS_API_TOKEN" in words


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - printed, not listened on
        ("::", "127.0.0.1"),
        ("::1", "[::1]"),
        ("csms", "csms"),
    ],
)
def test_addresses_can_be_typed(host: str, reached: str) -> None:
    assert reachable_host(host) == reached


def test_only_switched_on_versions_are_offered() -> None:
    words = text(Settings(versions=("1.6",)), made_up=True)
    assert "2.0.1" not in words


def test_the_line_for_the_shell() -> None:
    assert curl_line("http://h:1", None).count("$ZEUS_API_TOKEN") == 1
