"""SEC-07 and SEC-11 against `zeus serve` as a process: scanned suite by suite, knocked at with every certificate."""

import pytest

from tests.adapters.certificates.test_tls_scan import SUITES
from tests.e2e.tls_scan import Shown, scanned, shown, yard

pytestmark = pytest.mark.slow


async def test_sec_07_and_11_as_seen_from_outside() -> None:
    async with yard() as here:
        rows = await scanned(here)
        strong, weak = rows[: len(SUITES) + 2], rows[len(SUITES) + 2 :]
        assert [(row.cipher, row.key) for row in strong[: len(SUITES)]] == SUITES
        assert [row.key for row in strong[len(SUITES) :]] == ["RSA", "ECDSA"]
        assert all(row.verified for row in strong)
        assert {row.cipher for row in weak} == {"(NONE)"}
        assert await shown(here) == [
            Shown("good", "101", ""),
            Shown("none", "401", "client_cert_missing"),
            Shown("expired", "401", "client_cert_expired"),
            Shown("not valid before tomorrow", "401", "client_cert_expired"),
            Shown("of another charger (CN)", "403", "client_cert_cn"),
            Shown("of another operator (O)", "403", "client_cert_o"),
            Shown("revoked", "403", "client_cert_revoked"),
            Shown("of an unknown authority of the same name", "TLS", "client_cert_untrusted"),
        ]
        assert "Traceback" not in here.server.said()
