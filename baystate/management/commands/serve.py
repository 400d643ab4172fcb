"""Serves the application on the address that the settings name; for development and for real."""

from typing import Any

from daphne.cli import CommandLineInterface
from django.conf import settings
from django.core.management.base import BaseCommand

APPLICATION = "baystate.asgi:application"


class Command(BaseCommand):
    help = "Serves the application with daphne on BAYSTATE_BIND and BAYSTATE_PORT until it is told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        # the client's address is taken from the proxy's header only where a proxy is known to write it
        behind = ["--proxy-headers"] if settings.PROXY_HEADER else []
        place = ["-b", settings.BIND_ADDRESS, "-p", str(settings.PORT)]
        CommandLineInterface().run([*place, "--no-server-name", *behind, APPLICATION])
