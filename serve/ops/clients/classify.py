"""Asks the service what to do with one story; whatever goes wrong, the story goes to a person.

    python classify.py http://127.0.0.1:8000 story-1 < story.txt

Prints pause, review, advise, continue, or person; the reason for person is on stderr. A key, where one is
needed, comes from COMPLAINT_CONTEXT_KEY. Standard library only.
"""

import http.client
import json
import os
import sys
import urllib.error
import urllib.request

ACTIONS = {"pause", "review", "advise", "continue"}
TIMEOUT_S = 10  # for each wait on the network


def main() -> None:
    address, story_id = sys.argv[1:3]
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    try:
        print(classify(address, story_id, text))
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, IndexError) as error:
        print(f"to a person: {reason(error)}", file=sys.stderr)
        print("person")


def classify(address: str, story_id: str, text: str) -> str:
    """The action for one story; raises if there is none that can be trusted."""
    body = json.dumps({"stories": [{"id": story_id, "text": text}]}).encode()
    headers = {"content-type": "application/json"}
    if key := os.environ.get("COMPLAINT_CONTEXT_KEY"):
        headers["authorization"] = f"Bearer {key}"
    request = urllib.request.Request(f"{address}/v1/classify", body, headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        if answer.status != 200:
            raise urllib.error.HTTPError(answer.url, answer.status, "", answer.headers, None)
        result = json.loads(answer.read())["results"][0]
    if result["id"] != story_id or result["action"] not in ACTIONS:
        raise ValueError
    return result["action"]


def reason(error: Exception) -> str:
    """In short and without a word of the story."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the service answered {error.code}"
    if isinstance(error, OSError):
        return "no answer"
    return "no action for this story"


if __name__ == "__main__":
    main()
