"""Filters: what API, pages and a host's own pages share. `SessionFilterSet` is public."""

from .sessions import SessionFilterSet as SessionFilterSet
