"""Certificate files: what is wrong with one is said in a sentence, and the server does not start with it."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from adapters.certificates.local_ca import ISSUER_KEY, ROOT_KEY, AuthorityExists, LocalAuthority
from adapters.certificates.pem import CertificateFileWrong
from adapters.certificates.tls import Tls, TlsFiles
from application.certificates import AuthorityFailed
from tests.adapters.certificates.makers import Authority, new_key, pem_of, request_of

NOW = datetime.now(UTC)


def words_of(files: TlsFiles) -> str:
    with pytest.raises(CertificateFileWrong) as caught:
        Tls(files)
    return str(caught.value)


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for files in (
        TlsFiles(chains=(tmp_path / "x.pem",)),
        TlsFiles(authorities=(tmp_path / "x.pem",)),
        TlsFiles(lists=(tmp_path / "x.pem",)),
    ):
        words = words_of(files)
        assert f"{tmp_path / 'x.pem'} of ZEUS_TLS_" in words
        assert "does not exist" in words


@pytest.mark.parametrize("order", ["certificate first", "key first"])
@pytest.mark.parametrize("form", list({PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL}))
def test_the_order_in_a_file_and_the_form_of_the_key_do_not_matter(
    root: Authority, tmp_path: Path, order: str, form: PrivateFormat
) -> None:
    leaf = root.issue(server=True)
    key = leaf.key.private_bytes(Encoding.PEM, form, NoEncryption())
    path = tmp_path / "s.pem"
    path.write_bytes(leaf.chain + key if order == "certificate first" else key + leaf.chain)
    (chain,) = Tls(TlsFiles(chains=(path,))).chains
    assert chain.kind == "ECDSA"


def test_what_is_wrong_with_a_chain_is_said(root: Authority, tmp_path: Path) -> None:
    path, leaf = tmp_path / "s.pem", root.issue(server=True)
    locked = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pass"))
    for content, words in (
        (b"", "holds no certificate (PEM)"),
        (leaf.chain, "holds no private key"),
        (leaf.chain + locked, "has a passphrase"),
        (leaf.chain + pem_of(new_key()), "do not match"),
        (leaf.chain + pem_of(new_key("RSA")), "do not match"),
    ):
        path.write_bytes(content)
        said = words_of(TlsFiles(chains=(path,)))
        assert words in said
        assert str(path) in said


def test_two_chains_of_one_kind_are_refused(root: Authority, tmp_path: Path) -> None:
    chains = tuple(root.issue(server=True).write(tmp_path / name) for name in ("a.pem", "b.pem"))
    assert "both have ECDSA keys" in words_of(TlsFiles(chains=chains))


def test_a_servers_certificate_is_no_authority(root: Authority, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(root.issue().chain)
    assert not Tls(TlsFiles(authorities=(path,))).authorities


def test_our_authority_keeps_its_keys_to_itself(tmp_path: Path) -> None:
    made = LocalAuthority.create(tmp_path / "ca", "Harbour Power Ltd", NOW)
    assert stat.S_IMODE(made.home.stat().st_mode) == 0o700
    for name in (ROOT_KEY, ISSUER_KEY):
        assert stat.S_IMODE((made.home / name).stat().st_mode) == 0o600
    made.issuer.verify_directly_issued_by(made.root)
    with pytest.raises(AuthorityExists):
        LocalAuthority.create(tmp_path / "ca", "Another", NOW)


async def test_our_authority_works_without_the_key_of_its_root(tmp_path: Path) -> None:
    home = LocalAuthority.create(tmp_path / "ca", "Harbour Power Ltd", NOW).home
    (home / ROOT_KEY).unlink()
    signed = await LocalAuthority(home).sign(request_of(new_key(), "CP1"), NOW)
    assert signed.common_name == "CP1"
    assert timedelta(days=364) < signed.not_after - NOW <= timedelta(days=365)


async def test_our_authority_signs_nothing_that_outlives_it(tmp_path: Path) -> None:
    made = LocalAuthority.create(tmp_path / "ca", "Harbour Power Ltd", NOW - timedelta(days=9.5 * 365))
    with pytest.raises(AuthorityFailed):
        await made.sign(request_of(new_key(), "CP1"), NOW)


def test_a_key_of_somebody_else_is_noticed(tmp_path: Path) -> None:
    made = LocalAuthority.create(tmp_path / "ca", "Harbour Power Ltd", NOW)
    (made.home / ISSUER_KEY).write_bytes(pem_of(new_key()))
    with pytest.raises(CertificateFileWrong, match="is not the key of"):
        LocalAuthority(made.home)
