"""What daphne serves."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "baystate.settings")
application = ProtocolTypeRouter({"http": get_asgi_application()})

from scraping import sweep  # noqa: E402 - needs the apps

sweep.start()
