"""The store of a running service, which once an hour drops the text that nobody is to keep any longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.concurrency import run_in_threadpool

from serve.cases.database import connect
from serve.cases.retention import Retention
from serve.cases.store import CaseStore
from serve.settings import Settings
from serve.shield import log_place

_EVERY_S = 3600


@asynccontextmanager
async def open_cases(settings: Settings) -> AsyncIterator[CaseStore]:
    """The store for as long as the block runs; the database is opened with the first case asked for."""
    store = open_store(settings)
    dropping = asyncio.create_task(_drop_text(store))
    try:
        yield store
    finally:
        dropping.cancel()
        store.close()


def open_store(settings: Settings) -> CaseStore:
    """A store as the settings say.

    Raises:
        DatabaseError: the setting is no URL of a database that we know.
    """
    retention = Retention(
        keep_text_days=settings.keep_text_days, keep_verdict_text=settings.keep_verdict_text
    )
    return CaseStore(connect(settings.database_url), retention=retention)


async def _drop_text(store: CaseStore) -> None:
    while True:
        await asyncio.sleep(_EVERY_S)
        try:
            await run_in_threadpool(store.drop_overdue_text)
        except Exception as error:  # a database that is away now may be back in an hour
            log_place(error)
