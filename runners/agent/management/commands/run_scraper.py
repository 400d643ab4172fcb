"""Run a scraper process: `manage.py run_scraper`."""

import hashlib
import logging
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from runners.agent.answers import KeyRefused, ServerSaid
from runners.agent.client import Client, origin
from runners.agent.loop import NoSuchJob, Runner
from runners.agent.peers import PrivateHosts
from runners.agent.politeness import Politeness
from runners.agent.redact import RedactingFormatter, Redactor
from runners.agent.scrape import Tools
from runners.agent.signals import on_stop
from runners.agent.spool import Spool, find
from runners.agent.spoolfile import SpoolInUse

console = logging.getLogger("runners.agent.run_scraper")
SPOOLS = Path(__file__).resolve().parents[4] / "var" / "spool"


class Command(BaseCommand):
    help = (
        "Ask a BayState server for scrape jobs and do them. The key comes from BAYSTATE_API_KEY, or from the file that "
        "BAYSTATE_API_KEY_FILE names; it is no argument, because arguments show in process lists."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", help="the server's address (default: BAYSTATE_URL)")
        parser.add_argument("--once", action="store_true", help="do one job, then exit")
        parser.add_argument("--job-id", help="do just this job, then exit")
        parser.add_argument("--poll-seconds", type=float, default=5.0, help="between two questions for a job")
        parser.add_argument("--spool", type=Path, help="where results and lines wait for the server (default: in var)")
        parser.add_argument("--grace", type=float, default=30.0, help="seconds for units in hand once told to stop")
        parser.add_argument("--allow-plain-http", action="store_true", help="speak http beyond this machine")

    def handle(self, *args: Any, **options: Any) -> None:
        key, url, private = _key(), _url(options["url"], options["allow_plain_http"]), _private()
        redactor = Redactor([key])
        _speak(redactor)
        spool = _spool(options["spool"], url, key)
        client = Client(url, key)
        tools = Tools(client, redactor, private, Politeness(), spool)
        runner = Runner(tools, poll_seconds=max(0.0, options["poll_seconds"]), grace=max(0.0, options["grace"]))
        on_stop(runner.stop)
        try:
            runner.run(once=options["once"], job_id=options["job_id"])
        except KeyRefused as error:
            why = str(error).rstrip(".")
            raise CommandError(f"{url} refuses this key: {why}. The runner stops.") from None
        except NoSuchJob as error:
            raise CommandError(f"job {error} is not waiting to be done, or this key may not do it") from None
        except ServerSaid as error:
            raise CommandError(f"{url} does not understand this runner: {error}") from None
        finally:
            client.close()
            spool.close()


def _key() -> str:
    key, file = os.environ.get("BAYSTATE_API_KEY", "").strip(), os.environ.get("BAYSTATE_API_KEY_FILE", "").strip()
    if not key and file:
        try:
            key = Path(file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"BAYSTATE_API_KEY_FILE: {file} cannot be read ({type(error).__name__})") from None
    if not key:
        raise CommandError("set BAYSTATE_API_KEY, or BAYSTATE_API_KEY_FILE to a file that holds the key")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise CommandError("BAYSTATE_API_KEY does not look like a key; copy it again")
    return key


def _url(given: str | None, plain_http: bool) -> str:
    try:
        return origin(given or os.environ.get("BAYSTATE_URL", ""), plain_http=plain_http)
    except ValueError as error:
        raise CommandError(f"--url or BAYSTATE_URL: {error}") from None


def _spool(path: Path | None, url: str, key: str) -> Spool:
    """The file named, or the first free one of this server and key: what a killed process left is found again."""
    try:
        if path:
            return Spool(path.expanduser())
        name = hashlib.sha256(f"{url} {key}".encode()).hexdigest()[:12]
        return find(SPOOLS, name)
    except SpoolInUse:
        raise CommandError(f"--spool: another process uses {path}; give each runner its own") from None
    except OSError as error:
        if path:
            raise CommandError(f"--spool: {path} cannot be written ({error})") from None
        console.warning(
            "no place for a spool (%s): what is not sent when this process ends is lost. See --spool", error
        )
        return Spool(None)


def _private() -> PrivateHosts:
    try:
        return PrivateHosts(os.environ.get("BAYSTATE_ALLOW_PRIVATE_HOSTS", ""))
    except ValueError as error:
        raise CommandError(f"BAYSTATE_ALLOW_PRIVATE_HOSTS: {error}") from None


def _speak(redactor: Redactor) -> None:
    """Lines go to standard error, secrets hidden."""
    console = logging.StreamHandler()
    console.setFormatter(RedactingFormatter(redactor, "%(asctime)s %(levelname)-7s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[console])
    logging.getLogger("runners").setLevel(logging.INFO)
