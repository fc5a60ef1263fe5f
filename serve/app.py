"""The web application, put together from its parts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from serve import contract, problems
from serve.assessor import Assessor, ClassifierSource
from serve.routes import classify, console, documents, health
from serve.settings import Settings
from serve.shield import Shield

_DESCRIPTION = """
Tells moderators when a story about health or social care speaks of a formal complaint, in which words, and
what the policy says to do. A moderator decides.

Whenever a story gets no assessment (a time-out, an `error` in its place, any status but 200), give it to a
person; never publish it unread.
"""


def create_app(classifier_source: ClassifierSource, settings: Settings) -> FastAPI:
    """The service. It answers from the start and is ready once ``classifier_source`` has delivered.

    Args:
        classifier_source: loads the classifier; called once, in a thread, when the app starts.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        assessor = Assessor(classifier_source, threads=settings.threads)
        app.state.assessor = assessor
        loading = asyncio.create_task(assessor.load())
        yield
        await loading
        assessor.close()

    app = FastAPI(
        title="Complaint context",
        version="1",
        description=_DESCRIPTION.strip(),
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.add_middleware(Shield)
    problems.install(app)
    for routes in (classify, documents, health, console):
        app.include_router(routes.router)
    contract.publish(app)
    return app
