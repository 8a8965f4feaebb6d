"""SEC-27: whose page a request comes from, for streams too; and what is no origin of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers, QueryParams

from adapters.http.origin import check_address, check_if_told, check_origin, check_upgrade
from adapters.http.problems import Problem

OWN = "https://csms.example"
ALLOWED = ("https://console.example:8443/",)
FOREIGN = ["https://evil.example", "null", "", "http://csms.example", "https://csms.example:444", "https://csms.example.",
           "https://csms.example/", "https://console.example", "https://xcsms.example", "csms.example"]  # fmt: skip
OURS = [OWN, "https://CSMS.example", "https://console.example:8443"]


def passes(check: object, headers: dict[str, str], *more: object) -> bool:
    try:
        check(Headers(headers), *more, OWN, ALLOWED)  # type: ignore[operator]
    except Problem as problem:
        if problem.code != "cross_site":
            raise
        return False
    return True


@pytest.mark.parametrize("origin", FOREIGN)
def test_sec_27_a_foreign_origin_is_none_of_ours(origin: str) -> None:
    for method in ("GET", "POST"):
        assert not passes(check_origin, {"origin": origin}, method)
        assert not passes(check_origin, {"origin": origin, "sec-fetch-site": "same-origin"}, method)
    assert not passes(check_upgrade, {"origin": origin})
    assert not passes(check_upgrade, {"origin": origin, "sec-fetch-site": "same-origin"})
    assert not passes(check_if_told, {"origin": origin})


@pytest.mark.parametrize("origin", OURS)
def test_our_own_and_those_that_were_allowed_are_taken(origin: str) -> None:
    for method in ("GET", "DELETE"):
        assert passes(check_origin, {"origin": origin}, method)
    assert passes(check_upgrade, {"origin": origin})


@pytest.mark.parametrize(
    ("site", "reads", "changes", "streams"),
    [
        (None, True, False, False),
        ("same-origin", True, True, True),
        ("none", True, True, False),
        ("same-site", False, False, False),
        ("cross-site", False, False, False),
        ("something new", False, False, False),
    ],
)
def test_sec_27_a_stream_is_opened_by_our_own_pages_alone(
    site: str | None, reads: bool, changes: bool, streams: bool
) -> None:
    """What a browser says where it tells no origin: reading, changing, streaming."""
    headers = {} if site is None else {"sec-fetch-site": site}
    assert passes(check_origin, headers, "GET") == reads
    assert passes(check_origin, headers, "POST") == changes
    assert passes(check_upgrade, headers) == streams
    assert passes(check_if_told, headers) == (site in (None, "same-origin", "none"))


@given(
    st.dictionaries(st.sampled_from(["origin", "sec-fetch-site"]), st.text(st.characters(codec="latin-1")))
)
def test_any_noise_is_refused_or_ours(headers: dict[str, str]) -> None:
    if passes(check_upgrade, headers):
        assert headers.get("origin", OWN).lower() in [one.lower() for one in OURS]


def test_a_token_in_an_address_is_found_whatever_it_is_called() -> None:
    for query in ("access_token=x", "TOKEN=x", "q=zeus_acme-" + "a" * 22 + "_s", "a=1&bearer=", "api_key=1"):
        with pytest.raises(Problem) as refused:
            check_address(QueryParams(query))
        assert refused.value.status == 400
    check_address(QueryParams("q=zeus&cursor=abc_def_ghi&limit=3"))
