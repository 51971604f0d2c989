"""The API's description (OpenAPI 3), and a page to read and try it that asks no other server."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class Description(SpectacularAPIView):
    """OpenAPI as YAML, or JSON by ?format=json or the Accept header."""


class Docs(SpectacularSwaggerSplitView):
    """Swagger UI from our own server. Its template has no inline script or style, so the content policy holds."""

    url_name = "api:schema"
    template_name = "api/docs.html"
