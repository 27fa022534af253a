"""Under ASGI: downloads are streamed, and a prefix that a proxy cuts off is in every address."""

import asyncio
import warnings

import pytest
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import connections
from django.test import Client

from org_analytics.pages import downloads

pytestmark = pytest.mark.django_db(transaction=True)


async def ask(user, path, query=b""):
    """The status, headers and body pieces of one request over ASGI."""
    client = Client()
    if user:
        await sync_to_async(client.force_login)(user)
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "query_string": query,
        "headers": [(b"host", b"testserver"), (b"cookie", cookies.encode())],
    }
    sent = []
    is_over = asyncio.Event()
    received = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive():
        for message in received:
            return message
        await is_over.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await ASGIHandler()(scope, receive, send)
    is_over.set()
    await sync_to_async(connections.close_all)()  # those of the thread that the views ran in
    start, *body = sent
    return start["status"], dict(start["headers"]), [part["body"] for part in body if part.get("body")]


@pytest.mark.parametrize("extension", ["csv", "json"])
def test_a_download_is_streamed_in_pieces_without_a_warning(user, make_user, monkeypatch, extension):
    monkeypatch.setattr(downloads, "ROWS_A_PIECE", 1)
    for number in range(5):
        make_user(f"p{number}@example.com", f"P {number}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        status, _headers, pieces = asyncio.run(ask(user, f"/organization.{extension}"))
    assert status == 200
    assert len(pieces) >= 7
    assert b"P 4" in b"".join(pieces)


def test_the_login_leads_back_to_the_prefix(settings):
    settings.FORCE_SCRIPT_NAME = "/tools"
    status, headers, _body = asyncio.run(ask(None, "/organization", b"range=30d"))
    assert status == 302
    assert headers[b"Location"].endswith(b"?next=/tools/organization%3Frange%3D30d")


def test_links_of_the_page_have_the_prefix(settings, user):
    settings.FORCE_SCRIPT_NAME = "/tools"
    status, _headers, body = asyncio.run(ask(user, "/organization"))
    html = b"".join(body).decode()
    assert status == 200
    assert 'href="/tools/organization?range=30d"' in html
    assert 'action="/tools/organization"' in html
    assert 'href="/organization' not in html
    assert '<a href="/tools/organization" aria-current="page">' in html
