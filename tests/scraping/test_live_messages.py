"""What a socket may say."""

from uuid import UUID

import pytest
from pydantic import ValidationError

from scraping.live.messages import Kind, Place, Said

JOB = "7b0a3a52-3a3e-4a53-9d0f-2f4f6c5f3f10"


@pytest.mark.parametrize(
    "said",
    [
        *["", "[]", "{}", "nonsense", '{"watch": "everything"}', '{"watch": "job"}', '{"watch": "banner", "id": 1}'],
        *['{"watch": "job", "id": "no uuid", "after": 0}', '{"seen": 1}', '{"unwatch": {"watch": "job"}}'],
        '{"watch": "job", "id": "7b0a3a52-3a3e-4a53-9d0f-2f4f6c5f3f10", "after": -1}',
        '{"watch": "job", "id": "7b0a3a52-3a3e-4a53-9d0f-2f4f6c5f3f10", "after": 2147483648}',
        *['{"watch": "banner", "ping": 1}', '{"ping": "1"}', '{"ping": true}', f'{{"ping": {"1" * 4000}}}'],
        *(f'{{"id": "{JOB}", "seen": {number}}}' for number in ('"3"', "true", "1.0", "1e3")),
    ],
)
def test_nonsense_is_refused(said: str) -> None:
    with pytest.raises(ValidationError):
        Said.model_validate_json(said)


def test_an_id_alone_means_a_job() -> None:
    said = Said.model_validate_json(f'{{"id": "{JOB}", "seen": 3}}')
    assert (said.place, said.seen) == (Place(Kind.JOB, UUID(JOB)), 3)


def test_a_watch_without_a_position_begins_at_the_first_line() -> None:
    said = Said.model_validate_json(f'{{"watch": "job", "id": "{JOB}", "as": "yet unknown"}}')
    assert (said.place, said.after, said.seen) == (Place(Kind.JOB, UUID(JOB)), 0, None)
