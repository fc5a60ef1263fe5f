"""The shapes of the contract, and that each carries an example that fits it."""

import pytest
from pydantic import TypeAdapter

from classifier.labels import Label
from serve.cases import shapes
from serve.cases.case import CaseQuery
from serve.cases.shapes import CaseDocument, CasesPage, CaseSummary, EventDocument

SHAPES = [
    shapes.StepRequest,
    shapes.QuoteRequest,
    shapes.VerdictFound,
    shapes.VerdictRequest,
    shapes.CaseSummary,
    shapes.CaseDocument,
    shapes.CasesPage,
    shapes.EventDocument,
    shapes.EventsDocument,
    shapes.ModeratedStory,
    shapes.ModerateResponse,
]


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_carries_an_example_that_fits_it(shape):
    (example,) = shape.model_json_schema()["examples"]
    adapter = TypeAdapter(shape)
    assert adapter.dump_python(adapter.validate_python(example), mode="json") == example


def test_documents_have_the_documented_keys_in_their_order(store, story, assessed):
    case = store.open(story, assessed(story, Label.ONGOING), "pipeline")
    document = shapes.case_document(case)
    assert list(document) == list(CaseDocument.model_fields)
    assert (document["opened_at"], document["closed_at"]) == ("2026-03-01T09:00:00Z", None)
    assert list(shapes.case_summary(case)) == list(CaseSummary.model_fields)
    (event,) = store.events(case.id)
    assert list(shapes.event_document(event)) == list(EventDocument.model_fields)
    CaseDocument.model_validate(document)
    CasesPage.model_validate(shapes.cases_page(store.find(CaseQuery()), store.counts()))
