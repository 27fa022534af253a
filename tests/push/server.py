"""A server of the protocol on loopback that stores rows and can be told to fail."""

import gzip
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "s3cret-t0ken"


@dataclass
class Reply:
    """What to answer instead of what the protocol says. Status 0 resets the connection."""

    status: int
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    after_storing: bool = False


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


class Team:
    """The server's side: rows by account, the replies it was told to give next, and the requests it got."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.accounts = {TOKEN: self.rows}  # whose rows a token writes
        self.requests: list[Request] = []
        self.replies: list[Reply | None] = []
        self.refused: set[str] = set()
        self.refused_field = "started_at"
        self.max_bytes = 2 * 1024 * 1024
        self.schemes: set[str] = set()  # the accepted authentication schemes; empty means all
        self.challenge: dict[str, str] = {}  # headers of a 401
        self.prices: dict[str, Any] | None = None
        self.reads: list[Request] = []
        self.answered = threading.Event()

    @property
    def batch_sizes(self) -> list[int]:
        """The numbers of rows, without the requests that only check the token."""
        sizes = (len(json.loads(request.body)["sessions"]) for request in self.requests)
        return [size for size in sizes if size]

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        reply = self.replies.pop(0) if self.replies else None
        if reply is not None and not reply.after_storing:
            return reply
        ours = self._store(request)
        return reply or ours

    def _store(self, request: Request) -> Reply:
        own = self._account(request)
        if own is None:
            return Reply(401, {"error": "Authentication required"}, self.challenge)
        if len(request.body) > self.max_bytes:
            return Reply(413, {"error": "Request too large"})
        rows = json.loads(request.body)["sessions"]
        return Reply(200, {"results": [{"index": index, **self._upsert(own, row)} for index, row in enumerate(rows)]})

    def _account(self, request: Request) -> dict[tuple[str, str], dict[str, Any]] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return self.accounts.get(token) if not self.schemes or scheme in self.schemes else None

    def read(self, request: Request) -> Reply:
        self.reads.append(request)
        if self._account(request) is None:
            return Reply(401, {"error": "Authentication required"}, self.challenge)
        if self.prices is None:
            return Reply(404, {"error": "Not found"})
        return Reply(200, {"computed_at": "2026-11-25T12:00:00Z", "prices": self.prices})

    def _upsert(self, own: dict[tuple[str, str], dict[str, Any]], row: dict[str, Any]) -> dict[str, Any]:
        key = (row["provider"], row["external_id"])
        if row["external_id"] in self.refused:
            return {"status": "invalid", "errors": {self.refused_field: ["Not after\n2000."]}}
        before, own[key] = own.get(key), row
        return {"status": "created" if before is None else "unchanged" if before == row else "updated"}


class _Handler(BaseHTTPRequestHandler):
    team: Team

    def do_POST(self) -> None:
        packed = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(packed) if self.headers.get("Content-Encoding") == "gzip" else packed
        self._reply(self.team.answer(Request(self.path, dict(self.headers), body)))

    def do_GET(self) -> None:
        self._reply(self.team.read(Request(self.path, dict(self.headers), b"")))

    def _reply(self, reply: Reply) -> None:
        if not reply.status:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        answer = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(answer)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)
        if self.command == "POST":
            self.team.answered.set()

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *args: object) -> None:
        """Told to break connections; nothing to report."""


@contextmanager
def running() -> Iterator[Team]:
    handler = type("Handler", (_Handler,), {})
    with _Server(("127.0.0.1", 0), handler) as server:
        handler.team = Team(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield handler.team
        finally:
            server.shutdown()
            thread.join()
