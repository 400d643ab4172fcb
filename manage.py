#!/usr/bin/env python3
"""The command line. Whatever the environment says, `run_scraper` has no database and `demo` one of its own."""

import os
import sys


def main() -> None:
    if sys.argv[1:2] == ["run_scraper"]:
        os.environ["DJANGO_SETTINGS_MODULE"] = "baystate.settings_runner"
    elif sys.argv[1:2] == ["demo"]:
        from baystate.demo import environment

        environment.prepare(sys.argv[2:], os.environ)
    else:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "baystate.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:  # a sentence for whoever set it up; where it was raised helps nobody
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()
