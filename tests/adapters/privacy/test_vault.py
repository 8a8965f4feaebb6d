"""The vault's contract, on Postgres and in memory; what the rows of Postgres look like."""

from collections.abc import Iterator

import psycopg
import pytest

from adapters.postgres import vault_schema
from adapters.postgres.vault import PostgresVault
from application.vault import VaultUnavailable
from tests.contracts.vault import VaultContract, row
from tests.fakes.vault import InMemoryVault


class TestPostgres(VaultContract):
    """The real one."""

    @pytest.fixture
    def vault(self, postgres_dsn: str) -> Iterator[PostgresVault]:
        """Fresh tables."""
        vault_schema.create(postgres_dsn)
        vault = PostgresVault(postgres_dsn)
        yield vault
        vault.close()

    def test_a_lost_connection_is_opened_again(self, vault: PostgresVault, postgres_dsn: str) -> None:
        vault.add([row("~A")])
        with psycopg.connect(postgres_dsn, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'zeus vault'"
            )
        assert vault.named("t", ["~A"])

    def test_creating_again_changes_nothing(self, vault: PostgresVault, postgres_dsn: str) -> None:
        vault.add([row("~A")])
        vault_schema.create(postgres_dsn)
        assert vault.named("t", ["~A"])

    def test_a_database_without_it_says_so(self, empty_postgres_dsn: str) -> None:
        vault = PostgresVault(empty_postgres_dsn)
        with pytest.raises(VaultUnavailable):
            vault.named("t", ["~A"])
        vault.close()


class TestInMemory(VaultContract):
    """The fake."""

    @pytest.fixture
    def vault(self) -> InMemoryVault:
        """Empty."""
        return InMemoryVault()
