"""The console in a real browser, before a real service with a real database."""

import importlib.util
import subprocess
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

_SPEC = importlib.util.spec_from_file_location("browser", Path(__file__).with_name("browser.py"))
browsing = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(browsing)

WAITING = "I have made a formal complaint to the trust and am still waiting for their response."
LONG_WORD = "W" * 200
PATIENCE_MS = 120_000
PHONE = {"width": 320, "height": 700}
LOOKS = (
    {"color_scheme": "dark", "forced_colors": "none"},
    {"color_scheme": "light", "forced_colors": "active"},
    {"color_scheme": "dark", "forced_colors": "active"},
)

numbers = iter(range(1, 1000))


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with browsing.serving(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture(scope="module")
def locked(tmp_path_factory, tiny_bundle, tiny_variant):
    """A service with no case that asks for a key, with a moderator's key; a strict challenger reads along."""
    folder = tmp_path_factory.mktemp("locked")
    made = subprocess.run(
        [browsing.COMMAND, "keys", "create", "Kit", "--role", "moderate"],
        env=browsing.environment(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    challenger = tiny_variant(folder / "challenger", version=8, clear={"ongoing": 0.999999})
    options = ("--model", str(tiny_bundle), "--shadow", str(challenger))
    with browsing.serving(folder, *options) as service:
        service.key = next(word for word in made.stdout.split() if word.startswith("cc_"))
        yield service


@pytest.fixture(scope="module")
def chromium():
    with browsing.chromium() as browser:
        yield browser


class Watch:
    """Listens to all that a page complains of or asks for."""

    def __init__(self, page):
        self.said, self.asked, self._refused = [], [], set()
        page.on("console", lambda message: self.said.append((message.type, message.text, message.location)))
        page.on("pageerror", lambda error: self.said.append(("error", str(error), {"url": ""})))
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("response", self._note)

    def _note(self, answer):
        if answer.status >= 400 and answer.request.is_navigation_request():
            self._refused.add(answer.url)

    def complaints(self):
        """Errors and warnings, but for the browser's own line about a page that is itself a fault."""
        return [
            text
            for kind, text, place in self.said
            if kind in ("error", "warning") and place["url"] not in self._refused
        ]


@pytest.fixture
def open_page(chromium):
    """Opens pages, each in a browser profile of its own, and holds against them what they complained of."""
    watched, contexts = [], []

    def open_page(service, address="/", **options):
        context = chromium.new_context(base_url=service.address, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        watched.append((service, Watch(page)))
        page.goto(address)
        return page

    expect.set_options(timeout=PATIENCE_MS)
    yield open_page
    for context in contexts:
        context.close()
    for service, watch in watched:
        assert watch.complaints() == []
        assert {url for url in watch.asked if not url.startswith(f"{service.address}/")} == set()


@pytest.fixture
def held(service):
    """Sends a story that is held, as the pipeline would; its title and the address of its case."""

    def send(text=WAITING):
        title = f"Waiting {next(numbers)}"
        (result,) = service.send({"id": title, "title": title, "text": text})
        return title, f"/cases/{result['case']['id']}"

    return send


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def state(page):
    return page.locator("h1 .tag")


# --- the work


def test_story_goes_from_the_pipeline_to_the_queue_and_is_asked_about_confirmed_and_resumed(
    service, held, open_page
):
    title, _ = held()
    page = open_page(service)
    page.get_by_role("link", name=title, exact=True).click()
    expect(page.locator(".story").last.locator("mark")).to_have_text(f"{WAITING} [ongoing]")
    expect(state(page)).to_have_text("Paused")
    page.get_by_label("Note for the history").fill("by mail")
    press(page, "I have asked the author")
    expect(page.get_by_role("status").first).to_have_text("Recorded: Author asked.")
    expect(page.get_by_role("table", name="What happened")).to_contain_text("note: by mail")
    press(page, "The author wants to go ahead")
    expect(state(page)).to_have_text("Author confirmed")
    press(page, "Resume moderation")
    expect(state(page)).to_have_text("Resumed")
    expect(page.locator("main")).to_contain_text(
        "words are gone: they are kept only as long as its case needs them."
    )
    expect(page.locator("main")).not_to_contain_text(WAITING)
    expect(page.locator("button[type=submit]")).to_have_count(0)


def test_wrong_label_is_recorded_with_the_words_that_show_the_right_one(service, held, open_page):
    _, address = held()
    page = open_page(service, address)
    page.get_by_label("Completed", exact=True).check()
    page.get_by_label("Words that show it").locator("visible=true").fill("made a formal complaint")
    page.get_by_label("Borderline").check()
    page.get_by_label("Why", exact=True).fill("it is over")
    press(page, "Record the labels")
    history = page.get_by_role("table", name="What happened")
    expect(history).to_contain_text("Labels judged by a moderator")
    expect(history).to_contain_text("labels: completed")
    expect(history).to_contain_text("note: it is over")
    expect(state(page)).to_have_text("Paused")


def test_fault_in_a_form_leads_to_its_field(service, held, open_page):
    _, address = held()
    page = open_page(service, address)
    press(page, "The labels are wrong: resume moderation")
    assert page.title().startswith("Error: Paused")
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.get_by_label("Note for the history")).to_be_focused()


def test_second_of_two_moderators_is_told_that_the_case_has_moved_on(service, held, open_page):
    _, address = held()
    first, second = open_page(service, address), open_page(service, address)
    press(first, "I have asked the author")
    press(second, "The author has withdrawn the story")
    expect(second.get_by_role("alert")).to_contain_text("it has changed since you looked")
    expect(state(second)).to_have_text("Author asked")


def test_message_is_copied_and_the_page_says_so(service, held, open_page):
    _, address = held()
    page = open_page(service, address, permissions=["clipboard-read", "clipboard-write"])
    press(page, "Copy the message")
    expect(page.get_by_text("The message is copied.")).to_have_attribute("role", "status")
    message = page.get_by_label("Message to the author").input_value()
    assert message.startswith("Hello")
    assert page.evaluate("navigator.clipboard.readText()") == message


def test_message_is_marked_where_the_browser_gives_no_clipboard(service, held, open_page):
    _, address = held()
    page = open_page(service, address)
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    press(page, "Copy the message")
    expect(page.get_by_text("The message is marked.")).to_be_visible()
    message = page.get_by_label("Message to the author")
    expect(message).to_be_focused()
    assert message.evaluate("field => field.selectionEnd - field.selectionStart") == len(
        message.input_value()
    )


def test_erased_case_is_gone(service, held, open_page):
    title, address = held()
    page = open_page(service, address)
    page.get_by_role("link", name="Erase this case").click()
    press(page, "Erase the case")
    expect(page.get_by_role("status")).to_have_text("The case is erased.")
    expect(page.get_by_role("link", name=title, exact=True)).to_have_count(0)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such case")


def test_story_is_tried_and_not_kept(service, open_page):
    page = open_page(service, "/try")
    page.get_by_label("Story", exact=True).fill(f"Never kept. {WAITING}")
    press(page, "Assess the story")
    expect(page.locator(".action")).to_contain_text("Pause")
    page.goto("/")
    expect(page.locator("main")).not_to_contain_text("Never kept")
    assert b"Never kept" not in (service.folder / "cases.db").read_bytes()


# --- other ways to work


def tab_to(page, name):
    """Goes on with the tab key alone until what has the focus carries this name."""
    for _ in range(100):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "() => { const at = document.activeElement;"
            " return (at.labels?.[0] ?? at).textContent.trim().replace(/\\s+/g, ' '); }"
        )
        if found == name:
            return
    raise AssertionError(f"the tab key never came to {name!r}")


def test_whole_work_is_done_by_keyboard_alone(service, held, open_page):
    title, _ = held()
    page = open_page(service)
    tab_to(page, "Skip to main content")
    page.keyboard.press("Enter")
    tab_to(page, title)
    page.keyboard.press("Enter")
    expect(state(page)).to_have_text("Paused")
    tab_to(page, "Note for the history")
    page.keyboard.type("by mail")
    tab_to(page, "I have asked the author")
    page.keyboard.press("Enter")
    expect(state(page)).to_have_text("Author asked")
    tab_to(page, "Completed")
    page.keyboard.press("Space")
    tab_to(page, "Record the labels")
    page.keyboard.press("Space")
    expect(page.get_by_role("table", name="What happened")).to_contain_text("labels: completed")
    tab_to(page, "The author wants to go ahead")
    page.keyboard.press("Enter")
    expect(state(page)).to_have_text("Author confirmed")
    tab_to(page, "Resume moderation")
    page.keyboard.press("Enter")
    expect(state(page)).to_have_text("Resumed")


def test_focus_is_always_seen(service, held, open_page):
    _, address = held()
    page = open_page(service, address)
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", page.evaluate("document.activeElement.outerHTML")


def test_work_needs_no_script(service, held, open_page):
    title, _ = held()
    page = open_page(service, java_script_enabled=False)
    page.get_by_role("link", name=title, exact=True).click()
    expect(page.get_by_role("button", name="Copy the message")).to_have_count(0)
    press(page, "I have asked the author")
    expect(state(page)).to_have_text("Author asked")


# --- every page


@pytest.fixture
def visit(service, locked, held, open_page):
    """Opens a page of the console by its name."""

    def queue():
        held()
        return open_page(service, "/")

    def narrowed():
        held()
        return open_page(service, "/?state=withdrawn&label=ombudsman")

    def case():
        return open_page(service, held(f"{WAITING} {LONG_WORD}")[1])

    def faulty_case():
        page = case()
        page.get_by_label("Ongoing", exact=True).check()
        page.get_by_label("None of them").check()
        press(page, "Record the labels")
        expect(page.get_by_role("alert")).to_be_visible()
        return page

    def closed_case():
        page = case()
        press(page, "The author has withdrawn the story")
        expect(state(page)).to_have_text("Withdrawn")
        return page

    def erasure():
        return open_page(service, f"{held()[1]}/erase")

    def trial():
        page = open_page(service, "/try")
        page.get_by_label("Story", exact=True).fill(f"{WAITING} {LONG_WORD}")
        press(page, "Assess the story")
        expect(page.locator(".action")).to_be_visible()
        return page

    def faulty_trial():
        page = open_page(service, "/try")
        press(page, "Assess the story")
        expect(page.get_by_role("alert")).to_be_visible()
        return page

    def sign_in():
        return open_page(locked, "/")

    def empty_queue():
        page = sign_in()
        page.get_by_label("Your key").fill(locked.key)
        press(page, "Sign in")
        expect(page.locator(".empty")).to_be_visible()
        return page

    def challenger():
        page = empty_queue()
        differ(page)
        return page

    def missing():
        return open_page(service, "/nothing-here")

    def docs():
        return open_page(service, "/docs")

    pages = (queue, narrowed, case, faulty_case, closed_case, erasure, trial, faulty_trial, sign_in)
    return {page.__name__: page for page in (*pages, empty_queue, challenger, missing, docs)}


NAMES = (
    *("queue", "narrowed", "case", "faulty_case", "closed_case", "erasure"),
    *("trial", "faulty_trial", "sign_in", "empty_queue", "challenger", "missing", "docs"),
)


def differ(page):
    """Tries a story on which the challenger differs, and opens the challenger's page once it is listed."""
    page.get_by_role("link", name="Try a story").first.click()
    page.get_by_label("Story", exact=True).fill("I lodged a complaint.")
    press(page, "Assess the story")
    page.get_by_role("link", name="Challenger").click()
    for _ in range(100):
        if page.get_by_role("table").count():
            return
        page.wait_for_timeout(200)
        page.reload()
    raise AssertionError("the challenger was never seen to differ")


@pytest.mark.parametrize("name", NAMES)
def test_page_has_no_fault_that_axe_can_find_in_any_look_and_fits_a_narrow_screen(visit, name):
    page = visit[name]()
    assert faults_in(page) == []
    for look in LOOKS:
        page.emulate_media(**look)
        assert faults_in(page, runOnly=["color-contrast"]) == [], look
    page.set_viewport_size(PHONE)
    width, room = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert width <= room == PHONE["width"]
    assert faults_in(page) == []


def faults_in(page, **options):
    found = Axe().run(page, options=options).response
    assert found["passes"], "axe looked at nothing"
    return [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found["violations"]]


def test_axe_finds_what_is_wrong(service, open_page):
    page = open_page(service, "/try")
    page.evaluate("() => document.querySelector('label[for=text]').remove()")
    assert "label" in [name for name, _ in faults_in(page)]


# --- signing in


def test_moderator_signs_in_works_and_signs_out(locked, open_page):
    page = open_page(locked, "/try")
    assert page.url == f"{locked.address}/sign-in?next=/try"
    page.get_by_label("Your key").fill("cc_wrong")
    press(page, "Sign in")
    expect(page.get_by_role("alert")).to_contain_text("key: is not known")
    page.get_by_label("Your key").fill(locked.key)
    press(page, "Sign in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Try a story")
    expect(page.get_by_role("banner")).to_contain_text("Kit")
    page.get_by_label("Story", exact=True).fill("I lodged a complaint.")
    press(page, "Assess the story")
    expect(page.locator("mark")).to_have_text("I lodged a complaint. [ongoing]")
    press(page, "Sign out")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto("/")
    assert page.url == f"{locked.address}/sign-in"
