"""The OpenAPI document and a page to browse it; neither says anything about a tenant."""

from collections.abc import Callable
from typing import Any, ClassVar

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularSwaggerSplitView

Addition = Callable[[dict[str, Any]], dict[str, Any]]


class OpenAPIDocument(View):
    """The API, for programs; made once a process."""

    # What doors that no framework describes say of themselves.
    additions: tuple[Addition, ...] = ()
    _made: ClassVar[dict[str, Any] | None] = None

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer with the document."""
        if OpenAPIDocument._made is None:
            OpenAPIDocument._made = self._make()
        return JsonResponse(OpenAPIDocument._made)

    def _make(self) -> dict[str, Any]:
        generator: Any = SchemaGenerator
        document: dict[str, Any] = generator().get_schema(request=None, public=True)
        for describe in self.additions:
            document = describe(document)
        return document


# The page sets sizes in style attributes; its scripts stay files of this installation.
@method_decorator(csp_update({"style-src": ["'self'", "'unsafe-inline'"]}), name="dispatch")
class Docs(SpectacularSwaggerSplitView):
    """The API, for people."""

    authentication_classes = ()
    url_name = "api:openapi"
