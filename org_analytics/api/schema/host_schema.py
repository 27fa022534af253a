"""The endpoints in a host's own schema, if drf-spectacular makes it. The package does not require drf-spectacular."""

import re
import sys
from copy import deepcopy
from typing import Any

from rest_framework.settings import api_settings

from ...access import is_enabled
from .document import ENDPOINTS, all_schemas, operation_of
from .parts import Endpoint, Schema

# Before the names of our schemas, so that they differ from the host's.
_PREFIX = "OrgAnalytics"


class HostSchema:
    """The attribute `schema` of the API views: what generators of a host's schema ask a view about itself.

    None, so that they leave the views out, unless drf-spectacular makes the schema.
    """

    def __get__(self, view: Any, owner: type) -> Any:
        inspector = _inspector_class()
        if inspector is None:
            return None
        schema = inspector()
        schema.view = view
        return schema


def _inspector_class() -> Any:
    """The host's schema class with our operations, or None where it does not come from drf-spectacular."""
    host_class: Any = api_settings.DEFAULT_SCHEMA_CLASS
    # Where the host's class comes from it, it is imported by now.
    spectacular: Any = sys.modules.get("drf_spectacular.openapi")
    if spectacular is None or not issubclass(host_class, spectacular.AutoSchema):
        return None
    return type("OrgAnalyticsSchema", (_OperationMixin, host_class), {})


class _OperationMixin:
    """Answers with our own description. Only the authentication is the host's."""

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any) -> Schema | None:
        from drf_spectacular.settings import spectacular_settings

        endpoint, mount = _endpoint_at(path, method)
        if endpoint is None or not is_enabled():
            return None
        self.registry, self.path, self.method = registry, path, method
        convert = _Conversion(str(spectacular_settings.OAS_VERSION))
        _register(registry, convert)
        operation = convert(operation_of(endpoint))
        if mount:
            operation["operationId"] = f"{mount}_{operation['operationId']}"
        self._leave_out_unknown_authenticators()
        security = self.get_auth()  # type: ignore[attr-defined]
        return {**operation, "security": security} if security else operation

    def _leave_out_unknown_authenticators(self) -> None:
        """Do not warn of an authenticator that drf-spectacular does not know: the host can describe it, we cannot."""
        from drf_spectacular.extensions import OpenApiAuthenticationExtension

        view = self.view  # type: ignore[attr-defined]
        known = [one for one in view.get_authenticators() if OpenApiAuthenticationExtension.get_match(one)]
        view.get_authenticators = lambda: known


def _endpoint_at(path: str, method: str) -> tuple[Endpoint | None, str]:
    """The endpoint, and the words of the path before it, where the host has mounted the API."""
    for endpoint in ENDPOINTS:
        if path.endswith(endpoint.path) and method.lower() == endpoint.method:
            words = re.findall(r"\w+", path.removesuffix(endpoint.path))
            return endpoint, "_".join(words)
    return None, ""


def _register(registry: Any, convert: "_Conversion") -> None:
    from drf_spectacular.plumbing import ResolvedComponent

    for name, schema in all_schemas().items():
        values = f"{_PREFIX}{name}", ResolvedComponent.SCHEMA, convert(schema), HostSchema
        registry.register_on_missing(ResolvedComponent(*values))  # type: ignore[no-untyped-call]


class _Conversion:
    """Converts a part of our document into the same part of the host's: other names, and perhaps OpenAPI 3.0."""

    def __init__(self, version: str) -> None:
        self.is_3_0 = version.startswith("3.0")

    def __call__(self, part: Any) -> Any:
        if isinstance(part, dict):
            converted = {key: self(value) for key, value in part.items()}
            return self._without_null_types(converted) if self.is_3_0 else converted
        if isinstance(part, list):
            return [self(item) for item in part]
        if isinstance(part, str):
            return part.replace("#/components/schemas/", f"#/components/schemas/{_PREFIX}")
        return deepcopy(part)

    @staticmethod
    def _without_null_types(schema: dict[str, Any]) -> dict[str, Any]:
        """OpenAPI 3.0 has no type null, but a keyword."""
        types, choices = schema.get("type"), schema.get("anyOf", [])
        if isinstance(types, list):
            [name] = [name for name in types if name != "null"]
            return {**schema, "type": name, "nullable": True}
        if {"type": "null"} in choices:
            return {**schema, "anyOf": [choice for choice in choices if choice != {"type": "null"}], "nullable": True}
        return schema
