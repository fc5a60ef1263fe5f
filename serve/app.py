"""The web application, put together from its parts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from serve import console, contract, logs, problems
from serve.assessor import Assessor, ClassifierSource
from serve.cases import faults as case_faults
from serve.cases.upkeep import open_cases
from serve.console.faults import FaultPages
from serve.metrics import Metrics
from serve.metrics_port import metrics_port
from serve.routes import cases, classify, docs, documents, health, label_studio, metrics, models, moderate
from serve.security import wiring
from serve.settings import Settings
from serve.shield import Shield
from serve.trace import Tracing
from serve.watch import Watch

_DESCRIPTION = """
Tells moderators when a story about health or social care speaks of a formal complaint, in which words, and
what the policy says to do. A moderator decides.

Whenever a story gets no assessment (a time-out, an `error` in its place, any status but 200), give it to a
person; never publish it unread.
"""


def create_app(classifier_source: ClassifierSource, settings: Settings) -> FastAPI:
    """The service. It answers from the start and is ready once ``classifier_source`` has delivered.

    Args:
        classifier_source: loads the classifier; called in a thread when the app starts and for each reload.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        assessor = Assessor(classifier_source, settings=settings)
        app.state.assessor = assessor
        app.state.metrics.watch(assessor)
        loading = asyncio.create_task(assessor.load())
        async with open_cases(settings) as app.state.cases:
            with metrics_port(app.state.metrics.registry, settings):
                if settings.workers > 1:  # until it is ready, connections are for those that are
                    await assessor.settled()
                yield
        await loading
        assessor.close()

    app = FastAPI(
        title="Complaint context",
        version="1",
        description=_DESCRIPTION.strip(),
        lifespan=lifespan,
        docs_url=None,  # the framework's page would load its script from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.metrics = Metrics(drift_stories=settings.drift_stories)
    app.add_middleware(Shield)
    app.add_middleware(FaultPages)
    wiring.install(app, settings)
    app.add_middleware(Watch, listeners=(app.state.metrics.answered, logs.log_answered))
    app.add_middleware(Tracing)  # outermost, so that an answer of the shield is marked too
    problems.install(app)
    case_faults.install(app)
    for routes in (
        *(classify, moderate, cases, documents, health, models, metrics, label_studio, docs, console),
    ):
        app.include_router(routes.router)
    contract.publish(app)
    return app
