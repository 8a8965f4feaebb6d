"""Where chargers may be sent for a file: hosts by name, one by one, and nothing that only looks like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.artefacts.addresses import PORTS, why_unsafe

HOSTS = ("fw.example", "files.example:8443")
LABEL = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("location", "protocols"),
    [
        ("https://fw.example/a.bin", ()),
        ("https://fw.example:443/a.bin?b=1", ()),
        ("HTTPS://FW.EXAMPLE/a.bin", ()),
        ("https://files.example:8443/", ("FTP",)),
        ("http://fw.example/a", ("HTTP", "FTP")),
        ("ftp://fw.example:21/a", ("HTTP", " ftp ")),
        ("ftps://fw.example/a", ("FTPS",)),
        ("sftp://fw.example/a", ("SFTP",)),
    ],
)
def test_listed_hosts_are_safe(location: str, protocols: tuple[str, ...]) -> None:
    assert why_unsafe(location, HOSTS, protocols) == ""
    assert why_unsafe(location, (), protocols) != ""


@pytest.mark.parametrize(
    "location",
    [
        "",
        "fw.example/a",
        "//fw.example/a",
        "https:fw.example",
        "https:///a",
        "http://fw.example/a",
        "ftp://fw.example/a",
        "file:///etc/passwd",
        "gopher://fw.example/",
        "javascript:alert(1)",
        "https://fw.example:8443/a",
        "https://files.example/a",
        "https://fw.example.evil.example/a",
        "https://evilfw.example/a",
        "https://a.fw.example/a",
        "https://fw.example./a",
        "https://fw.example@evil.example/a",
        "https://user:pass@fw.example/a",
        "https://@fw.example/a",
        "https://evil.example\\@fw.example/a",
        "https://evil.example#@fw.example/a",
        "https://fw.example/a#b",
        "https://fw.example /a",
        "https://fw.example\t/a",
        "https://fw.example\n/a",
        "https://fw\u3002example/a",
        "https://\uff46w.example/a",
        "https://fw.example:99999/a",
        "https://fw.example:x/a",
        "https://[::1/a",
        "https://fw%2eexample/a",
        "https://fw.example/" + "a" * 600,
    ],
)
def test_what_only_looks_like_them_is_not(location: str) -> None:
    assert why_unsafe(location, HOSTS) != ""


INWARD = (
    "127.0.0.1", "10.0.0.5", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0", "8.8.8.8",
    "2130706433", "0x7f000001", "0x7f.1", "127.1", "017700000001", "1.2.3.0x4", "[::1]", "[fd00::1]", "[fe80::1]",
    "[::ffff:10.0.0.1]", "localhost", "router", "metadata.google.internal", "nas.local", "a.localhost",
    "box.home.arpa",
)  # fmt: skip


@pytest.mark.parametrize("host", INWARD)
def test_numbers_and_inward_names_are_refused_even_where_listed(host: str) -> None:
    assert why_unsafe(f"https://{host}/a", (host, f"{host}:443", host.strip("[]"))) != ""


@given(st.lists(LABEL, min_size=2, max_size=4), st.sampled_from(sorted(PORTS)), st.booleans())
def test_a_scheme_is_taken_where_it_is_https_or_told(labels: list[str], scheme: str, told: bool) -> None:
    host = ".".join([*labels, "example"])
    safe = why_unsafe(f"{scheme}://{host}/f", (host,), (scheme.upper(),) if told else ()) == ""
    assert safe is (told or scheme == "https")


@given(st.text(max_size=60), st.text(max_size=30))
def test_any_text_is_judged_and_none_gets_past_an_empty_list(text: str, host: str) -> None:
    for location in (text, f"https://{host}{text}", f"https://{host}@{text}"):
        assert why_unsafe(location, (), tuple(PORTS)) != ""
