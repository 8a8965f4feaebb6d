"""What a proxy such as nginx says of a client's certificate."""

from urllib.parse import quote

from tests.adapters.certificates.makers import Leaf


def headers_of(shown: Leaf, verdict: str = "SUCCESS") -> dict[str, str]:
    """`$ssl_client_verify` and `$ssl_client_escaped_cert`."""
    first = shown.chain.decode().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
    return {"X-SSL-Client-Verify": verdict, "X-SSL-Client-Cert": quote(first), "X-Forwarded-Proto": "https"}
