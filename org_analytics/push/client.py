"""HTTP client of the protocol: `POST {server}/api/v1/org/sessions`, compressed, with one outcome for each row."""

import gzip
import http.client
import json
import ssl
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from .. import __version__
from .challenge import help_url, token_schemes
from .config import is_loopback
from .errors import AuthError, PushError, ServerError, TokenError, UsageError
from .payload import request_body
from .retries import Retries, TransientError, retry_after

SESSIONS_PATH = "/api/v1/org/sessions"
PRICES_PATH = "/api/v1/org/prices"
TIMEOUT = 60  # seconds without a byte
MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
MAX_MESSAGE = 300  # characters of a server's message that are shown
_STATUSES = frozenset({"created", "updated", "unchanged", "invalid"})


@dataclass(frozen=True, slots=True)
class ServerOutcome:
    """The server's result for one row; `errors` are texts by field, for a row that it refused."""

    status: str
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_refusal(self) -> bool:
        return self.status == "invalid"


class TooLargeError(PushError):
    """The server, or a proxy in front of it, only accepts smaller requests than this one."""


class NotFoundError(ServerError):
    """The server has no such address, or organization analytics is disabled."""


class UnknownTokenError(TokenError):
    """A 401 answer: `schemes` are the authentication schemes that the server offers for tokens."""

    def __init__(self, message: str, schemes: Sequence[str] = (), help_url: str | None = None) -> None:
        super().__init__(message)
        self.schemes = schemes
        self.help_url = help_url


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it could carry the token to another host, or to http."""

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage
    ) -> None:
        return None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class Client:
    """A server and a token for it. The token is in no message and no representation.

    If the server does not accept the token with the configured scheme, the other schemes that it offers are tried;
    `auth_scheme` is the one that worked last.
    """

    def __init__(self, server: str, token: str | None, auth_scheme: str, retries: Retries) -> None:
        self.server = server
        self.auth_scheme = auth_scheme
        self._token = token
        self._retries = retries
        handlers: list[urllib.request.BaseHandler] = [
            _NoRedirects(),
            urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        ]
        if is_loopback(urlsplit(server).hostname or ""):
            handlers.append(urllib.request.ProxyHandler({}))  # the token must not leave the machine unencrypted
        self._opener = urllib.request.build_opener(*handlers)

    def send(self, body: bytes, count: int) -> list[ServerOutcome]:
        """Send a request of `count` rows, with retries; the outcomes are in the order of the rows."""
        return parse_outcomes(self._call(SESSIONS_PATH, gzip.compress(body, mtime=0)), count)

    def check_token(self) -> None:
        """Send a request without rows: the server checks the token and the right to write, and stores nothing."""
        self.send(request_body([]), 0)

    def get_prices(self) -> dict[str, Any]:
        """Return the price overrides that the server's administrator has set, by model; older servers have none."""
        try:
            answer = self._call(PRICES_PATH)
        except NotFoundError:
            return {}
        return parse_prices(answer)

    def _call(self, path: str, data: bytes | None = None) -> bytes:
        """Return the answer to a request, trying each token scheme that the server offers until one is accepted."""
        schemes = [self.auth_scheme]
        first_refusal: UnknownTokenError | None = None
        for scheme in schemes:  # the list grows in the loop
            try:
                answer = self._retries.call(partial(self._open, path, data, scheme))
            except UnknownTokenError as refusal:
                first_refusal = first_refusal or refusal
                tried = {name.lower() for name in schemes}
                schemes += [name for name in refusal.schemes if self._token and name.lower() not in tried]
            else:
                self.auth_scheme = scheme
                return answer
        raise first_refusal or AssertionError("at least one scheme is tried")

    def _open(self, path: str, data: bytes | None, scheme: str) -> bytes:
        # config.server_url accepts no scheme but http and https.
        request = urllib.request.Request(self.server + path, data=data, method="GET" if data is None else "POST")  # noqa: S310
        if data is not None:
            request.add_header("Content-Type", "application/json")
            request.add_header("Content-Encoding", "gzip")
        request.add_header("Accept", "application/json")
        request.add_header("User-Agent", f"org-analytics/{__version__}")
        if self._token is not None:
            request.add_unredirected_header("Authorization", f"{scheme} {self._token}")
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                return self._read(response)
        except HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except URLError as error:
            raise self._fault(error.reason) from None
        except (OSError, http.client.HTTPException) as error:
            raise self._fault(error) from None

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        answer = response.read(MAX_ANSWER_BYTES + 1)
        if len(answer) > MAX_ANSWER_BYTES:
            raise ServerError(f"The answer of {self.server} is larger than {MAX_ANSWER_BYTES // 1024**2} MiB.")
        if response.length:  # read() with a limit does not report that the connection ended early
            raise http.client.IncompleteRead(answer, response.length)
        return answer

    def _fault(self, reason: object) -> Exception:
        if isinstance(reason, ssl.SSLCertVerificationError):
            return ServerError(f"The certificate of {self.server} is not trusted: {reason.verify_message}.")
        if type(reason) is ssl.SSLError:  # its subclasses are interrupted connections, which may be temporary
            return ServerError(
                f"No TLS connection to {self.server} ({_tls_reason(reason)})."
                " Check the port, and that it serves https, not plain http."
            )
        return TransientError(f"Cannot reach {self.server} ({type(reason).__name__})")

    def _refusal(self, error: HTTPError) -> Exception:
        status, message = error.code, _message(error)
        if 300 <= status < 400:
            return UsageError(f"{self.server} redirects{_target(error)}. Use the final address instead.")
        if status == 401:
            return self._unknown_token(error, message)
        if status == 403:
            return AuthError(f"{self.server} does not allow you to write ({message}).")
        if status == 404:
            return NotFoundError(
                f"{self.server} does not accept sessions. Check the address and that organization analytics is enabled."
            )
        if status == 413:
            return TooLargeError(f"{self.server} does not accept a request of this size ({message}).")
        if status == 429 or status >= 500:
            after = retry_after(error.headers.get("Retry-After"))
            return TransientError(f"{self.server} answers {status} ({message})", after)
        return ServerError(f"{self.server} refuses the request: {status} ({message}).")

    def _unknown_token(self, error: HTTPError, message: str) -> UnknownTokenError:
        schemes = token_schemes(error.headers.get_all("WWW-Authenticate") or [])
        url = help_url(error.headers.get_all("Link") or [], self.server)
        text = f"{self.server} does not accept this token ({message})."
        if schemes:
            text += f" It offers these authentication schemes (see --auth-scheme): {', '.join(schemes)}."
        if url:
            text += f" Create a token at {url}."
        return UnknownTokenError(text, schemes, url)


