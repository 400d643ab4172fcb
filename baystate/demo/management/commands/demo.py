"""The whole path on this machine, with nothing but this command."""

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from baystate.demo import answers, ending, environment
from baystate.demo.accident import Accident
from baystate.demo.alone import alone, empty
from baystate.demo.children import Children
from baystate.demo.play import Play
from baystate.demo.screen import Screen
from baystate.demo.signals import EndedError, Signals
from baystate.demo.stage import Stage, StoppedError


class Command(BaseCommand):
    help = (
        "Start everything on loopback (database, web server, chore worker, three sites, four runners), "
        "import a register spreadsheet of 60 products and enhance them; stay until Ctrl-C. It writes to var/demo."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once",
            action="store_true",
            help="start empty (in var/once), go on to approve and export, compare with the answer key, and end",
        )
        parser.add_argument(
            "--kill-runner",
            action="store_true",
            help="kill -9 a runner while it works: another one goes on (after 10 s; a real installation waits for 45)",
        )

    def handle(self, *args: Any, once: bool, kill_runner: bool, **options: Any) -> None:
        screen, signals = Screen(), Signals()
        try:
            with alone(settings.VAR_DIR):
                if once:
                    empty(settings.VAR_DIR)
                with Children(settings.VAR_DIR / "log") as children:
                    password = environment.remembered(settings.VAR_DIR / "demo.json").password
                    accident = Accident(children) if kill_runner else None
                    play = Play(Stage(children, signals), screen, settings.VAR_DIR, password, accident)
                    code = _once(play) if once else _stay(play)
        except StoppedError as stopped:
            screen.problems(str(stopped).splitlines())
            code = 1
        except EndedError:
            screen.say("Everything has ended.")
            code = 130 if once else 0
        sys.exit(code)


def _once(play: Play) -> int:
    """The whole path; 1 if any product ended otherwise than the answer key says."""
    began = time.monotonic()
    for act in (play.prepare, play.import_sheet, play.enhance, play.consolidate, play.approve, play.export):
        act()
        play.stage.check()
    found = ending.endings(play.batch, play.stage.sites)
    wrong = answers.differences(answers.key(), found)
    play.screen.problems(wrong)
    play.screen.say(ending.closing_line(play.figures, ending.tally(found.values()), seconds=time.monotonic() - began))
    return 1 if wrong else 0


def _stay(play: Play) -> int:
    """Until a signal comes; once all is shown, a runner may die and the rest goes on without it."""
    play.prepare()
    (play.folder / "demo.url").write_text(play.stage.url, "utf-8")  # bin/screenshots looks here
    play.screen.door(play.stage.url, play.password)
    play.import_sheet()
    play.enhance()
    play.consolidate()
    play.screen.next_steps(play.suggestions())
    play.stage.stand(lambda obituary: play.screen.problems([obituary]))
    return 0
