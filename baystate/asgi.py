"""What daphne serves."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "baystate.settings")
pages = get_asgi_application()

from baystate import webserver  # noqa: E402 - the settings are to be refused first
from scraping import consumers, sweep  # noqa: E402 - need the apps

application = ProtocolTypeRouter({"http": pages, "websocket": consumers.application})
webserver.leave_forms_to_django()
sweep.start()
