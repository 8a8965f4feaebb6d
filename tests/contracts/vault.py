"""What every vault does."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from application.vault import Vault, VaultRow, VaultUnavailable

Waits = Callable[[Callable[[], bool]], None]


def row(ref: str, lookup: bytes = b"l", *, tenant: str = "t", version: int = 1) -> VaultRow:
    """A row like any other."""
    return VaultRow(
        tenant=tenant,
        lookup=lookup,
        ref=ref,
        wrapped_key=b"\x00wrapped",
        spelling=b"\xff spelled",
        key_version=version,
        plain_stream=False,
        created_at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    )


class VaultContract:
    """Subclasses give the fixture `vault`, which is empty."""

    def test_what_was_added_is_found_by_look_up_and_by_name(self, vault: Vault) -> None:
        vault.add([row("~A", b"1"), row("~B", b"2"), row("~C", b"1", tenant="other")])
        assert vault.find("t", [b"1", b"3"]) == [row("~A", b"1")]
        assert {one.ref for one in vault.named("t", ["~A", "~B", "~C", "~D"])} == {"~A", "~B"}
        assert vault.named("other", ["~C"]) == [row("~C", b"1", tenant="other")]
        assert vault.find("t", []) == vault.named("t", []) == []

    def test_who_was_first_stays(self, vault: Vault) -> None:
        vault.add([row("~A", b"1")])
        vault.add([row("~B", b"1"), row("~C", b"2")])
        assert [one.ref for one in vault.find("t", [b"1"])] == ["~A"]
        assert [one.ref for one in vault.find("t", [b"2"])] == ["~C"]

    def test_of_many_who_add_the_same_all_find_one(self, vault: Vault) -> None:
        def add(number: int) -> None:
            vault.add([row(f"~{number}-{n}", bytes([n])) for n in range(20)])

        threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(vault.find("t", [bytes([n]) for n in range(20)])) == 20

    def test_what_is_destroyed_is_gone(self, vault: Vault) -> None:
        vault.add([row("~A", b"1"), row("~A", b"1", tenant="other")])
        assert vault.destroy("t", "~A")
        assert not vault.destroy("t", "~A")
        assert vault.named("t", ["~A"]) == vault.find("t", [b"1"]) == []
        assert vault.named("other", ["~A"])

    def test_whoever_watches_is_told_at_once(self, vault: Vault) -> None:
        told: list[tuple[str, str]] = []
        heard = threading.Event()

        def erased(tenant: str, ref: str) -> None:
            told.append((tenant, ref))
            heard.set()

        vault.add([row("~A", b"1")])
        vault.watch(erased, lambda: None)
        vault.destroy("t", "~A")
        assert heard.wait(5)
        assert told == [("t", "~A")]

    def test_rows_of_older_keys_are_found_and_wrapped_anew(self, vault: Vault) -> None:
        vault.add([row(f"~{n}", bytes([n])) for n in range(5)])
        (first, *_) = outdated = vault.outdated(2, 3)
        assert len(outdated) == 3
        vault.rewrap(row(first.ref, b"new", version=2))
        assert [one.ref for one in vault.find("t", [b"new"])] == [first.ref]
        assert len(vault.outdated(2, 9)) == 4
        vault.rewrap(row("~gone", b"x", version=2))
        assert vault.named("t", ["~gone"]) == []

    def test_the_first_fingerprint_of_a_key_stays(self, vault: Vault) -> None:
        assert vault.agree(1, b"one") == b"one"
        assert vault.agree(1, b"other") == b"one"
        assert vault.agree(2, b"two") == b"two"

    def test_a_closed_vault_says_so(self, vault: Vault) -> None:
        vault.close()
        with pytest.raises(VaultUnavailable):
            vault.find("t", [b"1"])
