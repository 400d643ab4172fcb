"""What daphne serves."""

import os

import django
from channels.routing import ProtocolTypeRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "baystate.settings")
django.setup(set_prefix=False)

from baystate import webserver  # noqa: E402 - the settings are to be refused first
from scraping import consumers, sweep  # noqa: E402 - need the apps

application = ProtocolTypeRouter({"http": webserver.OneThread(), "websocket": consumers.application})
webserver.leave_forms_to_django()
sweep.start()
