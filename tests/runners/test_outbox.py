"""Keeping things until they are acknowledged."""

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from runners.agent.answers import Away, JobOver, ServerSaid
from runners.agent.outbox import Outbox

Send = Callable[[Sequence[int]], int]


class Post:
    """Takes what is sent; `answers` say how much of it, or what went wrong."""

    def __init__(self, *answers: int | Exception) -> None:
        self.sent: list[list[int]] = []
        self.answers = iter(answers)
        self.changed = threading.Condition()

    def __call__(self, things: Sequence[int]) -> int:
        with self.changed:
            self.sent.append(list(things))
            self.changed.notify_all()
        value = next(self.answers, len(things))
        if isinstance(value, Exception):
            raise value
        return value

    def wait(self, calls: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.sent) >= calls, 5)


class Store:
    """Things in memory, numbered from 1."""

    def __init__(self) -> None:
        self.things: list[tuple[int, int]] = []

    def put(self, thing: int) -> None:
        self.things.append((len(self.things) + 1, thing))

    def oldest(self, most: int) -> list[tuple[int, int]]:
        return self.things[:most]

    def count(self) -> int:
        return len(self.things)

    def drop(self, through: int) -> None:
        self.things = [(number, thing) for number, thing in self.things if number > through]


@pytest.fixture
def boxes() -> Iterator[list[Outbox[int]]]:
    opened: list[Outbox[int]] = []
    yield opened
    for box in opened:
        box.close()


def test_it_sends_what_comes_in_order(boxes: list[Outbox[int]]) -> None:
    post = Post()
    boxes.append(box := Outbox(Store(), post, name="x", most=100))
    for number in range(50):
        box.put(number)
    assert box.flush(5)
    assert [number for batch in post.sent for number in batch] == list(range(50))


def test_it_waits_until_enough_have_come(boxes: list[Outbox[int]]) -> None:
    post = Post()
    boxes.append(box := Outbox(Store(), post, name="x", most=100, enough=20, linger=60))
    for number in range(19):
        box.put(number)
    assert post.sent == []
    box.put(19)
    post.wait(1)
    assert post.sent == [list(range(20))]


def test_it_does_not_let_one_thing_wait_for_ever(boxes: list[Outbox[int]]) -> None:
    post = Post()
    boxes.append(box := Outbox(Store(), post, name="x", most=100, enough=20, linger=0.01))
    box.put(1)
    post.wait(1)
    assert post.sent == [[1]]


def test_it_keeps_what_was_not_acknowledged_and_sends_it_again(boxes: list[Outbox[int]]) -> None:
    post = Post(Away("no answer", wait=0.0), 2)
    boxes.append(box := Outbox(Store(), post, name="x", most=100, enough=3, linger=60))
    for number in (1, 2, 3):
        box.put(number)
    post.wait(2)
    assert box.flush(5)
    assert post.sent == [[1, 2, 3], [1, 2, 3], [3]]


def test_putting_never_waits_for_the_server(boxes: list[Outbox[int]]) -> None:
    go_on = threading.Event()

    def slow(things: Sequence[int]) -> int:
        go_on.wait(5)
        return len(things)

    boxes.append(box := Outbox(Store(), slow, name="x", most=100))
    for number in range(1000):
        box.put(number)
    assert not box.flush(0.01)
    go_on.set()
    assert box.flush(5)


def test_a_job_that_is_over_empties_it_and_is_told(boxes: list[Outbox[int]]) -> None:
    heard: list[ServerSaid] = []
    told = threading.Event()

    def over(said: ServerSaid) -> None:
        heard.append(said)
        told.set()

    post = Post(JobOver("finished", "it ended"))
    boxes.append(box := Outbox(Store(), post, name="x", most=100, over=over))
    box.put(1)
    assert told.wait(5)
    box.put(2)
    assert box.flush(5)
    assert (len(post.sent), len(heard)) == (1, 1)


def test_our_own_fault_does_not_hold_up_what_comes_after(
    boxes: list[Outbox[int]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("runners.agent.outbox.backoff", lambda attempt: 0)
    post = Post(*[ValueError("a fault")] * 6)
    boxes.append(box := Outbox(Store(), post, name="x", most=100, enough=2, linger=60))
    box.put(1)
    box.put(2)
    assert box.flush(5)
    assert post.sent == [[1, 2]] * 6 + [[2]]
    assert "a fault" in caplog.text
