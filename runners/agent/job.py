"""One job from its acknowledgement to its last word."""

import logging
import threading
from collections.abc import Callable

from runners.agent import voice
from runners.agent.answers import Away, JobOver, KeyRefused, Refused, TooLarge
from runners.agent.client import until_answered
from runners.agent.held import MOMENT, Held
from runners.agent.report import ScraperAPIHandler
from runners.agent.results import Results
from runners.agent.scrape import Share, Tools, scrape
from runners.agent.turns import Turns
from runners.agent.voice import log
from runners.protocol.messages import Callback, CallbackAnswer, HeartbeatAnswer
from runners.protocol.words import JobStatus, Reason

console = logging.getLogger(__name__)


def run(held: Held, tools: Tools, *, beat: Callable[[], HeartbeatAnswer | None]) -> None:
    """Do the job, or what a process before this one left of it: work on it, send everything, say how it ended.

    The server's word that it is over ends it without one of ours. What could not be sent in time stays in the spool.
    `beat` tells the server at once what it works with. Raises KeyRefused.
    """
    lines, units = tools.spool.lines(held.job_id), tools.spool.units(held.job_id)
    handler = ScraperAPIHandler(
        tools.client, held.job_id, lines, redactor=tools.redactor, after=held.offer.logged or 0, over=held.end
    )
    results = Results(tools.client, held.job_id, units, heard=lambda answer: _heard(held, answer), over=held.end)
    log.addHandler(handler)
    try:
        with voice.about(job=held.job_id):
            ended = _word(held, tools) or _do(held, tools, results, Turns(held, beat))
            if not held.stopping:  # what is handed back may be taken up again after a restart
                tools.spool.say(held.job_id, ended)
            if _sent(held, results, handler):
                _say(held, tools, ended)
    finally:
        log.removeHandler(handler)
        handler.close()
        results.close()
    if isinstance(held.over, KeyRefused):
        raise held.over
    if held.over or held.ended:
        tools.spool.forget(held.job_id)
    if held.over and not held.ended:
        console.warning("job %s is over for this runner: %s", held.job_id, held.over)


def _word(held: Held, tools: Tools) -> Callback | None:
    """The last word of a process before this one; none where what it spoke of was lost with that process."""
    word = tools.spool.word(held.job_id)
    if word and word.status == JobStatus.COMPLETED and held.done < held.total:
        return None
    return word


def _do(held: Held, tools: Tools, results: Results, turns: Turns) -> Callback:
    """Work on the units; return the last word."""
    try:
        start = Callback(job_id=held.job_id, status=JobStatus.RUNNING)
        _heard(held, until_answered(lambda: tools.client.callback(start), pause=held.pause))
        names = ", ".join(scraper.name for scraper in held.offer.scrapers)
        if held.done:
            log.info("going on: %s of %s units are done", held.done, held.total)
        log.info("%s SKUs to look up on %s", len(held.offer.skus), names)
        _work(held, tools, results, turns)
    except Away as away:
        console.info("halted before the server answered: %s", away)
    except (JobOver, KeyRefused, Refused) as said:
        held.end(said)
    except Exception as error:  # noqa: BLE001 - the job's rim
        log.exception("job %s ends here by our own fault", held.job_id)
        message = f"the runner failed: {type(error).__name__}"
        return Callback(job_id=held.job_id, status=JobStatus.FAILED, reason=Reason.ERROR, error_message=message)
    return _ending(held)


def _work(held: Held, tools: Tools, results: Results, turns: Turns) -> None:
    """Let up to `max_workers` threads take one scraper after the other; wait for them, not for ever once halted."""
    size = max(1, min(held.offer.max_workers, len(held.offer.scrapers)))
    workers = [
        threading.Thread(target=_take, args=(held, tools, results, turns), name=f"worker-{n}", daemon=True)
        for n in range(size)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        while worker.is_alive() and not held.waited():
            worker.join(MOMENT)


def _take(held: Held, tools: Tools, results: Results, turns: Turns) -> None:
    with voice.about(job=held.job_id):
        while scraper := turns.next():
            try:
                scrape(Share(held, scraper, tools, results.put))
            except Exception:  # noqa: BLE001 - the thread's rim
                log.exception("%s ends here by our own fault", scraper.name)
            finally:
                turns.done(scraper)


def _ending(held: Held) -> Callback:
    counts = ", ".join(f"{number} {outcome.replace('_', ' ')}" for outcome, number in held.outcomes.most_common())
    log.info("%s of %s units done: %s", held.done, held.total, counts or "none now")
    if held.done >= held.total:
        return Callback(job_id=held.job_id, status=JobStatus.COMPLETED)
    reason, why = _why(held)
    message = f"{why} after {held.done} of {held.total} units"
    return Callback(job_id=held.job_id, status=JobStatus.FAILED, reason=reason, error_message=message)


def _why(held: Held) -> tuple[Reason, str]:
    if held.cancelled:
        return Reason.CANCELLED, "cancelled"
    if held.stopping:
        return Reason.INTERRUPTED, "the runner was told to stop"
    return Reason.ERROR, "the runner left units undone"


def _sent(held: Held, results: Results, handler: ScraperAPIHandler) -> bool:
    """Send what waits, results before lines; False where the job is over or a stop's grace is spent."""
    for box in (results, handler):
        while not box.send_all(MOMENT):
            if held.silent():
                return False
    return held.over is None


def _say(held: Held, tools: Tools, word: Callback) -> None:
    try:
        until_answered(lambda: tools.client.callback(word), pause=held.pause_silent)
        held.ended = True
        console.info("job %s %s", held.job_id, word.status)
    except (JobOver, KeyRefused) as said:
        held.end(said)
    except (Away, Refused, TooLarge) as said:
        console.error("the last word on job %s was not taken: %s", held.job_id, said)


def _heard(held: Held, answer: CallbackAnswer) -> None:
    if answer.cancel:
        held.cancel()
