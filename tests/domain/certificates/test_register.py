"""The register of certificates: what is in force, whose it is, and how many a charger may have."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.certificates.events import Issued
from domain.certificates.register import (
    MOST_A_DAY,
    CertificateRevokedAlready,
    CertificateUnknown,
    Register,
    register_stream,
)
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def issued(serial: str, charger: str = "CP1", *, days: int = 365, csr: str = "aa") -> Issued:
    return Issued(
        serial=serial,
        tenant="t",
        charger=charger,
        common_name=charger,
        issuer="CN=ca",
        not_after=NOW + timedelta(days=days),
        fingerprint="ff",
        csr_sha256=csr,
        certificate="PEM",
    )


def register(*facts: Fact, at: datetime = NOW) -> Register:
    made = Register(register_stream("t"))
    for event in events_of(made.stream, 0, list(facts), Told(recorded_at=at)):
        made.when(event)
    return made


def test_the_certificates_to_show_are_the_newest_of_each_charger_by_their_end() -> None:
    known = register(issued("1", days=9), issued("2", "CP2", days=5), issued("3", days=20))
    assert [one.serial for one in known.shown()] == ["2", "3"]
    for event in events_of(known.stream, known.version, known.revoking("2", ""), Told(recorded_at=NOW)):
        known.when(event)
    assert [one.serial for one in known.shown()] == ["3"]
    assert [one.serial for one in known.revoked()] == ["2"]


def test_a_certificate_is_revoked_once() -> None:
    known = register(issued("1"))
    facts = known.revoking("1", "stolen")
    for event in events_of(known.stream, known.version, facts, Told(recorded_at=NOW)):
        known.when(event)
    with pytest.raises(CertificateRevokedAlready):
        known.revoking("1", "")
    with pytest.raises(CertificateUnknown):
        known.revoking("2", "")


def test_a_request_is_answered_once_as_long_as_the_certificate_is_in_force() -> None:
    known = register(issued("1", csr="aa"))
    assert known.repeated(ChargerId("t", "CP1"), "aa", NOW) == issued("1", csr="aa")
    assert known.repeated(ChargerId("t", "CP1"), "bb", NOW) is None
    assert known.repeated(ChargerId("t", "CP2"), "aa", NOW) is None
    assert known.repeated(ChargerId("t", "CP1"), "aa", NOW + timedelta(days=365)) is None
    for event in events_of(known.stream, known.version, known.revoking("1", ""), Told(recorded_at=NOW)):
        known.when(event)
    assert known.repeated(ChargerId("t", "CP1"), "aa", NOW) is None


@given(mine=st.integers(0, MOST_A_DAY + 2), others=st.integers(0, 30))
def test_a_charger_gets_so_many_a_day_whatever_others_get(mine: int, others: int) -> None:
    facts = [issued(f"a{n}") for n in range(mine)] + [issued(f"b{n}", "CP2") for n in range(others)]
    known = register(*facts)
    assert known.exhausted(ChargerId("t", "CP1"), NOW) == (mine >= MOST_A_DAY)
    assert not known.exhausted(ChargerId("t", "CP1"), NOW + timedelta(days=1))
