"""The demo's acts, in their order: each calls what the admin's pages call, and says in the terminal how it went."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.transaction import atomic
from django.urls import reverse
from django.utils import timezone

from baystate.demo import register, seed, stage
from baystate.demo.accident import Accident
from baystate.demo.screen import Screen
from baystate.demo.stage import Stage, StoppedError
from pipeline import enhance, review, tasks
from pipeline.export import build
from pipeline.export.files import Format
from pipeline.models import ExportState, ImportState, Product, ProductExport, ProductImport
from pipeline.spreadsheet import apply, plan
from pipeline.stages import Stage as At
from runners.models import Runner
from scraping import queries
from scraping.doors import transact
from scraping.models import ScrapeBatch

SHEET = "register.xlsx"
CONFLICT = "004512803203"  # twenty pounds at one site, forty at another
PATIENCE = 90.0  # seconds for what takes a few
JOBS_PATIENCE = 150.0  # seconds for what takes about twenty


@dataclass
class Play:
    """What the acts share: the processes, the terminal, the demo's folder, its person, and what came of it so far."""

    stage: Stage
    screen: Screen
    folder: Path
    password: str
    accident: Accident | None = None
    user: User = field(init=False)
    batch: ScrapeBatch = field(init=False)
    figures: dict[str, int] = field(default_factory=dict)

    def prepare(self) -> None:
        """The database, what is in it from the start, and all processes."""
        with self.screen.step("Starting PostgreSQL and three distributor sites") as step:
            stage.open_sites(self.stage)
            call_command("migrate", database="direct", verbosity=0)
            with atomic(durable=True):
                self.user = seed.staff(self.password)
                seed.plant_scrapers(self.stage.sites, by=self.user)
                keys = seed.runner_keys(self.folder / "keys", by=self.user)
            step.said = f"PostgreSQL and three distributor sites: {', '.join(self.stage.sites)}"
        with self.screen.step("Starting the web server, the chore worker and four runners") as step:
            stage.open_server(self.stage)
            stage.open_worker(self.stage)
            self.stage.wait(self.stage.answers, seconds=PATIENCE, otherwise="The web server did not answer")
            began = timezone.now()
            stage.open_runners(self.stage, keys, spools=self.folder / "spool")
            self.stage.wait(lambda: _all_spoke(began), seconds=PATIENCE, otherwise="The runners did not speak")
            step.said = "Web server, chore worker and four runners, one of them for acme alone"

    def import_sheet(self) -> None:
        """The register's spreadsheet: read by the chore worker, its plan confirmed whole."""
        sheet = self.folder / SHEET
        sheet.write_bytes(register.workbook())
        with self.screen.step(f"Importing {SHEET}") as step:
            with atomic(durable=True):
                upload = plan.receive(sheet.read_bytes(), file_name=sheet.name, by=self.user)
                tasks.nudge_import(upload.pk, ImportState.UPLOADED)
            self._wait_for(upload, ImportState.PLANNED)
            with atomic(durable=True):
                news = apply.confirm(upload.pk, by=self.user)
                if news:
                    tasks.nudge_import(upload.pk, ImportState.APPLYING)
            if news:
                self._wait_for(upload, ImportState.APPLIED)
            self.figures["imported"] = upload.counts.get("created", 0)
            step.said = (
                f"Imported {SHEET}: {self.figures['imported']} new products, {upload.counts['warnings']} warnings"
            )

    def _wait_for(self, upload: ProductImport, state: ImportState) -> None:
        def reached() -> bool:
            upload.refresh_from_db(fields=["state", "problem", "counts"])
            if upload.state == ImportState.FAILED:
                raise StoppedError(f"{upload.file_name} could not be imported: {upload.problem}")
            return upload.state == state

        self.stage.wait(reached, seconds=PATIENCE, otherwise=f"{upload.file_name} was not {state}")

    def enhance(self) -> None:
        """One batch for all products at all three sites, dealt to three runners at most; followed to its end."""
        self.batch = self._started()
        self.figures["jobs"] = self.batch.jobs.filter(retry_of=None).count()
        with self.screen.jobs(f"Enhancing {self.batch.sku_count} products at three sites") as show:

            def ended() -> bool:
                rows = queries.rows_of(queries.jobs().filter(batch=self.batch).order_by("created_at", "id"))
                show(rows)
                if self.accident:
                    self.accident.look(rows)
                return all(row.job.ended for row in rows)

            self.stage.wait(ended, seconds=JOBS_PATIENCE, otherwise="The jobs did not end")
        if self.accident:
            self._tell_accident(self.accident)

    def _tell_accident(self, accident: Accident) -> None:
        went_on, story = accident.story()
        if not went_on:
            raise StoppedError(story)
        self.screen.done(story)

    def _started(self) -> ScrapeBatch:
        """A new batch; or the one that an earlier demo, killed in the middle, has left at work."""
        products, sites = Product.objects.exclude(stage=At.REJECTED).order_by("arrival"), list(self.stage.sites)
        try:
            with transact():
                return enhance.start(products, scrapers=sites, max_runners=3, by=self.user, source="demo").batch
        except enhance.RefusedError as refused:
            left = queries.open_batches().first()
            if left is None:
                raise StoppedError(f"The enhancement could not be started: {refused}") from None
            return left

    def consolidate(self) -> None:
        """The chore worker takes each product that no open job holds; a nudge spares it the look at the clock."""
        with self.screen.step("Consolidating what was found") as step:
            with atomic(durable=True):
                tasks.nudge_consolidation()
            stale = Product.objects.filter(stale=True)
            self.stage.wait(lambda: not stale.exists(), seconds=PATIENCE, otherwise="Not all was consolidated")
            step.said = f"Consolidated: {Product.objects.filter(stage=At.CONSOLIDATED).count()} are ready for review"

    def approve(self) -> None:
        """What is complete; the rest waits for a person."""
        with self.screen.step("Approving what is complete") as step:
            with transact():
                ready = Product.objects.filter(stage=At.CONSOLIDATED).values_list("pk", flat=True)
                approved = review.approve_complete(list(ready), by=self.user)
            self.figures["approved"] = len(approved.skus)
            step.said = f"Approved {len(approved.skus)}; {len(approved.left_out)} wait for a person's decision"

    def export(self) -> None:
        """What is approved, as a workbook that is left in the demo's folder too."""
        file = self.folder / "products.xlsx"
        with self.screen.step("Exporting what is approved") as step:
            with atomic(durable=True):
                asked = build.ask(Product.objects.order_by("arrival"), form=Format.XLSX, by=self.user)
                if asked is None:
                    raise StoppedError("There was nothing to export: no product was approved.")
                tasks.nudge_export(asked.pk)
            self.stage.wait(lambda: _is_ready(asked), seconds=PATIENCE, otherwise="The export was not built")
            file.write_bytes(bytes(asked.content or b""))
            self.figures["exported"] = asked.count
            step.said = f"Exported {asked.count} products to {file}"

    def suggestions(self) -> dict[str, str]:
        """What to do next, and the address for it."""
        sites, conflict = self.stage.sites, Product.objects.get(sku=CONFLICT)
        customer = "customer {username}, password {password}".format(**seed.BRADLEY)
        return {
            "Review what the sites say, side by side": self._page("pipeline_product_queue"),
            "Decide where two of them give different weights": self._page("pipeline_product_review", conflict.pk),
            "See the jobs, their lines and the runners": self._page("operations"),
            f"Change a price in {self.folder / SHEET}, upload it again": self._page("pipeline_productimport_add"),
            "Visit acme, which declares its products for machines": sites["acme"],
            f"Visit bradley, which asks you to log in: {customer}": sites["bradley"],
            "Visit coastal, where a search has several results": sites["coastal"],
            "Read what each process says": str(self.folder / "log"),
        }

    def _page(self, name: str, *arguments: object) -> str:
        return self.stage.url + reverse(f"admin:{name}", args=arguments)


def _all_spoke(since: datetime) -> bool:
    return Runner.objects.filter(name__in=seed.RUNNERS, last_seen__gte=since).count() == len(seed.RUNNERS)


def _is_ready(export: ProductExport) -> bool:
    export.refresh_from_db()
    if export.state == ExportState.FAILED:
        raise StoppedError(f"The export failed: {export.problem}")
    return export.state == ExportState.READY
