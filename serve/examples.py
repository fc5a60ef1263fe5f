"""The examples that stand in the contract; a test holds each against its shape."""

from typing import Any

STORY: dict[str, Any] = {
    "id": "s-1",
    "title": "Still waiting",
    "text": "I made a formal complaint to the trust in Leeds in May. Nobody has answered.",
    "author_confirmed": False,
}

ASSESSMENT: dict[str, Any] = {
    "id": "s-1",
    "labels": ["ongoing"],
    "scores": {"planned": 0.012, "ongoing": 0.981, "completed": 0.03, "ombudsman": 0.004},
    "action": "pause",
    "reasons": [
        {"label": "ongoing", "rule": "ongoing-complaint", "clear": True, "score": 0.981, "threshold": 0.7}
    ],
    "evidence": [
        {
            "label": "ongoing",
            "text": "I made a formal complaint to the trust in Leeds in May.",
            "field": "text",
            "start": 0,
            "end": 55,
            "score": 0.981,
        }
    ],
    "signals": [
        {"kind": "complaint_word", "text": "formal complaint", "field": "text", "start": 9, "end": 25}
    ],
    "nation": "england",
    "guidance": [
        {
            "rule": "ongoing-complaint",
            "audience": "moderator",
            "basis": "stated",
            "section": "How such stories are moderated",
            "text": "A formal complaint is under way. Pause the story and send the author the message.",
            "links": [
                {"title": "How the trust answers complaints", "url": "https://trust.example/complaints"}
            ],
        }
    ],
    "model": "complaint-context/1",
    "policy": "care-opinion-uk/2",
}

PROBLEM: dict[str, Any] = {
    "type": "urn:problem-type:complaint-context:bad-story",
    "title": "This story cannot be read",
    "status": 422,
    "detail": "text: the story is empty. Send the author's words in text (or title).",
}

_LABELS = ("planned", "ongoing", "completed", "ombudsman")

MODEL: dict[str, Any] = {
    "name": "complaint-context",
    "version": 1,
    "format": 1,
    "labels": list(_LABELS),
    "thresholds": {label: {"review": 0.3, "clear": 0.7} for label in _LABELS},
    "calibration": {label: {"slope": 1.0, "intercept": 0.0, "cue": 0.0} for label in _LABELS},
    "window": {"tokens": 256, "overlap": 64},
    "base": "sentence-transformers/all-MiniLM-L6-v2",
    "data": {"fingerprint": "5f0c3d6a"},
    "figures": {},
}

RELOAD: dict[str, Any] = {"old": "complaint-context/1", "new": "complaint-context/2"}

SHADOW: dict[str, Any] = {
    "in_service": "complaint-context/1",
    "challenger": "complaint-context/2",
    "read": 1200,
    "failed": 0,
    "dropped": 3,
    "disagreed": 1,
    "disagreements": [
        {
            "story_id": "s-1",
            "in_service": {"labels": ["ongoing"], "action": "pause"},
            "challenger": {"labels": [], "action": "review"},
        }
    ],
}

