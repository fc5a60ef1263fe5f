"""The page at ``/``, read the way a browser would."""

from html.parser import HTMLParser

import pytest

WITHOUT_END = {"meta", "input"}


class Page(HTMLParser):
    """Elements with their attributes, and all text by the class or id of what holds it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.elements.append((tag, found))
        if tag not in WITHOUT_END:
            self._open.append(found.get("class") or found.get("id") or tag)

    def handle_endtag(self, tag):
        self._open.pop()

    def handle_data(self, data):
        for name in set(self._open):
            self.texts[name] = self.texts.get(name, "") + data

    def tags(self):
        return {tag for tag, _ in self.elements}

    def attributes(self, tag):
        return [found for name, found in self.elements if name == tag]


def _try(client, **form):
    answer = client.post("/", data=form)
    return answer, Page(answer.text)


def test_form_has_a_label_for_each_field(client):
    page = Page(client.get("/").text)
    fields = {found["id"] for tag in ("input", "textarea") for found in page.attributes(tag)}
    assert (
        fields
        == {"title", "text", "author_confirmed"}
        == {found["for"] for found in page.attributes("label")}
    )


def test_page_says_what_to_do_with_labels_scores_signals_and_nation(client):
    _, page = _try(client, text="I have <i>PALS")
    assert page.texts["action"] == "Pause: hold the story and ask its author to think about the points below"
    assert page.texts["tbody"].split() == [
        *("planned", "possible", "0.500"),
        *("ongoing", "clear", "0.900"),
        *("completed", "no", "0.000"),
        *("ombudsman", "no", "0.125"),
    ]
    assert "patient advice: “<i>PALS”" in page.texts["main"]
    assert "Northern Ireland." in page.texts["main"]
    assert "Model complaint-context/1, policy care-opinion-uk/2." in page.texts["main"]


def test_evidence_is_marked_with_its_labels_in_words(client):
    _, page = _try(client, text="I have <i>PALS")
    assert page.texts["mark"] == "I have [planned, ongoing]"
    assert page.texts["story"] == "I have [planned, ongoing] <i>PALS"


def test_guidance_and_message_are_shown_with_links_and_basis(client):
    answer, page = _try(client, text="I have <i>PALS")
    assert page.texts["guidance"] == "Pause <it>."
    assert "Our reading of the policy: Moderation & more" in page.texts["main"]
    assert "Hello &lt;you&gt;.</textarea>" in answer.text
    assert {"href": "https://example.org/?a=1&b=2", "rel": "noreferrer"} in page.attributes("a")


ATTACK = "\"'></textarea></title><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.mark.parametrize("form", [{"text": ATTACK}, {"title": ATTACK, "text": "a"}, {"title": ATTACK}])
def test_words_that_look_like_html_stay_words(client, form):
    answer, page = _try(client, **form)
    assert answer.status_code == 200
    assert {"script", "img"}.isdisjoint(page.tags())
    assert not [name for _, found in page.elements for name in found if name.startswith("on")]
    field = "title" if "title" in form else "text"
    shown = (
        page.attributes("input")[0]["value"] if field == "title" else page.texts["text"].removeprefix("\n")
    )
    assert shown == ATTACK


def test_form_keeps_what_was_entered(client):
    answer, page = _try(client, title="A title", text="\nFirst line\nsecond", author_confirmed="yes")
    assert page.attributes("input")[0]["value"] == "A title"
    assert page.texts["text"] == "\n\nFirst line\nsecond"  # a browser drops the first line break
    assert page.attributes("input")[1]["checked"] is None
    assert answer.status_code == 200


def test_empty_story_is_told_so_on_the_page(client):
    answer, page = _try(client, title=" ", text="")
    assert answer.status_code == 422
    assert page.texts["title"].startswith("Error: ")
    assert "text: the story is empty. Send the author's words in text (or title)." in page.texts["fault"]


def test_form_in_another_encoding_is_told_so_on_the_page(client):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post("/", content=b"text=%FF", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")


def test_story_over_the_limit_is_told_so_on_the_page(serving):
    with serving(max_body_bytes=100) as client:
        answer, page = _try(client, text="a" * 100)
    assert answer.status_code == 413
    assert "body: is longer than 100 bytes." in page.texts["fault"]


def test_page_may_load_nothing_run_nothing_and_be_kept_nowhere(client):
    answer, page = _try(client, text="a")
    nonce = page.attributes("style")[0]["nonce"]
    assert answer.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert {"script", "link", "img", "iframe"}.isdisjoint(page.tags())


def test_each_answer_has_its_own_nonce(client):
    pages = [client.get("/").headers["content-security-policy"] for _ in range(2)]
    assert pages[0] != pages[1]
