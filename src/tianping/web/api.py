"""Being built."""

from fastapi import FastAPI

from tianping.web.console import Console


def build(console: Console) -> FastAPI:
    app = FastAPI(openapi_url="/openapi.json", docs_url=None, redoc_url=None)
    app.state.console = console
    return app
