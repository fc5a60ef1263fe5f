import fcntl
import os

import pytest

from classifier.backlog.ledger import Ledger
from classifier.backlog.places import Form, Kind
from classifier.backlog.scorer import ScoredBatch
from classifier.backlog.shards import Batch, Shard
from classifier.backlog.tally import Example, Tally
from classifier.errors import RowError

FACTS = {"model": "tiny/7", "gate": True}


def shard(number=0, key="key"):
    return Shard(number=number, key=key, batches=(Batch(()),), start=0, position=0)


def scored(leaf=b"answer\n", *, rejects=(), stories=1):
    return ScoredBatch(leaf=leaf, rejects=tuple(rejects), tally=Tally(stories=stories, rejected=len(rejects)))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "out.jsonl.parts"


@pytest.fixture
def ledger(folder):
    """Open, with nothing in it."""
    ledger = Ledger(folder, Kind(Form.JSONL), FACTS)
    with ledger.open():
        yield ledger


def names(folder):
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


# ---------------------------------------------------------------- keeping and finding


def test_shard_that_was_kept_is_found(ledger, folder):
    reject = {"place": "s.jsonl:3", "id": None, "error": "not JSON."}
    kept = ledger.keep(shard(), [scored(b"one\n"), scored(b"two\n", rejects=[reject])])
    assert ledger.find(shard()) == kept
    assert (kept.key, kept.size, ledger.rejects(0)) == ("key", 8, [reject])
    assert kept.tally == Tally(stories=2, rejected=1)
    assert (folder / "part-00000.jsonl").read_bytes() == b"one\ntwo\n"
    assert names(folder) == ["_lock", "_receipts/part-00000.json", "part-00000.jsonl"]


def test_tally_of_a_receipt_comes_back_whole(ledger):
    example = Example(0.25, "a", "pause", 0.75)
    batch = ScoredBatch(
        leaf=b"",
        rejects=(),
        tally=Tally(stories=1, months={"": {"pause": 1}}, surest=(example,), least_sure=(example,)),
    )
    ledger.keep(shard(), [batch])
    assert ledger.find(shard()).tally == batch.tally


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind(Form.JSONL), "part-00007.jsonl"),
        (Kind(Form.JSONL, "gzip"), "part-00007.jsonl.gz"),
        (Kind(Form.CSV, "zstd"), "part-00007.csv.zst"),
        (Kind(Form.PARQUET), "part-00007.parquet"),
    ],
)
def test_part_is_named_by_its_number_and_kind(folder, kind, name):
    assert Ledger(folder, kind, FACTS).part(7) == folder / name


def test_parts_stand_in_order_however_many_they_are(folder):
    ledger = Ledger(folder, Kind(Form.JSONL), FACTS)
    some = [ledger.part(number).name for number in (0, 9, 10, 99_999)]
    assert some == sorted(some)


def test_shard_that_was_never_kept_is_not_found(ledger):
    ledger.keep(shard(0), [scored()])
    assert ledger.find(shard(1)) is None
    assert not ledger.find_other(shard(1))


def test_shard_of_another_key_is_not_found_but_told(ledger):
    ledger.keep(shard(key="one"), [scored()])
    assert ledger.find(shard(key="other")) is None
    assert ledger.find_other(shard(key="other"))
    assert not ledger.find_other(shard(key="one"))


def test_shard_that_is_kept_again_replaces_the_one_before(ledger):
    ledger.keep(shard(key="one"), [scored(b"long long answer\n")])
    ledger.keep(shard(key="other"), [scored(b"short\n")])
    assert ledger.find(shard(key="one")) is None
    assert ledger.find(shard(key="other")).size == 6


def test_shard_without_an_answer_is_found_too(ledger):
    reject = {"place": "s.jsonl:1", "id": None, "error": "not JSON."}
    ledger.keep(shard(), [scored(b"", rejects=[reject], stories=0)])
    assert ledger.find(shard())
    assert ledger.rejects(0) == [reject]


