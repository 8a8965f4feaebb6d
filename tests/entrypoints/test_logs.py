"""The log: one line a record, no secrets, whatever is logged."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from entrypoints.logs import HIDDEN, one_line, redacted, set_up

CANARY = "c4n4ry-S3cret/9"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Where a JSON log goes; the root logger is as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up("INFO", form="json", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Basic {CANARY}",
        f"authorization=Bearer {CANARY}",
        f"{{'Authorization': 'Bearer {CANARY}'}}",
        f'{{"password": "{CANARY}", "user": "x"}}',
        f"password={CANARY} user=x",
        f"zeus_token={CANARY}",
        f"postgresql://zeus:{CANARY.replace('/', '')}@db/zeus",
        f"https://host/upload?x=1&X-Amz-Signature={CANARY}",
        f'[2,"1","ChangeConfiguration",{{"key":"AuthorizationKey","value":"{CANARY}"}}]',
        f"client_secret: '{CANARY}'",
    ],
)
def test_credentials_do_not_reach_the_log(text: str) -> None:
    shown = redacted(f"before {text} after")
    assert CANARY not in shown
    assert CANARY.replace("/", "") not in shown
    assert HIDDEN in shown
    assert shown.startswith("before ")


@pytest.mark.parametrize(
    "text", ["The password is wrong.", "token Accepted", "charger/zeus/CP1: id_token.presented", "key=3"]
)
def test_ordinary_sentences_stay_as_they_are(text: str) -> None:
    assert redacted(text) == text


def test_a_record_is_one_line_of_json_with_its_fields(out: io.StringIO) -> None:
    forged = 'CP1\n{"level":"error","event":"forged"}\r\u2028\x85\u202e'
    logging.getLogger("zeus.test").info("hello %s", forged, extra={"charger": forged, "password": CANARY})
    text = out.getvalue()
    assert text.count("\n") == 1
    assert len(text.splitlines()) == 1
    entry = json.loads(text)
    assert entry["event"] == f"hello {forged}"
    assert entry["charger"] == forged
    assert entry["password"] == HIDDEN
    assert entry["level"] == "info"
    assert entry["ts"].endswith("Z")


def test_an_error_carries_its_traceback_without_secrets(out: io.StringIO) -> None:
    try:
        raise ValueError(f"password={CANARY}")
    except ValueError:
        logging.getLogger("zeus.test").exception("it failed")
    entry = json.loads(out.getvalue())
    assert "ValueError" in entry["error"]
    assert CANARY not in out.getvalue()


def test_the_readable_form_keeps_to_one_line() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    try:
        set_up("INFO", form="text", stream=stream)
        logging.getLogger("zeus.test").warning("a\nb\x1b[31m", extra={"charger": "CP\n1"})
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(capture=False)
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert "charger=CP\\n1" in stream.getvalue()


def test_control_characters_are_written_out() -> None:
    assert one_line("a\tb\x00\u202e") == "a\\tb\\x00\\u202e"
