"""Other processes of the application at work on the test's database."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import django
from django.db import connection
from django.test.utils import setup_test_environment


def processes(count: int) -> ProcessPoolExecutor:
    """Each begins anew, as on another machine, and has its own connections."""
    name = str(connection.settings_dict["NAME"])
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_attach, initargs=(name,))


def _attach(database: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "baystate.settings_test"
    django.setup()
    setup_test_environment()
    connection.settings_dict["NAME"] = database
