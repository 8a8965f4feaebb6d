"""A provider of OpenID Connect as a process of its own: `oidc-provider-mock`, which is made to keep PKCE and to lie.

`python -m tests.oidc_server PORT` serves until it is killed. `PUT /users/<sub>` says who there is. `POST /lie` with
`{"how": …}` decides what is wrong with the next id tokens; see `Lies`.
"""

import base64
import contextlib
import hashlib
import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

import httpx

Environ = dict[str, Any]
Start = Callable[..., Any]


class KeepsPkce:
    """Refuses a code whose verifier is not the one of its challenge (RFC 7636 §4.6)."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._challenges: list[str] = []

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """One request."""
        if environ["PATH_INFO"] == "/oauth2/authorize":
            asked = parse_qs(environ["QUERY_STRING"])
            if asked.get("code_challenge_method") != ["S256"]:
                return _refused(start, "PKCE with S256 is wanted here")
            self._challenges.append(asked["code_challenge"][0])
        if environ["PATH_INFO"] == "/oauth2/token":
            raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(raw)
            verifier = parse_qs(raw.decode()).get("code_verifier", [""])[0]
            digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
            if digest not in self._challenges:
                return _refused(start, "invalid_grant")
        answer: Iterable[bytes] = self._app(environ, start)
        return answer


class Lies:
    """Makes other tokens of those that were issued, and other documents."""

    def __init__(self, app: Any) -> None:
        from joserfc.jwk import RSAKey

        self._app = app
        self._how = ""
        self._evil = RSAKey.generate_key(2048)
        self._rotated = RSAKey.generate_key(2048, {"kid": "rotated", "use": "sig"})
        self.public = b""

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """One request."""
        path = environ["PATH_INFO"]
        if path == "/lie":
            raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            self._how = json.loads(raw)["how"]
            start("204 No Content", [])
            return [b""]
        if path == "/.well-known/openid-configuration" and self._how in (
            "issuer",
            "inner",
            "redirect",
            "large",
        ):
            return self._document(environ, start)
        if path == "/oauth2/token" and self._how:
            return self._token(environ, start)
        if path == "/jwks" and self._how == "rotated":
            return _json(start, {"keys": [self._rotated.as_dict(private=False)]})
        if path == "/userinfo" and self._how == "userinfo":
            return _json(start, {"sub": "somebody else", "groups": ["admins"]})
        answer: Iterable[bytes] = self._app(environ, start)
        return answer

    def _document(self, environ: Environ, start: Start) -> Iterable[bytes]:
        if self._how == "redirect":
            start("302 Found", [("Location", "http://169.254.169.254/latest/meta-data/")])
            return [b""]
        if self._how == "large":
            return _json(start, {"filler": "x" * 300_000})
        document = json.loads(_body(self._app, environ))
        if self._how == "issuer":
            document["issuer"] = "https://other.example"
        else:
            document["token_endpoint"] = "https://169.254.169.254/latest/meta-data/"
        return _json(start, document)

    def _token(self, environ: Environ, start: Start) -> Iterable[bytes]:
        from joserfc import jwt
        from joserfc.jwk import OctKey

        answer = json.loads(_body(self._app, environ))
        if "id_token" not in answer:
            return _json(start, answer, "400 Bad Request")
        header, claims = (_part(answer["id_token"], n) for n in (0, 1))
        lie, now = self._how, int(time.time())
        claims |= {
            "aud": {"aud": "other"},
            "aud_list": {"aud": [claims["aud"], "other"]},
            "azp": {"azp": "other"},
            "iss": {"iss": "https://other.example"},
            "nonce": {"nonce": "other"},
            "expired": {"exp": now - 120},
            "old": {"iat": now - 7200},
            "future": {"iat": now + 3600},
            "nbf": {"nbf": now + 3600},
            "sub": {"sub": 7},
            "no_exp": {"exp": None},
        }.get(lie, {})
        if lie == "none":
            unsigned = [_encoded({"alg": "none"}), _encoded(claims), ""]
            answer["id_token"] = ".".join(unsigned)
        elif lie == "hmac":
            public = json.loads(_body(self._app, {**environ, "PATH_INFO": "/jwks", "REQUEST_METHOD": "GET"}))
            secret = OctKey.import_key(json.dumps(public["keys"][0]))
            answer["id_token"] = jwt.encode({**header, "alg": "HS256"}, claims, secret)
        elif lie == "rotated":
            answer["id_token"] = jwt.encode({"alg": "RS256", "kid": "rotated"}, claims, self._rotated)
        elif lie == "no_token":
            del answer["id_token"]
        elif lie == "rubbish":
            answer["id_token"] = "a.b.c"
        elif lie == "body":
            parts = answer["id_token"].split(".")
            answer["id_token"] = ".".join([parts[0], _encoded({**claims, "sub": "chief"}), parts[2]])
        elif lie != "userinfo":  # signed by a key that is not the provider's, under its name
            key = self._evil if lie == "key" else _own_key(environ)
            answer["id_token"] = jwt.encode(header, claims, key)
        return _json(start, answer)


def _own_key(environ: Environ) -> Any:
    """The provider's own: a lie well told."""
    from joserfc.jwk import RSAKey

    return RSAKey.import_key(environ["test.storage"].jwk.as_dict(is_private=True))


def _body(app: Any, environ: Environ) -> bytes:
    return b"".join(app(environ, lambda *_: None))


def _json(start: Start, document: Any, status: str = "200 OK") -> Iterable[bytes]:
    start(status, [("Content-Type", "application/json")])
    return [json.dumps(document).encode()]


def _refused(start: Start, why: str) -> Iterable[bytes]:
    return _json(start, {"error": why}, "400 Bad Request")


def _part(token: str, n: int) -> dict[str, Any]:
    part = token.split(".")[n]
    found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert isinstance(found, dict)
    return found


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


@contextlib.contextmanager
def provider() -> Iterator[str]:
    """The address of a provider of one's own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.oidc_server", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"{address}/jwks")
                break
            except httpx.TransportError:
                assert process.poll() is None, "the provider did not start"
                assert time.monotonic() < deadline, "the provider does not answer"
                time.sleep(0.1)
        yield address
    finally:
        process.kill()
        process.wait()


def main(port: int) -> None:
    """Serve."""
    import flask
    import oidc_provider_mock
    from werkzeug.serving import make_server

    app = oidc_provider_mock.app(require_nonce=True)
    seen: dict[str, Any] = {}

    @app.before_request
    def remember() -> None:
        seen["storage"] = flask.g.oidc_provider_mock_storage

    lies = Lies(app.wsgi_app)

    def entry(environ: Environ, start: Start) -> Iterable[bytes]:
        environ["test.storage"] = seen.get("storage")
        return lies(environ, start)

    make_server("127.0.0.1", port, KeepsPkce(entry), threaded=True).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
