"""Too many requests: 429 in our shape, before anything is looked up; the runner takes it for "later"."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from runners import keys as runner_keys
from runners.agent.answers import Away, problem
from scraping.api import throttling
from scraping.api.throttling import Budgets, TooManyRequestsError
from tests import make

POLL = "/api/scraper/v1/poll"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.API_PER_MINUTE, settings.API_STRANGERS_PER_MINUTE = 3, 2
    monkeypatch.setattr(throttling, "keys", Budgets(lambda: settings.API_PER_MINUTE, clock=lambda: 0))
    monkeypatch.setattr(throttling, "strangers", Budgets(lambda: settings.API_STRANGERS_PER_MINUTE, clock=lambda: 0))


def statuses(api: APIClient, times: int, **more: Any) -> list[int]:
    return [api.post(POLL, **more).status_code for _ in range(times)]


class TestBudgets:
    def test_what_was_spent_comes_back_with_time(self) -> None:
        now = 0.0
        budgets = Budgets(lambda: 60, clock=lambda: now)
        for _ in range(60):
            budgets.take("a")
        with pytest.raises(TooManyRequestsError) as caught:
            budgets.take("a")
        assert caught.value.seconds == 1
        budgets.take("b")
        now = 2.5
        budgets.take("a")
        budgets.take("a")
        with pytest.raises(TooManyRequestsError):
            budgets.take("a")

    def test_a_quiet_hour_saves_no_more_than_a_minute(self) -> None:
        now = 0.0
        budgets = Budgets(lambda: 2, clock=lambda: now)
        budgets.take("a")
        now = 3600
        budgets.take("a")
        budgets.take("a")
        with pytest.raises(TooManyRequestsError):
            budgets.take("a")

    def test_it_forgets_who_was_here_longest_ago(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(throttling, "MOST_KEPT", 2)
        budgets = Budgets(lambda: 1, clock=lambda: 0)
        for name in "abc":
            budgets.take(name)
        assert ["a" in budgets, "b" in budgets, "c" in budgets] == [False, True, True]


@pytest.mark.django_db
class TestKeys:
    def test_each_key_has_its_own_budget(self) -> None:
        runner = make.runner()
        one, other = (make.api(make.key(runner)) for _ in range(2))
        assert statuses(one, 4) == [200, 200, 200, 429]
        assert statuses(other, 1) == [200]

    def test_past_it_the_answer_has_our_shape_and_a_runner_waits(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        api = make.api(make.key(make.runner()))
        statuses(api, 3)
        with django_assert_num_queries(0):
            answer = api.post(POLL)
        assert answer.json() == {"error": "Too many requests. Ask again in 20 s.", "code": "throttled", "details": {}}
        said = problem(answer.status_code, answer.headers, answer.content)
        assert isinstance(said, Away)
        assert said.wait == 20

    def test_a_revoked_key_is_still_told_so(self) -> None:
        key, secret = runner_keys.issue(make.runner(), allowed_scrapers=None)
        assert statuses(make.api(secret), 1) == [200]
        runner_keys.revoke(key)
        assert statuses(make.api(secret), 3) == [403, 403, 429]


@pytest.mark.django_db
class TestStrangers:
    @pytest.mark.parametrize("headers", [{}, {"X-API-Key": "bsr_wrong"}])
    def test_they_are_401_first_and_then_slowed_down(
        self, headers: dict[str, str], django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        api = APIClient(headers=headers)
        assert statuses(api, 2) == [401, 401]
        with django_assert_num_queries(0):
            assert statuses(api, 1) == [429]

    def test_a_runner_at_the_same_address_goes_on(self) -> None:
        api = make.api(make.key(make.runner()))
        assert statuses(api, 1) == [200]
        assert statuses(APIClient(), 3) == [401, 401, 429]
        assert statuses(api, 1) == [200]

    def test_another_address_is_another_budget(self) -> None:
        assert statuses(APIClient(), 3) == [401, 401, 429]
        assert statuses(APIClient(), 1, REMOTE_ADDR="127.0.0.2") == [401]

    def test_a_forwarded_address_is_believed_of_a_proxy_alone(self, settings: Settings) -> None:
        forged = {"headers": {"X-Forwarded-For": "10.0.0.1"}}
        assert statuses(APIClient(), 3, **forged) == [401, 401, 429]
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
        assert statuses(APIClient(), 3, headers={"X-Forwarded-For": "6.6.6.6, 10.0.0.1"}) == [401, 401, 429]
        assert statuses(APIClient(), 1, headers={"X-Forwarded-For": "6.6.6.6, 10.0.0.2"}) == [401]
