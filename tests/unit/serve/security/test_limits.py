import pytest

from serve.security import limits
from serve.security.limits import Limit


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


def test_burst_is_let_through_and_then_one_at_a_time(clock):
    limit = Limit(per_minute=30, burst=3, clock=clock)
    assert [limit.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 2.0]
    clock.now_s += 1.5
    assert limit.take("a") == 0.5
    clock.now_s += 0.5
    assert [limit.take("a") for _ in range(2)] == [0.0, 2.0]


def test_one_who_waited_long_gets_no_more_than_the_burst(clock):
    limit = Limit(per_minute=60, burst=2, clock=clock)
    limit.take("a")
    clock.now_s += 3600
    assert [limit.take("a") for _ in range(3)] == [0.0, 0.0, 1.0]


def test_each_name_has_its_own_bucket(clock):
    limit = Limit(per_minute=60, burst=1, clock=clock)
    assert [limit.take(name) for name in ("a", "b", "a")] == [0.0, 0.0, 1.0]


def test_asking_takes_nothing(clock):
    limit = Limit(per_minute=60, burst=1, clock=clock)
    assert [limit.wait_s("a"), limit.wait_s("a"), limit.take("a"), limit.wait_s("a")] == [0.0, 0.0, 0.0, 1.0]


def test_a_flood_of_names_is_forgotten_from_its_oldest_end(clock, monkeypatch):
    monkeypatch.setattr(limits, "_MOST_BUCKETS", 2)
    limit = Limit(per_minute=60, burst=1, clock=clock)
    for name in ("a", "b", "a", "c"):
        limit.take(name)
    assert (limit.wait_s("a"), limit.wait_s("c")) == (1.0, 1.0)
    assert limit.take("b") == 0.0