# ---------------------------------------------------------------- what is not trusted


@pytest.mark.parametrize("content", [b"", b"answe", b"answer\n\n", None])
def test_part_that_is_not_as_long_as_its_receipt_says_is_not_trusted(ledger, content):
    ledger.keep(shard(), [scored(b"answer\n")])
    ledger.part(0).unlink() if content is None else ledger.part(0).write_bytes(content)
    assert ledger.find(shard()) is None
    assert not ledger.find_other(shard(key="other"))


def test_part_without_a_receipt_is_not_trusted(ledger, folder):
    ledger.keep(shard(), [scored()])
    (folder / "_receipts" / "part-00000.json").unlink()
    assert ledger.find(shard()) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda receipt: b"",
        lambda receipt: receipt[: len(receipt) // 2],
        lambda receipt: b"\x00" * len(receipt),
        lambda receipt: b"\xff\xfe",
        lambda receipt: b"[]",
        lambda receipt: b"null",
        lambda receipt: b"{}",
        lambda receipt: receipt.replace(b'"key"', b'"kez"'),
        lambda receipt: receipt.replace(b'"tally"', b'"tallz"'),
        lambda receipt: receipt.replace(b'"stories"', b'"storiez"'),
        lambda receipt: receipt.replace(b'"months":{}', b'"months":[7]'),
        lambda receipt: receipt.replace(b'"rejects":[]', b'"rejects":0 '),
    ],
)
def test_damaged_receipt_is_not_trusted(ledger, folder, damage):
    ledger.keep(shard(), [scored()])
    file = folder / "_receipts" / "part-00000.json"
    damaged = damage(file.read_bytes())
    assert damaged != file.read_bytes()
    file.write_bytes(damaged)
    assert ledger.find(shard()) is None
    assert not ledger.find_other(shard(key="other"))
    ledger.keep(shard(), [scored()])
    assert ledger.find(shard())


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("before", [None, "key", "other"])
def test_keeping_that_ends_halfway_vouches_for_nothing(ledger, monkeypatch, step, before):
    """Step 1 writes the part, step 2 its receipt."""
    if before:
        ledger.keep(shard(key=before), [scored(b"answer\n")])
    calls, replace = [], os.replace

    def end(source, target, **options):
        calls.append(target)
        if len(calls) == step:
            raise KeyboardInterrupt
        replace(source, target, **options)

    monkeypatch.setattr(type(ledger.part(0)), "replace", lambda self, target: end(self, target))
    with pytest.raises(KeyboardInterrupt):
        ledger.keep(shard(), [scored(b"ANSWER\n")])  # of the same length as the old one
    assert ledger.find(shard()) is None
    assert ledger.find(shard(key="other")) is None


# ---------------------------------------------------------------- forgetting


def keep(ledger, number):
    for each in range(number):
        ledger.keep(shard(each), [scored()])


def test_parts_from_a_number_on_are_forgotten(ledger, folder):
    keep(ledger, 4)
    ledger.forget_from(2)
    assert names(folder) == [
        "_lock",
        "_receipts/part-00000.json",
        "_receipts/part-00001.json",
        "part-00000.jsonl",
        "part-00001.jsonl",
    ]
    assert [ledger.find(shard(number)) is not None for number in range(4)] == [True, True, False, False]


def test_forgetting_that_ends_halfway_can_be_done_again(ledger, folder, monkeypatch):
    keep(ledger, 5)
    left = 3
    unlink = type(folder).unlink

    def end(self, **options):
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        unlink(self, **options)

    with monkeypatch.context() as patch:
        patch.setattr(type(folder), "unlink", end)
        with pytest.raises(KeyboardInterrupt):
            ledger.forget_from(1)
    ledger.forget_from(1)
    assert names(folder) == ["_lock", "_receipts/part-00000.json", "part-00000.jsonl"]


