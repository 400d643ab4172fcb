#!/usr/bin/env python3
"""The command line. `run_scraper` alone runs without a database, whatever the environment says."""

import os
import sys


def main() -> None:
    if sys.argv[1:2] == ["run_scraper"]:
        os.environ["DJANGO_SETTINGS_MODULE"] = "baystate.settings_runner"
    else:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "baystate.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
