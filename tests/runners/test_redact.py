"""Hiding secrets in every spelling."""

import base64
import html
import json
import logging
import sys
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.agent.redact import HIDDEN, RedactingFormatter, Redactor

CANARY = 'pä ss/w&rd "can\'ary" + 100%'


@pytest.mark.parametrize(
    "spelling",
    [
        CANARY,
        quote(CANARY),
        quote(CANARY, safe=""),
        quote_plus(CANARY),
        quote_plus(CANARY).lower(),
        html.escape(CANARY),
        html.escape(CANARY).replace("&#x27;", "&#39;"),
        json.dumps(CANARY)[1:-1],
        json.dumps(CANARY, ensure_ascii=False)[1:-1],
        json.dumps(CANARY)[1:-1].replace("/", "\\/"),
        repr(CANARY)[1:-1],
        base64.b64encode(CANARY.encode()).decode(),
    ],
)
def test_it_hides_a_secret_however_it_is_spelled(spelling: str) -> None:
    assert Redactor([CANARY]).text(f"<{spelling}>").startswith(f"<{HIDDEN}")
    assert "ary" not in Redactor([CANARY]).text(f"<{spelling}>")


def test_it_hides_a_secret_in_keys_and_values_of_a_result() -> None:
    fields = {"name": "Gold", "images": [f"https://x.test/?s={quote_plus(CANARY)}"], "attributes": {CANARY: 3}}
    assert Redactor([CANARY]).json(fields) == {
        "name": "Gold",
        "images": [f"https://x.test/?s={HIDDEN}"],
        "attributes": {HIDDEN: 3},
    }


def test_it_hides_a_secret_in_a_traceback() -> None:
    try:
        raise ValueError(f"refused {CANARY}")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "it broke", None, sys.exc_info())
    text = RedactingFormatter(Redactor([CANARY])).format(record)
    assert "Traceback" in text
    assert HIDDEN in text
    assert "ary" not in text


def test_a_short_secret_counts_as_a_word_of_its_own() -> None:
    redactor = Redactor(["abc"])
    assert redactor.text("abc, abcd and drabc: abc!") == f"{HIDDEN}, abcd and drabc: {HIDDEN}!"


def test_the_longer_of_two_secrets_is_hidden_whole() -> None:
    assert Redactor(["canary", "canary-and-more"]).text("canary-and-more") == HIDDEN


def test_it_hides_what_it_learns_later_and_nothing_before() -> None:
    redactor = Redactor()
    assert redactor.text("canary and spaces") == "canary and spaces"
    redactor.learn(["", "  ", "canary"])
    assert redactor.text("canary and spaces") == f"{HIDDEN} and spaces"


@given(st.text(min_size=6).filter(str.strip), st.text(), st.text())
def test_no_secret_of_six_letters_survives(secret: str, before: str, after: str) -> None:
    assert secret not in Redactor([secret]).text(before + secret + after).replace(HIDDEN, "\x00")
