"""What daphne serves."""

import os

import django
from channels.routing import ProtocolTypeRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "baystate.settings")
django.setup(set_prefix=False)

from baystate import webserver  # noqa: E402 - the settings are to be refused first
from scraping import consumers, sweep  # noqa: E402 - need the apps

pages = webserver.OneThread()
application = ProtocolTypeRouter({"http": pages, "websocket": consumers.application})
webserver.leave_forms_to_django()
webserver.end_in_order(pages)
sweep.start()
