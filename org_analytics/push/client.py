"""One request of the protocol: `POST {server}/api/v1/org/sessions`, gzip, one outcome for each row."""

import gzip
import http.client
import json
import ssl
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from org_analytics.push.errors import AuthError, PushError, ServerError, TokenError, UsageError
from org_analytics.push.retries import Retries, Transient, retry_after
from org_analytics.push.rows import body
from org_analytics.push.servers import is_loopback

from .. import __version__

PATH = "/api/v1/org/sessions"
TIMEOUT = 60  # seconds without a byte
MAX_MESSAGE = 300  # characters of a server's message that are shown
_STATUSES = frozenset({"created", "updated", "unchanged", "invalid"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the server did with one row; `errors` are texts by field, for a row that it refused."""

    status: str
    errors: dict[str, list[str]] = field(default_factory=dict)


class TooLarge(PushError):
    """The server, or a proxy before it, takes smaller requests than this one."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could carry the token to another host, or to http: none is followed."""

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> None:
        return None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class Client:
    """A server and the right to write to it. The token is in no message and no representation."""

    def __init__(self, server: str, token: str, auth_scheme: str, retries: Retries) -> None:
        self.server = server
        self._authorization = f"{auth_scheme} {token}"
        self._retries = retries
        handlers: list[urllib.request.BaseHandler] = [
            _NoRedirects(),
            urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        ]
        if is_loopback(urlsplit(server).hostname or ""):
            handlers.append(urllib.request.ProxyHandler({}))  # the token must not leave the machine in clear text
        self._opener = urllib.request.build_opener(*handlers)

    def send(self, body: bytes, count: int) -> list[Outcome]:
        """Send a request of `count` rows, again if the fault may pass; the outcomes are in the order of the rows."""
        # servers.server_url lets no scheme but http and https through.
        request = urllib.request.Request(self.server + PATH, data=gzip.compress(body, mtime=0), method="POST")  # noqa: S310
        request.add_header("Content-Type", "application/json")
        request.add_header("Content-Encoding", "gzip")
        request.add_header("Accept", "application/json")
        request.add_header("User-Agent", f"org-analytics/{__version__}")
        request.add_unredirected_header("Authorization", self._authorization)
        return outcomes(self._retries.call(lambda: self._post(request)), count)

    def check_token(self) -> None:
        """A request without rows: the server checks the token and the right to write, and stores nothing."""
        self.send(body([]), 0)

    def _post(self, request: urllib.request.Request) -> bytes:
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                answer: bytes = response.read()
                return answer
        except HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except URLError as error:
            raise self._fault(error.reason) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._fault(error) from None

    def _fault(self, reason: object) -> Exception:
        if isinstance(reason, ssl.SSLCertVerificationError):
            return ServerError(f"The certificate of {self.server} is not trusted: {reason.verify_message}.")
        if type(reason) is ssl.SSLError:  # its subclasses are connections that were cut, which may pass
            return ServerError(
                f"No TLS connection to {self.server} ({_tls_reason(reason)}):"
                " is it the right port, and does it serve https, not plain http?"
            )
        return Transient(f"Cannot reach {self.server} ({type(reason).__name__})")

    def _refusal(self, error: HTTPError) -> Exception:
        status, message = error.code, _message(error)
        if 300 <= status < 400:
            return UsageError(f"{self.server} redirects{_target(error)}: give the address that answers itself.")
        if status == 401:
            return TokenError(f"{self.server} does not accept this token ({message}).")
        if status == 403:
            return AuthError(f"{self.server} does not let you write ({message}).")
        if status == 404:
            return ServerError(f"{self.server} takes no sessions: wrong address, or organization analytics is off.")
        if status == 413:
            return TooLarge(f"{self.server} finds the request too large ({message}).")
        if status == 429 or status >= 500:
            after = retry_after(error.headers.get("Retry-After"))
            return Transient(f"{self.server} answers {status} ({message})", after)
        return ServerError(f"{self.server} refuses the request: {status} ({message}).")


def _tls_reason(error: ssl.SSLError) -> str:
    """`WRONG_VERSION_NUMBER` → `wrong version number`."""
    return (error.reason or "protocol error").replace("_", " ").lower()


def _message(error: HTTPError) -> str:
    """The server's own words if it answers as the protocol says, else the standard phrase."""
    try:
        message = json.loads(error.read(65536))["error"]
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError, RecursionError):
        message = None
    return printable(message if isinstance(message, str) else http.client.responses.get(error.code, "no reason given"))


def _target(error: HTTPError) -> str:
    """The host that a redirect names; the rest of the address may hold anything."""
    try:
        host = urlsplit(error.headers.get("Location", "")).hostname
    except ValueError:
        host = None
    return f" to {printable(host)}" if host else ""


def printable(text: str) -> str:
    """A server's text as one short line that a terminal cannot take for commands."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= MAX_MESSAGE else line[: MAX_MESSAGE - 1] + "…"


def outcomes(answer: bytes, count: int) -> list[Outcome]:
    """The answer of a request of `count` rows, checked: nothing counts as sent that was not acknowledged."""
    try:
        results = json.loads(answer)["results"]
        if [result["index"] for result in results] != list(range(count)):
            raise ValueError("not one result for each row")
        return [_outcome(result) for result in results]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ServerError("The server's answer is not one result for each row: is it this application?") from None


def _outcome(result: dict[str, Any]) -> Outcome:
    if result["status"] not in _STATUSES:
        raise ValueError("unknown status")
    errors = result.get("errors", {})
    return Outcome(result["status"], {printable(str(name)): _texts(texts) for name, texts in errors.items()})


def _texts(texts: Sequence[object]) -> list[str]:
    return [printable(str(text)) for text in ([texts] if isinstance(texts, str) else texts)]
