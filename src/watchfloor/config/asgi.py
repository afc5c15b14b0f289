"""One port for pages and live updates: Django as WSGI, WebSockets through Channels."""

import os

from a2wsgi import WSGIMiddleware
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchfloor.config.settings")

# Django must be set up before anything that imports tables.
from watchfloor.config.wsgi import application as wsgi_application  # isort: skip
from watchfloor.entrypoints.console.live import WEBSOCKET_ROUTES  # isort: skip

# Sync views under Django's own ASGI handler cost about twice as much as under WSGI.
application = ProtocolTypeRouter(
    {
        "http": WSGIMiddleware(wsgi_application, workers=8),  # type: ignore[arg-type]
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(WEBSOCKET_ROUTES))),
    }
)
