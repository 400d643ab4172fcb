"""What daphne serves."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "baystate.settings")
application = ProtocolTypeRouter({"http": get_asgi_application()})

from baystate import webserver  # noqa: E402 - the settings are to be refused first
from scraping import sweep  # noqa: E402 - needs the apps

webserver.leave_forms_to_django()
sweep.start()
