"""`nlp.add_pipe("complaint_context")`, with the tiny bundle."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy import displacy
from spacy.tokens import Doc

from classifier.errors import BundleError, StoryError
from classifier.story import Story

STORY = "Kind 😀 staff.\n\n  I lodged a complaint. Thank you."
QUOTE = "I lodged a complaint."
WHITE = ["", " ", " \n\t\u00a0\u2003 "]


@pytest.fixture(scope="module")
def nlp(tiny_bundle):
    nlp = spacy.blank("en")
    nlp.add_pipe("complaint_context", config={"model": str(tiny_bundle)})
    return nlp


def spans(doc):
    return [(span.label_, span.text) for span in doc.spans.get("complaint_context", [])]


def test_document_gets_the_whole_assessment_and_its_parts(nlp, classifier):
    doc = nlp(STORY)
    assert doc._.complaint == classifier.assess(Story(id="story", text=STORY)).to_dict()
    assert (doc._.complaint_labels, doc._.complaint_action) == (["ongoing"], "pause")
    assert spans(doc) == [("ongoing", QUOTE)]


def test_text_stays_as_it_was_and_the_assessment_keeps_the_exact_place(nlp):
    doc = nlp(STORY)
    (quote,) = doc._.complaint["evidence"]
    assert doc.text == STORY
    assert (quote["start"], STORY[quote["start"] : quote["end"]]) == (17, QUOTE)


def test_span_takes_in_the_whole_token_where_evidence_ends_within_one(nlp):
    words = ["Hello.", " ", "I lodged a complaint.X"]
    doc = Doc(nlp.vocab, words=words, spaces=[False] * 3)
    quote = nlp.get_pipe("complaint_context")(doc)._.complaint["evidence"][0]
    assert [span.text for span in doc.spans["complaint_context"]] == ["I lodged a complaint.X"]
    assert doc.text[quote["start"] : quote["end"]] == quote["text"]


def test_a_title_is_read_with_the_text_and_has_no_span(nlp, classifier):
    doc = nlp.make_doc("Thank you all.")
    doc._.story_id, doc._.story_title = "s-1", "I lodged a complaint."
    story = Story(id="s-1", title="I lodged a complaint.", text="Thank you all.")
    assert nlp(doc)._.complaint == classifier.assess(story).to_dict()
    assert [quote["field"] for quote in doc._.complaint["evidence"]] == ["title"]
    assert spans(doc) == []


def test_a_title_alone_is_a_story(nlp):
    doc = nlp.make_doc(" ")
    doc._.story_title = "I lodged a complaint."
    assert nlp(doc)._.complaint_labels == ["ongoing"]


@pytest.mark.parametrize("text", WHITE)
def test_blank_document_has_no_assessment(nlp, text):
    doc = nlp(text)
    assert (doc._.complaint, doc._.complaint_labels, doc._.complaint_action) == (None, [], None)
    assert dict(doc.spans) == {}


def test_stream_of_documents_gets_what_each_gets_alone_in_its_place(nlp):
    texts = [STORY, *WHITE, "Thank you.", "The ombudsman has it."] * 3
    docs = list(nlp.pipe(texts, batch_size=4))
    assert [doc.text for doc in docs] == texts
    assert [doc._.complaint for doc in docs] == [nlp(text)._.complaint for text in texts]
    assert [spans(doc) for doc in docs] == [spans(nlp(text)) for text in texts]


def test_id_that_is_no_text_is_refused(nlp):
    doc = nlp.make_doc(STORY)
    doc._.story_id = 7
    with pytest.raises(StoryError) as caught:
        nlp(doc)
    assert str(caught.value) == "id: is int, not text. Send a string."


def test_saved_pipeline_holds_names_and_reads_as_before(nlp, tmp_path, tiny_bundle):
    nlp.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    assert again.config["components"]["complaint_context"] == {
        "factory": "complaint_context",
        "model": str(tiny_bundle),
        "policy": None,
        "gate": True,
        "workers": 2,
    }
    assert not list((tmp_path / "pipeline").rglob("*.onnx"))
    assert again(STORY)._.complaint == nlp(STORY)._.complaint


def test_pipeline_as_bytes_reads_as_before(nlp, tiny_bundle):
    again = spacy.blank("en")
    again.add_pipe("complaint_context", config={"model": str(tiny_bundle)})
    assert again.from_bytes(nlp.to_bytes())(STORY)._.complaint == nlp(STORY)._.complaint


def test_saved_document_keeps_assessment_and_spans(nlp):
    doc = nlp(STORY)
    again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    assert (again._.complaint, spans(again)) == (doc._.complaint, spans(doc))


def test_pipe_in_another_process_loads_the_model_there(nlp):
    again = pickle.loads(pickle.dumps(nlp.get_pipe("complaint_context")))
    doc = again(nlp.make_doc(STORY))
    assert doc._.complaint == nlp(STORY)._.complaint


def test_another_sites_policy_and_a_model_without_its_gate(tiny_bundle):
    policy = Path(__file__).with_name("policy") / "small_policy.toml"
    nlp = spacy.blank("en")
    config = {"model": str(tiny_bundle), "policy": str(policy), "gate": False}
    nlp.add_pipe("complaint_context", config=config)
    assert nlp(STORY)._.complaint["policy"] == "small/1"


def test_folder_that_holds_no_bundle_is_said_in_one_line(tmp_path):
    with pytest.raises(BundleError, match=r"bundle\.json: No such file or directory\. Name the folder"):
        spacy.blank("en").add_pipe("complaint_context", config={"model": str(tmp_path)})


def test_displacy_marks_the_evidence(nlp):
    page = displacy.render(
        nlp(STORY), style="span", options={"spans_key": "complaint_context"}, jupyter=False
    )
    assert page.count("ongoing") == 1
    assert "lodged" in page


def test_attribute_of_that_name_that_a_programme_has_already_is_left_alone(tiny_bundle):
    code = (
        "import spacy; from spacy.tokens import Doc; Doc.set_extension('story_id', default='theirs'); "
        f"nlp = spacy.blank('en'); config = {{'model': {str(tiny_bundle)!r}}}; "
        "nlp.add_pipe('complaint_context', config=config); "
        "print(nlp('Hello.')._.complaint['id'])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "theirs\n"