POLICY: dict[str, Any] = {
    "version": "another-site/1",
    "title": "Another site: stories and formal complaints",
    "source": "The site's own page about complaints.",
    "purpose": "Tells a moderator what to do when a story speaks of a formal complaint.",
    "messages": {
        "pause": {"opening": "Hello.", "lead": "Please think about this:", "closing": "Thank you."},
        "advise": {"opening": "Hello.", "lead": "Good to know:", "closing": "Thank you."},
        "where_to_ask": "You can ask here:",
    },
    "confirmed": {
        "id": "author-confirmed",
        "basis": "stated",
        "section": "Moderation",
        "moderator": "The author wants to go ahead.",
    },
    "rules": [
        {
            "id": "ongoing-complaint",
            "label": "ongoing",
            "when_clear": "pause",
            "when_possible": "review",
            "basis": "stated",
            "section": "Moderation",
            "moderator_clear": "Pause the story.",
            "moderator_possible": "Look at the marked words.",
            "told": "It sounds as if a complaint is under way.",
            "consider": ["choose-later"],
            "names_ombudsmen": False,
            "links": [],
            "message": "Hello.\n\nIt sounds as if a complaint is under way.",
        }
    ],
    "points": [{"id": "choose-later", "section": "Moderation", "text": "You can wait.", "basis": "stated"}],
    "ombudsmen": [
        {
            "nation": "scotland",
            "country": "Scotland",
            "name": "Scottish Public Services Ombudsman",
            "url": "https://www.spso.org.uk/",
        }
    ],
    "differences": [{"aspect": "Readers", "feedback": "Anyone", "complaint": "The organisation"}],
    "notes": [
        {
            "rule": "ongoing-complaint",
            "nation": "scotland",
            "basis": "reading",
            "section": "Moderation",
            "moderator": "The author may go to the Scottish ombudsman afterwards.",
            "author": "If you are not happy with the answer, you can ask the ombudsman.",
            "links": [],
        }
    ],
}

CASE_SUMMARY: dict[str, Any] = {
    "id": "3f2a9c61d4b84e0f8a7c5b1e2d903f46",
    "story_id": "s-1",
    "state": "paused",
    "action": "pause",
    "labels": ["ongoing"],
    "model": "complaint-context/1",
    "policy": "care-opinion-uk/2",
    "opened_at": "2026-03-02T09:15:00Z",
    "changed_at": "2026-03-02T09:15:00Z",
    "closed_at": None,
    "author_confirmed": False,
    "last_event": 1,
}

CASE: dict[str, Any] = {
    **CASE_SUMMARY,
    "story_hash": "0b8f6c9d2e4a71530b8f6c9d2e4a71530b8f6c9d2e4a71530b8f6c9d2e4a7153",
    "title": STORY["title"],
    "text": STORY["text"],
    "assessment": ASSESSMENT,
}

CASES: dict[str, Any] = {
    "cases": [CASE_SUMMARY],
    "page": 1,
    "size": 25,
    "total": 1,
    "counts": {"review": 4, "paused": 1, "asked": 2, "confirmed": 0, "resumed": 31, "withdrawn": 3},
}

EVENT: dict[str, Any] = {
    "number": 2,
    "at": "2026-03-02T09:40:00Z",
    "actor": "moderators",
    "kind": "ask",
    "details": {"from": "paused", "to": "asked", "note": None},
}

STEP: dict[str, Any] = {"step": "ask", "note": None, "expected_event": 1}

QUOTE: dict[str, Any] = {"label": "ongoing", "field": "text", "start": 0, "end": 55}

VERDICT: dict[str, Any] = {"labels": ["ongoing"], "borderline": False, "note": None, "quotes": [QUOTE]}

PREDICT: dict[str, Any] = {
    "tasks": [{"id": 17, "data": {key: STORY[key] for key in ("id", "title", "text")}}],
}

PREDICTED_BY = "complaint-context/1 care-opinion-uk/2"

PREDICTIONS: dict[str, Any] = {
    "results": [
        {
            "model_version": PREDICTED_BY,
            "score": 0.981,
            "result": [
                {
                    "id": "r1",
                    "from_name": "labels",
                    "to_name": "text",
                    "type": "choices",
                    "value": {"choices": ["ongoing"]},
                },
                {
                    "id": "r2",
                    "from_name": "evidence",
                    "to_name": "text",
                    "type": "labels",
                    "value": {
                        "start": 0,
                        "end": 55,
                        "text": "I made a formal complaint to the trust in Leeds in May.",
                        "labels": ["ongoing"],
                    },
                },
                {
                    "id": "r3",
                    "from_name": "nation",
                    "to_name": "text",
                    "type": "choices",
                    "value": {"choices": ["england"]},
                },
            ],
        }
    ],
    "model_version": PREDICTED_BY,
}
