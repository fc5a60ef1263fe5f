"""What a moderator works with in a browser: the queue of held stories, a page for each, a page to try one on,
one for the challenger that reads along.

Pages are whole documents made on the server, forms are plain (POST, then 303), nothing comes from elsewhere,
and all of it works without scripts; the one script we have only copies a message.
"""

from fastapi import APIRouter

from serve.console import assets, cases, challenger, erasure, queue, sign_in, trial

router = APIRouter(include_in_schema=False)
for pages in (assets, queue, cases, erasure, trial, challenger, sign_in):
    router.include_router(pages.router)
