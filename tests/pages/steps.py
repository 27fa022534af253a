"""What the tests of several pages read from an answer."""

import re
from typing import Any

from django.test import Client


def shown(client: Client, path: str, status: int = 200, **headers: str) -> Any:
    """The answer of a page."""
    response = client.get(path, headers=headers)
    assert response.status_code == status, response.content
    return response


def words(response: Any) -> str:
    """The page's text, spaces made single."""
    text = re.sub(r"<(script|noscript|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    text = re.sub(r"</?bdi[^>]*>", "", text)
    return " ".join(re.sub(r"<[^>]+>", " ", text).replace("&#x27;", "'").replace("&amp;", "&").split())


def labels(response: Any) -> list[str]:
    """The first column of the organization page's table."""
    return [row.label for row in response.context["rows"]]


def cells(response: Any) -> dict[str, list[str]]:
    """The numbers of the organization page's table by the first column."""
    return {row.label: [cell.text for cell in row.cells] for row in response.context["rows"]}


def totals(response: Any) -> list[str]:
    """The numbers of Everyone."""
    return [cell.text for cell in response.context["total_cells"]]
