"""The page at ``/try``."""

import pytest

ATTACK = "\"'></textarea></title><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def attempt(browser):
    """Sends the form of the page."""
    return lambda **form: browser.send("/try", page=browser.open("/try"), **form)


def test_form_has_a_label_for_each_field(browser):
    page = browser.open("/try")
    fields = {found["id"] for tag in ("input", "textarea") for found in page.all(tag) if "id" in found}
    assert fields == {"title", "text", "author_confirmed"} == {found["for"] for found in page.all("label")}


def test_fields_take_the_direction_of_what_is_written(browser):
    page = browser.open("/try")
    assert [page.field(name)["dir"] for name in ("title", "text")] == ["auto", "auto"]


def test_page_says_what_to_do_with_labels_scores_thresholds_signals_and_nation(attempt):
    page = attempt(text="I have <i>PALS")
    assert page.words("action") == (
        "Pause: hold the story and ask its author to think about the points below"
    )
    thresholds = "possible 0.300 clear 0.700"
    assert page.words("tbody") == (
        f"planned possible 0.500 {thresholds} ongoing clear 0.900 {thresholds} "
        f"completed no 0.000 {thresholds} ombudsman no 0.125 {thresholds}"
    )
    assert "patient advice: “<i>PALS”" in page.words("main")
    assert "Northern Ireland." in page.words("main")
    assert "Model complaint-context/1, policy care-opinion-uk/2." in page.words("main")


def test_evidence_is_marked_with_its_labels_in_words(attempt):
    page = attempt(text="I have <i>PALS")
    assert page.texts["mark"] == "I have [planned] [ongoing]"
    assert page.texts["story"] == "I have [planned] [ongoing] <i>PALS"


def test_guidance_and_message_are_shown_with_links_and_basis(attempt, browser):
    page = attempt(text="I have <i>PALS")
    assert page.words("lines") == "Pause <it>."
    assert "Our reading of the policy: Moderation & more" in page.words("main")
    assert "Hello &lt;you&gt;.</textarea>" in browser.answer.text
    assert {"href": "https://example.org/?a=1&b=2", "rel": "noreferrer"} in page.all("a")


@pytest.mark.parametrize("form", [{"text": ATTACK}, {"title": ATTACK, "text": "a"}, {"title": ATTACK}])
def test_words_that_look_like_html_stay_words(attempt, browser, form):
    page = attempt(**form)
    assert browser.answer.status_code == 200
    assert "img" not in page.tags()
    assert [set(found) for found in page.all("script")] == [{"src", "defer"}]
    assert not [name for _, found in page.elements for name in found if name.startswith("on")]
    shown = page.field("title")["value"] if "title" in form else page.texts["text"].removeprefix("\n")
    assert shown == ATTACK


def test_form_keeps_what_was_entered(attempt):
    page = attempt(title="A title", text="\nFirst line\nsecond", author__confirmed="yes")
    assert page.field("title")["value"] == "A title"
    assert page.texts["text"] == "\n\nFirst line\nsecond"  # a browser drops the first line break


def test_box_stays_ticked(browser):
    page = browser.open("/try")
    form = {"csrf": page.field("csrf")["value"], "text": "a", "author_confirmed": "yes"}
    assert "checked" in browser.client.post("/try", data=form).text


def test_empty_story_is_told_so_beside_the_field_and_on_top(attempt, browser):
    page = attempt(title=" ", text="")
    said = "text: the story is empty. Send the author's words in text (or title)."
    assert browser.answer.status_code == 422
    assert page.words("title").startswith("Error: Try a story")
    assert page.words("fault") == f"There is a problem {said}"
    assert page.words("text-fault") == f"Error: {said}"
    assert {"href": "#text"} in page.all("a")
    assert "text-fault" in page.field("text")["aria-describedby"]


def test_story_over_the_limit_is_told_so_on_the_page(attempt, browser):
    page = attempt(text="a" * 500)
    assert browser.answer.status_code == 413
    assert "body: is longer than 500 bytes." in page.words("fault")


def test_form_in_another_encoding_is_told_so_on_the_page(browser):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = browser.client.post("/try", content=b"text=%FF", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")


def test_form_without_its_token_is_not_read(browser):
    answer = browser.client.post("/try", data={"text": "a"})
    assert (answer.status_code, "csrf: the form is not from this page" in answer.text) == (403, True)
