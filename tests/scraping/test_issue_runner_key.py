"""The command `issue_runner_key`."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from runners import keys
from tests import make

pytestmark = pytest.mark.django_db


def issue(*arguments: str) -> str:
    """What the command prints to standard output."""
    said = StringIO()
    call_command("issue_runner_key", *arguments, stdout=said, stderr=StringIO())
    return said.getvalue().strip()


def test_it_prints_the_key_and_nothing_else() -> None:
    key = keys.verify(issue("warehouse-1", "--all"))
    assert (key.runner.name, key.allowed_scrapers, key.expires_at) == ("warehouse-1", None, None)


def test_it_limits_the_key_to_the_named_scrapers() -> None:
    make.scraper("acme")
    make.scraper("bradley")
    assert keys.verify(issue("a", "--scrapers", "acme,bradley")).allowed_scrapers == ["acme", "bradley"]
    assert keys.verify(issue("a", "--scrapers", "bradley")).allowed_scrapers == ["bradley"]
    assert keys.verify(issue("a", "--none")).allowed_scrapers == []


def test_it_ends_the_key_after_the_days_given() -> None:
    expires_at = keys.verify(issue("a", "--all", "--expires-days", "30")).expires_at
    assert expires_at is not None
    assert abs(expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a"], "required"),
        (["a", "--all", "--none"], "not allowed with"),
        (["a", "--scrapers", "amce"], "no scraper called amce"),
        (["a", "--scrapers", " , "], "say --none"),
        (["a", "--all", "--expires-days", "0"], "from 1 to"),
        ([" ", "--all"], "one line of at most 100"),
        (["x" * 101, "--all"], "one line of at most 100"),
        (["a\nb", "--all"], "one line of at most 100"),
    ],
)
def test_it_refuses_what_is_unclear(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        issue(*arguments)
