"""docs/protocol.md says what the code does: moves, reasons, messages, codes, limits."""

import re
from typing import Any

import pytest
from rest_framework import exceptions

from baystate import settings as defaults
from runners.keys import KeyRefusedError
from runners.protocol import messages
from runners.protocol.messages import LogsRequest, Message
from runners.protocol.values import MAX_DEPTH
from runners.protocol.words import Reason
from scraping import journal, refusals
from scraping.api import parsers, throttling, views
from scraping.refusals import BatchRefusedError, FenceError, RefusedError
from scraping.states import MOVES
from tests.baystate.test_docs import ROOT, named, prose, rows

PAGE = ROOT / "docs" / "protocol.md"
PICTURES = "\n".join(re.findall(r"^```\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
# said of errors that no view raises by itself
OTHERS = {"malformed", "bad_request", "not_found", "method_not_allowed", "too_large", "throttled"}
OURS = {"internal_error", "unavailable"}
SPOKEN = [
    kind
    for kind in vars(messages).values()
    if isinstance(kind, type)
    and issubclass(kind, Message)
    and kind not in {Message, messages.FlatResults, messages.ErrorAnswer}
]


def words(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def kinds(of: type[Any]) -> set[type[Any]]:
    return {of, *(kind for child in of.__subclasses__() for kind in kinds(child))}


def test_the_moves_are_those_of_the_code() -> None:
    said = {row[0].strip("`"): words(row[1]) for row in rows(PAGE, "Moves")}
    assert said == {state.value: {to.value for to in allowed} for state, allowed in MOVES.items()}


def test_the_picture_has_every_state_and_every_reason() -> None:
    for word in [*MOVES, *Reason]:
        assert word.value in PICTURES


def test_every_reason_is_explained() -> None:
    assert sorted(named(PAGE, "Why a job fails")) == sorted(Reason)


@pytest.mark.parametrize("kind", SPOKEN, ids=lambda kind: kind.__name__)
def test_a_message_has_its_keys_and_their_marks(kind: type[Message]) -> None:
    said = {row[0] for row in rows(PAGE, kind.__name__)}
    assert said == {f"`{name}` +" if name in kind.additions else f"`{name}`" for name in kind.model_fields}


def test_every_endpoint_has_its_heading() -> None:
    headings = re.findall(r"^### `(?:GET|POST) (/api/[^?`]+)", prose(PAGE), re.MULTILINE)
    assert len(headings) == 6
    assert "/api/admin/scraping/callback" in headings


def test_every_code_is_there_and_no_other() -> None:
    spoken = kinds(RefusedError) - {RefusedError, BatchRefusedError, FenceError}
    codes = {kind.code for kind in spoken} | {kind.code for kind in kinds(KeyRefusedError)} | OTHERS | OURS
    assert {code for row in rows(PAGE, "Answers other than 200") for code in words(row[1])} == codes


def test_what_rest_framework_calls_its_refusals_is_what_the_page_calls_them() -> None:
    assert throttling.TooManyRequestsError.default_code == "throttled"
    assert parsers.BodyTooLargeError.default_code == "too_large"
    assert {exceptions.NotFound.default_code, exceptions.MethodNotAllowed.default_code} <= OTHERS
    assert refusals.LogGapError.code == "gap"


def test_the_durations_are_the_defaults_of_the_settings() -> None:
    table = rows(PAGE, "Leases and durations")
    assert len(table) == 6
    for row in table:
        names = [name.removeprefix("BAYSTATE_") for name in re.findall(r"`(\w+)`", row[3])]
        numbers = [cell for cell in (row[1], row[2]) if cell.isdigit()]
        assert {str(getattr(defaults, name)) for name in names} == set(numbers)


def test_the_limits_are_those_of_the_code() -> None:
    said = {row[0]: row[1] for row in rows(PAGE, "Limits")}
    most_lines = next(part.max_length for part in LogsRequest.model_fields["logs"].metadata)
    assert said == {
        "a body": f"{parsers.MAX_BYTES >> 20} MB; a callback {views.CallbackView.max_bytes >> 20} MB",
        "nesting": f"{MAX_DEPTH} levels",
        "numbers": "finite",
        "lines in one message": f"{most_lines:,}",
        "a line": f"{journal.MAX_BYTES >> 10} KB",
        "lines of a job": f"{journal.MAX_LINES:,}",
        "requests with one key": f"{defaults.API_PER_MINUTE:,} a minute (`BAYSTATE_API_PER_MINUTE`)",
        "requests without a good key, from one address": f"{defaults.API_STRANGERS_PER_MINUTE} a minute "
        "(`BAYSTATE_API_STRANGERS_PER_MINUTE`)",
    }
