from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.test import override_settings


@pytest.mark.parametrize(("header", "behind"), [("", []), ("X-Forwarded-Proto", ["--proxy-headers"])])
def test_it_serves_where_the_settings_say(header: str, behind: list[str]) -> None:
    place = override_settings(BIND_ADDRESS="127.0.0.2", PORT=8123, PROXY_HEADER=header)
    with place, patch("daphne.cli.CommandLineInterface.run") as run:
        call_command("serve")
    words = run.call_args.args[0]
    assert words[:4] == ["-b", "127.0.0.2", "-p", "8123"]
    assert words[5:] == [*behind, "baystate.asgi:application"]
