import re
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from baystate import env


@pytest.mark.parametrize("said", ["true", "Yes", "ON", "1"])
def test_it_reads_yes_in_the_usual_words(said: str) -> None:
    assert env.boolean("FLAG", environ={"FLAG": said}) is True


@pytest.mark.parametrize("said", ["false", "No", "OFF", "0"])
def test_it_reads_no_in_the_usual_words(said: str) -> None:
    assert env.boolean("FLAG", environ={"FLAG": said}) is False


@pytest.mark.parametrize("said", ["-3", "+3", "0", " 12 "])
def test_it_reads_whole_numbers(said: str) -> None:
    assert env.integer("SIZE", environ={"SIZE": said}) == int(said)


@pytest.mark.parametrize(
    ("said", "seconds"), [("250ms", 0.25), ("30", 30), ("30s", 30), ("1.5 m", 90), ("2h", 7200), ("1D", 86400)]
)
def test_it_reads_a_duration_as_seconds(said: str, seconds: float) -> None:
    assert env.duration("WAIT", environ={"WAIT": said}) == seconds


def test_it_reads_a_list_without_blanks_and_empty_places() -> None:
    assert env.listed("HOSTS", environ={"HOSTS": " a.example, ,b.example,"}) == ["a.example", "b.example"]


def test_it_reads_a_path_from_the_present_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert env.path("VAR", environ={"VAR": "with space/var"}) == tmp_path / "with space" / "var"


def test_it_reads_an_address_without_its_last_slash() -> None:
    assert env.url("SITE", environ={"SITE": "https://shop.example:8443/base/"}) == "https://shop.example:8443/base"


def test_it_reads_one_of_the_given_words() -> None:
    assert env.text("MODE", choices=("calm", "loud"), environ={"MODE": "loud"}) == "loud"


@pytest.mark.parametrize("said", ["", "   ", "\n"])
def test_a_variable_that_says_nothing_is_its_default(said: str) -> None:
    assert env.integer("SIZE", default=7, environ={"SIZE": said}) == 7


@pytest.mark.parametrize(
    "read", [env.text, env.secret, env.boolean, env.integer, env.duration, env.listed, env.path, env.url]
)
def test_a_missing_variable_without_a_default_is_named(read: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^THE_NAME is not set; expected .+\.$"):
        read("THE_NAME", environ={})


@pytest.mark.parametrize(
    ("read", "said", "limits"),
    [
        (env.boolean, "maybe", {}),
        (env.integer, "7.5", {}),
        (env.integer, "٣", {}),
        (env.integer, "1_000", {}),
        (env.integer, "9" * 5000, {}),
        (env.integer, "4", {"minimum": 5}),
        (env.integer, "11", {"maximum": 10}),
        (env.duration, "soon", {}),
        (env.duration, "5 fortnights", {}),
        (env.duration, "-1s", {}),
        (env.duration, "2h", {"maximum": 3600}),
        (env.url, "shop.example", {}),
        (env.url, "ftp://shop.example", {}),
        (env.url, "https://", {}),
        (env.url, "https://shop.example:99999", {}),
        (env.url, "https://[::1", {}),
        (env.url, "https://shop example", {}),
        (env.text, "medium", {"choices": ("calm", "loud")}),
    ],
)
def test_nonsense_is_refused_with_the_name_what_it_said_and_what_is_expected(
    read: Any, said: str, limits: dict[str, Any]
) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        read("THE_NAME", environ={"THE_NAME": said}, **limits)
    assert str(refusal.value).startswith(f"THE_NAME is {said!r}; expected ")


def test_a_refusal_names_the_limits() -> None:
    with pytest.raises(ImproperlyConfigured, match="a whole number from 1 to 10"):
        env.integer("SIZE", minimum=1, maximum=10, environ={"SIZE": "0"})


def test_a_short_secret_is_refused_without_being_repeated() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"KEY has 7 characters; expected .* 50 ") as refusal:
        env.secret("KEY", at_least=50, environ={"KEY": "hunter2"})
    assert "hunter2" not in str(refusal.value)


def test_a_refused_address_keeps_its_password_to_itself() -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        env.url("SITE", environ={"SITE": "ftp://bob:p@ss:word@shop.example"})
    assert "ss:word" not in str(refusal.value)
    assert "bob" in str(refusal.value)


def test_a_word_is_read_in_any_case() -> None:
    assert env.text("MODE", choices=("Calm", "Loud"), environ={"MODE": "LOUD"}) == "Loud"


def test_a_time_zone_is_one_that_exists() -> None:
    assert env.time_zone("ZONE", environ={"ZONE": "Europe/Vienna"}) == "Europe/Vienna"
    with pytest.raises(ImproperlyConfigured, match="ZONE is 'Mars/Olympus'; expected a time zone"):
        env.time_zone("ZONE", environ={"ZONE": "Mars/Olympus"})


def test_a_wrong_item_of_a_list_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"HOSTS: item 2 is 'b!'; expected hosts, with commas between them"):
        env.listed("HOSTS", like=re.compile(r"\w+"), of="hosts", environ={"HOSTS": "a,b!"})


def test_a_wrong_item_of_a_secret_list_is_counted_but_not_repeated() -> None:
    with pytest.raises(ImproperlyConfigured, match="KEYS: item 1 is wrong") as refusal:
        env.listed("KEYS", like=re.compile(r"\w+"), hidden=True, environ={"KEYS": "hunter-2"})
    assert "hunter" not in str(refusal.value)


def test_a_text_may_have_to_look_like_something() -> None:
    with pytest.raises(ImproperlyConfigured, match="HEADER is 'X Y'; expected a header"):
        env.text("HEADER", like=re.compile(r"[\w-]+"), of="a header", environ={"HEADER": "X Y"})
