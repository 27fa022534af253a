"""Read a request body as JSON, within limits that hold whatever the headers claim.

Reads the stream instead of `request.body`, as the host's DATA_UPLOAD_MAX_MEMORY_SIZE is meant for forms.
"""

import gzip
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.http import HttpRequest

from ..limits import MAX_BYTES
from ..strict_json import InvalidJSONError, parse

_CHUNK = 64 * 1024
_UTF8 = {"utf-8", "utf8"}


class InvalidBodyError(Exception):
    """A body that the endpoint does not accept; the text is the answer."""


class BodyTooLargeError(Exception):
    """A body over the limit, compressed or uncompressed."""


class UnsupportedMediaTypeError(Exception):
    """A body of another media type, charset or encoding; the text is the answer."""


def read_json_body(request: HttpRequest) -> Any:
    """Read the JSON value of the body.

    Raises, checked in this order: UnsupportedMediaTypeError, BodyTooLargeError, InvalidBodyError.
    """
    charset = (request.content_params or {}).get("charset", "utf-8")
    if request.content_type != "application/json" or charset.lower() not in _UTF8:
        raise UnsupportedMediaTypeError("Content-Type must be application/json")
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise UnsupportedMediaTypeError("Content-Encoding must be gzip or none")
    body = _read_bytes(request)
    if "gzip" in encoding:
        body = _decompress(body)
    try:
        return parse(body)
    except InvalidJSONError as error:
        raise InvalidBodyError(f"Invalid JSON: {error}") from error


def _read_bytes(request: HttpRequest) -> bytes:
    """Read the bytes as sent, at most one more than the limit."""
    declared = request.headers.get("Content-Length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > MAX_BYTES):
        raise BodyTooLargeError
    read = _reader(request)
    body = b""
    try:
        while len(body) <= MAX_BYTES and (chunk := read(_CHUNK)):
            body += chunk
    except Exception as error:  # the client is gone or sends bad chunks; each server raises its own error
        raise InvalidBodyError("Incomplete body") from error
    if len(body) > MAX_BYTES:
        raise BodyTooLargeError
    return body


def _reader(request: HttpRequest) -> Callable[[int], bytes]:
    """The function that reads the body.

    Django reads nothing without a Content-Length, but a server that decodes chunks sets `wsgi.input_terminated`.
    """
    if not request.headers.get("Content-Length") and request.META.get("wsgi.input_terminated"):
        read: Callable[[int], bytes] = request.META["wsgi.input"].read
        return read
    return request.read


def _decompress(compressed: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=BytesIO(compressed)) as stream:
            body = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidBodyError("Invalid gzip") from error
    if len(body) > MAX_BYTES:
        raise BodyTooLargeError
    return body
