"""What runners say of themselves is noted, and said again it is not written again."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from runners import presence
from runners.models import Runner
from runners.protocol.words import RunnerStatus
from tests import make

pytestmark = pytest.mark.django_db


def noted(runner: Runner, **said: Any) -> bool:
    with CaptureQueriesContext(connection) as asked:
        presence.note(runner, **said)
    return bool(asked.captured_queries)


@pytest.mark.parametrize(
    ("silence", "said", "written"),
    [
        (1, {}, False),
        (1, {"status": RunnerStatus.BUSY, "version": "1.4"}, False),
        (1, {"status": RunnerStatus.POLLING, "version": "1.4"}, True),
        (6, {}, True),
        (6, {"status": RunnerStatus.BUSY}, True),
    ],
)
def test_only_news_and_a_word_after_five_seconds_are_written(
    silence: int, said: dict[str, object], written: bool
) -> None:
    heard = timezone.now() - timedelta(seconds=silence)
    runner = make.runner(status=RunnerStatus.BUSY, version="1.4", last_seen=heard)
    assert noted(runner, **said) is written
    runner.refresh_from_db()
    assert (runner.last_seen != heard) is written
    assert all(getattr(runner, name) == value for name, value in said.items())


def test_the_first_word_is_written() -> None:
    runner = make.runner(last_seen=None)
    assert noted(runner)
    runner.refresh_from_db()
    assert runner.last_seen


def test_one_that_was_seen_later_than_now_is_noted_and_is_not_online() -> None:
    """The database's clock was set back."""
    later = timezone.now() + timedelta(hours=1)
    runner = make.runner(last_seen=later)
    assert not runner.is_online(now=timezone.now())
    assert noted(runner)
    runner.refresh_from_db()
    assert runner.last_seen
    assert runner.last_seen < later
    assert runner.is_online(now=runner.last_seen)
