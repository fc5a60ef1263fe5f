"""A challenger that has no time, or cannot read."""

import asyncio
from dataclasses import replace

import pytest

from classifier.story import Story
from serve.shadow import Shadow


async def _loaded(folder, classifier, *, busy=lambda: False):
    shadow = Shadow(folder, busy=busy)
    shadow.model_changed(classifier)
    await shadow.load()
    return shadow


async def _until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def _offer(shadow, assessment, *numbers, model="tiny/7"):
    for number in numbers:
        story = Story(id=str(number), text="Thank you.")
        answered = replace(assessment, id=story.id, model=model)
        shadow.offer(story, answered, author_confirmed=False)


def test_challenger_waits_while_the_service_is_busy_and_drops_what_comes_meanwhile(
    tiny_bundle, classifier, assessment
):
    busy = True

    async def run():
        nonlocal busy
        shadow = await _loaded(tiny_bundle, classifier, busy=lambda: busy)
        _offer(shadow, assessment, *range(17))
        await asyncio.sleep(0.05)
        before = shadow.report()
        busy = False
        await _until(lambda: shadow.report().read == 16)
        return before, shadow.report()

    before, after = asyncio.run(run())
    assert (before.read, before.dropped) == (0, 1)
    assert (after.read, after.dropped, after.disagreed) == (16, 1, 16)


def test_newest_hundred_disagreements_are_listed_newest_first(tiny_bundle, classifier, assessment):
    async def run():
        shadow = await _loaded(tiny_bundle, classifier)
        for number in range(101):
            _offer(shadow, assessment, number)
            await _until(lambda number=number: shadow.report().read == number + 1)
        return shadow.report()

    report = asyncio.run(run())
    assert report.disagreed == 101
    assert [item.story_id for item in report.disagreements] == [str(n) for n in range(100, 0, -1)]


def test_story_that_the_challenger_cannot_read_is_counted_and_harms_nobody(
    tiny_bundle, classifier, assessment, caplog, monkeypatch
):
    def fail(*_, **__):
        raise RuntimeError("Thank you.")

    async def run():
        shadow = await _loaded(tiny_bundle, classifier)
        monkeypatch.setattr(type(classifier), "assess", fail)
        _offer(shadow, assessment, 1, 2)
        await _until(lambda: shadow.report().failed == 2)
        return shadow.report()

    report = asyncio.run(run())
    assert (report.read, report.disagreed) == (0, 0)
    assert "RuntimeError" in caplog.text
    assert "Thank you." not in caplog.text


def test_story_that_the_model_before_a_reload_has_read_is_not_compared(tiny_bundle, classifier, assessment):
    async def run():
        shadow = await _loaded(tiny_bundle, classifier)
        _offer(shadow, assessment, 1, model="tiny/6")
        _offer(shadow, assessment, 2)
        await _until(lambda: shadow.report().read == 1)
        return shadow.report()

    report = asyncio.run(run())
    assert [item.story_id for item in report.disagreements] == ["2"]


def test_shadow_without_a_folder_takes_nothing(classifier, assessment):
    async def run():
        shadow = await _loaded(None, classifier)
        _offer(shadow, assessment, 1)
        with pytest.raises(Exception, match="none is set"):
            shadow.report()

    asyncio.run(run())
