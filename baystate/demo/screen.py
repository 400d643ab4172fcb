"""What the demo says in the terminal."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from baystate.demo.seed import LOGIN
from scraping.queries import JobRow

BAR = 36  # columns


class Step:
    """A step under way; once it is done, `said` stays."""

    def __init__(self, title: str) -> None:
        self.said = title


class Screen:
    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """A line that moves while its step is under way, and then stays with the seconds it took."""
        step, began = Step(title), time.monotonic()
        with self.console.status(f"{title} …"):
            yield step
        self.done(step.said, seconds=time.monotonic() - began)

    @contextmanager
    def jobs(self, title: str) -> Iterator[Callable[[Sequence[JobRow]], None]]:
        """A part that shows the jobs as they are whenever what it yields is called; without a terminal, at the end."""
        began, last = time.monotonic(), Group()
        with Live(console=self.console, refresh_per_second=8, transient=True) as live:

            def show(rows: Sequence[JobRow]) -> None:
                nonlocal last
                mark = "»" if any(not row.job.ended for row in rows) else "[green]✓[/]"
                head = f"{mark} {escape(title)} [dim]{time.monotonic() - began:.0f} s[/]"
                last = Group(Text.from_markup(head), jobs_table(rows))
                live.update(last)

            yield show
        self.console.print(last)

    def door(self, url: str, password: str) -> None:
        """Where to go, and who to be there."""
        grid = Table.grid(padding=(0, 2))
        for label, value in (("Open", link(f"{url}/admin/")), ("Log in as", LOGIN), ("Password", escape(password))):
            grid.add_row(f"[dim]{label}[/]", f"[bold]{value}[/]")
        self.console.print(Panel(grid, title="Bay State is open", title_align="left", expand=False, padding=(1, 2)))

    def next_steps(self, suggestions: Mapping[str, str]) -> None:
        """What a newcomer may look at now: what to do, and the address for it."""
        self.say("\n[bold]What to look at now[/]")
        for deed, address in suggestions.items():
            self.say(f"  {escape(deed)}\n    {link(address)}")
        self.say("\nCtrl-C ends everything that was started.")

    def done(self, sentence: str, *, seconds: float | None = None) -> None:
        """What went as it should, with the seconds it took."""
        self.say(f"[green]✓[/] {escape(sentence)}" + ("" if seconds is None else f" [dim]{seconds:.1f} s[/]"))

    def problems(self, sentences: Sequence[str]) -> None:
        for sentence in sentences:
            self.say(f"[red]✗[/] {escape(sentence)}")

    def say(self, markup: str) -> None:
        """A line; it is not broken, so that what reads it need not join it."""
        self.console.print(markup, soft_wrap=True)


def jobs_table(rows: Sequence[JobRow]) -> Table:
    """A line per job: who works on it, how far it is, and what was found."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for ratio in (None, None, 1, None, None, None, None):
        table.add_column(no_wrap=True, ratio=ratio, max_width=BAR if ratio else None)
    for row in rows:
        tally = row.tally
        table.add_row(
            f"  [dim]{row.job.short}[/]",
            str(row.job.runner or "waits for a runner"),
            ProgressBar(total=tally.total, completed=tally.done),
            f"[dim]{tally.done}/{tally.total}[/]",
            f"[green]{tally.found} found[/]",
            f"{tally.not_found} not found",
            f"[red]{tally.trouble} trouble[/]" if tally.trouble else "",
        )
    return table


def link(address: str) -> str:
    """Markup that terminals make an address to click on."""
    return f"[link={address}]{escape(address)}[/link]" if address.startswith("http") else escape(address)
