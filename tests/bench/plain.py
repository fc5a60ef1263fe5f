"""The alternative that `load.py` measures: FastAPI, a transformers pipeline, and nothing else.

As one would write it in an afternoon: the stock pipeline in fp32, long stories in overlapping windows, one
story after the other in FastAPI's own threads. The trained checkpoint is not a part of the bundle, so the
base encoder with a fresh head of four outputs stands in for it: the same cost to read, no meaning.

    python tests/bench/plain.py PORT
"""

import sys

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from training.settings import BASE_MODEL, base_folder


class PlainStory(BaseModel):
    """A story."""

    id: str
    title: str = ""
    text: str


class PlainRequest(BaseModel):
    """Stories to read."""

    stories: list[PlainStory]


def create_app() -> FastAPI:
    """The service, with its model loaded."""
    torch.manual_seed(0)
    torch.set_num_threads(1)  # requests already run side by side; more would fight over the cores
    folder = base_folder(BASE_MODEL)
    read = pipeline(
        "token-classification",
        model=AutoModelForTokenClassification.from_pretrained(folder, num_labels=4).eval(),
        tokenizer=AutoTokenizer.from_pretrained(folder, model_max_length=256),
        aggregation_strategy="max",
        stride=64,
    )
    app = FastAPI()

    @app.get("/readyz")
    def readyz() -> dict[str, str]:
        return {"status": "ready"}

    @app.post("/v1/classify")
    def classify(request: PlainRequest) -> dict[str, list[dict]]:
        found = []
        for story in request.stories:
            spans = read(f"{story.title}\n{story.text}")
            best = max((float(span["score"]) for span in spans), default=0.0)
            found.append({"id": story.id, "score": best, "spans": len(spans)})
        return {"results": found}

    return app


if __name__ == "__main__":
    uvicorn.run(create_app(), port=int(sys.argv[1]), log_level="warning", access_log=False)