def test_part_without_a_receipt_is_forgotten_too(ledger, folder):
    keep(ledger, 3)
    (folder / "_receipts" / "part-00001.json").unlink()
    (folder / "part-00002.jsonl").unlink()
    ledger.forget_from(1)
    assert names(folder) == ["_lock", "_receipts/part-00000.json", "part-00000.jsonl"]


def test_clearing_removes_all_and_the_folder(folder):
    ledger = Ledger(folder, Kind(Form.JSONL), FACTS)
    with ledger.open():
        keep(ledger, 3)
    ledger.clear()
    assert not folder.exists()
    ledger.clear()


def test_clearing_leaves_what_others_put_there(folder):
    ledger = Ledger(folder, Kind(Form.JSONL), FACTS)
    with ledger.open():
        keep(ledger, 2)
    for name in ("notes.txt", "part-00000.csv", "_receipts/notes.txt", "_manifest.json"):
        (folder / name).write_bytes(b"x")
    ledger.clear()
    assert names(folder) == ["_manifest.json", "_receipts/notes.txt", "notes.txt", "part-00000.csv"]


# ---------------------------------------------------------------- one run at a time


def test_receipt_says_what_the_shard_was_scored_with(folder):
    with Ledger(folder, Kind(Form.JSONL), FACTS).open():
        keep(Ledger(folder, Kind(Form.JSONL), FACTS), 1)
    later = Ledger(folder, Kind(Form.JSONL), {"model": "tiny/8"})
    assert later.find_other(shard(key="other")).facts == FACTS
    later.keep(shard(key="other"), [scored()])
    assert later.find(shard(key="other")).facts == {"model": "tiny/8"}


def test_second_run_is_refused_while_the_first_lasts(ledger, folder):
    keep(ledger, 1)
    other = Ledger(folder, Kind(Form.JSONL), FACTS)
    with pytest.raises(RowError) as caught, other.open():
        pass
    assert str(caught.value) == (f"{folder}: another run writes there. Wait for it, or name another output.")
    assert ledger.find(shard())


def test_second_run_that_is_refused_harms_no_folder_that_is_still_empty(ledger, folder):
    other = Ledger(folder, Kind(Form.JSONL), FACTS)
    with pytest.raises(RowError), other.open():
        pass
    keep(ledger, 1)
    assert ledger.find(shard())


def test_run_may_follow_another(folder):
    for _ in range(2):
        with Ledger(folder, Kind(Form.JSONL), FACTS).open():
            pass


def test_lock_that_another_run_removes_while_it_ends_is_taken_again(folder, monkeypatch):
    one, other = (Ledger(folder, Kind(Form.JSONL), FACTS) for _ in range(2))
    lock, taken = fcntl.flock, []

    def removed_meanwhile(file, how):
        lock(file, how)
        if not taken:
            (folder / "_lock").unlink()
        taken.append(how)

    monkeypatch.setattr(fcntl, "flock", removed_meanwhile)
    with one.open():
        assert len(taken) == 2
        with pytest.raises(RowError, match="another run writes there"), other.open():
            pass


def test_lock_of_a_killed_run_holds_nobody_up(folder):
    folder.mkdir()
    (folder / "_lock").write_bytes(b"")
    with Ledger(folder, Kind(Form.JSONL), FACTS).open():
        pass


@pytest.mark.parametrize("fault", [None, RowError, KeyboardInterrupt])
def test_folder_goes_again_where_nothing_was_done(folder, fault):
    def run():
        with Ledger(folder, Kind(Form.JSONL), FACTS).open():
            assert folder.exists()
            if fault:
                raise fault

    if fault:
        with pytest.raises(fault):
            run()
    else:
        run()
    assert not folder.exists()


def test_folder_stays_where_something_was_done(folder):
    ledger = Ledger(folder, Kind(Form.JSONL), FACTS)

    def run():
        with ledger.open():
            keep(ledger, 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert ledger.find(shard())
    assert names(folder) == ["_lock", "_receipts/part-00000.json", "part-00000.jsonl"]
