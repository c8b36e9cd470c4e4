"""HTTP of the documents. Pages hold no script of their own but one file, so that the Content-Security-Policy can stay strict."""

from __future__ import annotations

import html
from importlib import resources
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import HTMLResponse

from gateway.documents.schemas import Label, ProblemAbout
from gateway.documents.service import Library
from kit.problems import NotFound, language_of
from kit.work import AllowPublic, UnitRoute, Work

router = APIRouter(tags=["documents"], route_class=UnitRoute)
Anybody = Annotated[Work, Depends(AllowPublic())]

ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon.png": "image/png"}
START = 'window.addEventListener("load",()=>SwaggerUIBundle({url:"/openapi.json",dom_id:"#docs",deepLinking:true,defaultModelsExpandDepth:0,docExpansion:"none"}));'
PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="/docs/assets/favicon.png"><link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head><body>{body}</body></html>"""
POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"


def _library(work: Work) -> Library:
    return work.house.part(Library)


def _page(title: str, body: str) -> Response:
    text = PAGE.format(title=html.escape(title), body=body)
    return Response(text, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": POLICY})


@router.get("/openapi.json")
async def openapi(work: Anybody) -> dict[str, Any]:
    """The merged OpenAPI 3.1 document."""
    return await _library(work).openapi()


@router.get("/docs", include_in_schema=False)
async def docs(work: Anybody) -> Response:
    """The API as a page."""
    del work
    script = '<script src="/docs/assets/swagger-ui-bundle.js"></script><script src="/docs/assets/start.js"></script>'
    return _page("归康 Guikang API", f'<div id="docs"></div>{script}')


@router.get("/docs/assets/{name}", include_in_schema=False)
async def asset(work: Anybody, name: str) -> Response:
    """The page's script and style, from the installed package: nothing is fetched from outside."""
    del work
    if name == "start.js":
        return Response(START, media_type="text/javascript")
    if name not in ASSETS:
        raise NotFound
    body = resources.files("fastapi_offline").joinpath("static", name).read_bytes()
    return Response(body, media_type=ASSETS[name], headers={"Cache-Control": "public, max-age=86400"})


@router.get(
    "/meta/v1/codes",
    response_model=dict[str, dict[str, Label]],
    responses={304: {"description": "Unchanged since the ETag in If-None-Match."}},
)
async def codes(work: Anybody, response: Response, if_none_match: Annotated[str | None, Header()] = None) -> object:
    """Every code list with Chinese and English labels; a client keeps them and asks with If-None-Match whether they are still the same."""
    tag, found = await _library(work).codes()
    kept = {"ETag": tag, "Cache-Control": "public, max-age=300"}
    asked = {part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")}  # compared weakly (RFC 9110 13.1.2)
    if not asked.isdisjoint((tag.removeprefix("W/"), "*")):
        return Response(status_code=304, headers=kept)
    response.headers.update(kept)
    return found


@router.get("/problems")
async def problems(work: Anybody) -> dict[str, ProblemAbout]:
    """Every problem type."""
    return {slug: ProblemAbout.model_validate(about) for slug, about in (await _library(work).problems()).items()}


@router.get("/problems/{slug}", response_class=HTMLResponse)
async def problem(work: Anybody, slug: str, request: Request) -> Response:
    """The page of one problem type: what `type` in a problem points at."""
    about = (await _library(work).problems()).get(slug)
    if about is None:
        raise NotFound
    language = language_of(request.headers.get("accept-language"))
    first, second = (about["en"], about["zh"]) if language == "en" else (about["zh"], about["en"])
    body = f"<main><h1>{html.escape(first)}</h1><p>{html.escape(second)}</p><p>HTTP {about['status']} · <code>/problems/{html.escape(slug)}</code></p><p>{html.escape(about['about'])}</p></main>"
    return _page(first, body)