def _tls_reason(error: ssl.SSLError) -> str:
    """`WRONG_VERSION_NUMBER` → `wrong version number`."""
    return (error.reason or "protocol error").replace("_", " ").lower()


def _message(error: HTTPError) -> str:
    """Return the server's own message if the answer follows the protocol, else the standard phrase."""
    try:
        message = json.loads(error.read(MAX_ERROR_BYTES))["error"]
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError, RecursionError):
        message = None
    return printable(message if isinstance(message, str) else http.client.responses.get(error.code, "no reason given"))


def _target(error: HTTPError) -> str:
    """Return the host that a redirect names; the rest of the address may contain secrets."""
    try:
        host = urlsplit(error.headers.get("Location", "")).hostname
    except ValueError:
        host = None
    return f" to {printable(host)}" if host else ""


def printable(text: str) -> str:
    """Return a server's text as one short line without control characters, which a terminal could execute."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= MAX_MESSAGE else line[: MAX_MESSAGE - 1] + "…"


def parse_outcomes(answer: bytes, count: int) -> list[ServerOutcome]:
    """Check the answer to a request of `count` rows: only what is acknowledged counts as sent."""
    try:
        results = json.loads(answer)["results"]
        if [result["index"] for result in results] != list(range(count)):
            raise ValueError("not one result for each row")
        return [_outcome(result) for result in results]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ServerError(
            "The server's answer does not contain one result for each row. Check that the address is right."
        ) from None


def _outcome(result: dict[str, Any]) -> ServerOutcome:
    if result["status"] not in _STATUSES:
        raise ValueError("unknown status")
    errors = result.get("errors", {})
    return ServerOutcome(result["status"], {printable(str(name)): _texts(texts) for name, texts in errors.items()})


def _texts(texts: Sequence[object]) -> list[str]:
    return [printable(str(text)) for text in ([texts] if isinstance(texts, str) else texts)]


def parse_prices(answer: bytes) -> dict[str, Any]:
    """Return the prices of an answer, by model; their values are checked by `ingest.pricing`."""
    try:
        prices = json.loads(answer)["prices"]
        if isinstance(prices, dict) and all(isinstance(price, dict) for price in prices.values()):
            return prices
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    raise ServerError("The server's answer does not contain prices. Check that the address is right.") from None
