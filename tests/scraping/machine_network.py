"""What runners send, and what becomes of it on the way."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.scraping.machine import World, fates, numbers, slugs, whoever
from tests.scraping.machine_acts import act, holder
from tests.scraping.machine_workers import Hand, Worker


class Network(World):
    """What runners send, and what becomes of it on the way."""

    @act(weight=4, who=whoever, fate=fates)
    def asks_for_work(self, who: int, fate: str) -> None:
        self.poll(self.workers[who], fate)

    @act(who=whoever, number=numbers)
    def asks_for_one_job(self, who: int, number: int) -> None:
        known = sorted(self.state.jobs)
        if not self.workers[who].plain:  # to ask for one is an addition
            self.poll(self.workers[who], job_id=str(known[number % len(known)]))

    @holder(fate=fates)
    def acknowledges(self, worker: Worker, hand: Hand, fate: str) -> None:
        self.send(worker, worker.message("job", job_id=hand.job_id), fate)

    @holder(all_of_them=st.booleans(), fate=fates)
    def beats(self, worker: Worker, hand: Hand, all_of_them: bool, fate: str) -> None:
        if not worker.plain:
            self.beat(worker, list(worker.held()) if all_of_them else [hand], fate)

    @holder(weight=16, slug=st.sampled_from(["acme", "acme", "bradley", "coastal"]), sku=numbers, fate=fates)
    def begins_with_a_scraper(self, worker: Worker, hand: Hand, slug: str, sku: int, fate: str) -> None:
        if not worker.plain and slug in hand.scrapers:
            self.begins(worker, hand, slug, hand.skus[sku % len(hand.skus)], fate)

    @holder(slug=slugs, fate=fates)
    def leaves_a_scraper(self, worker: Worker, hand: Hand, slug: str, fate: str) -> None:
        if not worker.plain:
            hand.at_work.discard(slug)
            hand.wanted.discard(slug)
            self.beat(worker, [hand], fate)

    @holder(back=st.integers(-2, 3), count=st.integers(1, 4), through=st.booleans(), fate=fates)
    def writes_numbered_lines(
        self, worker: Worker, hand: Hand, back: int, count: int, through: bool, fate: str
    ) -> None:
        """From `back` lines before the next one, or after it, which leaves a gap; the last one may stand for three."""
        first = max(1, hand.lines + 1 - back)
        lines: list[dict[str, Any]] = [
            {"seq": seq, "level": "INFO", "message": f"line {seq}", "sku": hand.skus[seq % len(hand.skus)]}
            for seq in range(first, first + count)
        ]
        if through:
            lines[-1] |= {"through": lines[-1]["seq"] + 2, "message": "3 lines were dropped"}
        if back >= 0:
            hand.lines = max(hand.lines, lines[-1].get("through", lines[-1]["seq"]))
        self.send(worker, worker.message("logs", job_id=hand.job_id, logs=lines), fate)

    @holder(fate=fates)
    def writes_a_line_without_number(self, worker: Worker, hand: Hand, fate: str) -> None:
        hand.posts += 1
        line = {"level": "warn", "message": f"plain {hand.posts}", "timestamp": "2026-11-26T01:00:00"}
        self.send(worker, worker.message("logs", job_id=hand.job_id, logs=[line]), fate)

    @holder(unit=numbers, word=st.sampled_from(["found", "not_found", "network"]), fate=fates)
    def reports_a_unit(self, worker: Worker, hand: Hand, unit: int, word: str, fate: str) -> None:
        sku, slug = hand.units()[unit % len(hand.units())]
        hand.done += 1
        items = [{"sku": sku, "scraper": slug, "outcome": word, "fields": {"name": sku} if word == "found" else {}}]
        self._calls(worker, hand, "running", fate, results={"items": items})

    @holder(
        sku=numbers,
        name=st.sampled_from(["", "Fish", "Dog"]),
        brand=st.booleans(),
        fate=fates,
    )
    def reports_flat(self, worker: Worker, hand: Hand, sku: int, name: str, brand: bool, fate: str) -> None:
        values = {"title": name, "price": 3} | ({"brand": "Acme"} if brand else {})
        data = {hand.skus[sku % len(hand.skus)]: dict.fromkeys(hand.scrapers, values)}
        self._calls(worker, hand, "running", fate, results={"data": data})

    @holder(fate=fates)
    def reports_what_nobody_asked_for(self, worker: Worker, hand: Hand, fate: str) -> None:
        items = [{"sku": sku, "scraper": hand.scrapers[0], "outcome": "found"} for sku in (hand.skus[0], "nobody")]
        self._calls(worker, hand, "running", fate, results={"items": items})

    @holder(
        how=st.sampled_from(["completed", "error", "interrupted"]),
        some=st.booleans(),
        fate=fates,
    )
    def says_the_last_word(self, worker: Worker, hand: Hand, how: str, some: bool, fate: str) -> None:
        items = [{"sku": hand.skus[-1], "scraper": slug, "outcome": "blocked"} for slug in hand.scrapers]
        also = {"results": {"items": items}} if some else {}
        if how == "completed":
            self._calls(worker, hand, "completed", fate, **also)
        else:
            self._calls(worker, hand, "failed", fate, reason=how, error_message="gave up", **also)

    def _calls(self, worker: Worker, hand: Hand, status: str, fate: str, **body: Any) -> None:
        self.send(worker, worker.message("callback", job_id=hand.job_id, status=status, **body), fate)

    @act(weight=5, who=whoever, number=numbers, path=st.sampled_from(["job", "logs", "callback", "heartbeat"]))
    def speaks_of_any_job(self, who: int, number: int, path: str) -> None:
        """Whosever it is: a wrong id, or somebody who tries. Mostly one that is running."""
        worker = self.workers[who]
        running = [job["id"] for job in self.state.open_jobs() if job["status"] == "running"]
        known = sorted(running if running and number % 4 else self.state.jobs)
        job_id = str(known[number % len(known)])
        bodies: dict[str, dict[str, Any]] = {
            "job": {"job_id": job_id},
            "logs": {"job_id": job_id, "logs": [{"message": "not mine"}]},
            "callback": {"job_id": job_id, "status": "running"},
            "heartbeat": {"jobs": [{"job_id": job_id, "done": 1}]},
        }
        self.deliver(worker.message(path, **bodies[path]))

    @act(weight=7, number=numbers, changed=st.booleans())
    def a_last_word_comes_again(self, number: int, changed: bool) -> None:
        """As it was, or changed: by a runner that forgot what it had said."""
        said = [message for message in self.sent if str(message.job_id) in self.finals and message.ends]
        if said:
            message = said[number % len(said)]
            body = message.body | ({"error_message": "otherwise"} if changed else {})
            self.deliver(replace(message, body=body))

    @act(weight=2, number=numbers)
    def a_late_message_arrives(self, number: int) -> None:
        if self.late:
            self.deliver(self.late.pop(number % len(self.late)))

    @act(weight=9, back=st.integers(1, 15))
    def a_message_arrives_again(self, back: int) -> None:
        message = self.sent[-min(back, len(self.sent))]
        if message.path != "poll" or "holding" in message.body:
            self.deliver(message)

    @act(who=whoever)
    def is_killed_and_started_again(self, who: int) -> None:
        """Its beats, its threads and its memory end; the spool says what it held."""
        worker = self.workers[who]
        worker.stop()
        holding = [hand.job_id for hand in worker.held()]
        if holding and not worker.plain:
            self.poll(worker, holding=holding)
            for hand in list(worker.held()):
                self.send(worker, worker.message("job", job_id=hand.job_id))

    @act(who=whoever)
    def is_killed_for_good(self, who: int) -> None:
        self.workers[who].stop()
        for hand in self.workers[who].held():
            hand.over = True
