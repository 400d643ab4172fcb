"""How a unit's end is told in the log."""

import logging
from typing import Final

from runners.agent.work import Finding
from runners.protocol.definition import Definition
from runners.protocol.fields import Field
from runners.protocol.words import Outcome

_LEVELS: Final = {
    Outcome.FOUND: logging.INFO,
    Outcome.NOT_FOUND: logging.INFO,
    Outcome.BLOCKED: logging.ERROR,
    Outcome.LOGIN_FAILED: logging.ERROR,
    Outcome.LAYOUT_CHANGED: logging.ERROR,
    Outcome.RUNNER_ERROR: logging.ERROR,
}


def level(outcome: Outcome) -> int:
    """How loudly an outcome is said: what is nobody's fault softly, what staff must see to as an error."""
    return _LEVELS.get(outcome, logging.WARNING)


def sentence(sku: str, finding: Finding, definition: Definition, milliseconds: int) -> str:
    """`072705115310 found: “Gold Adult Chicken 30 lb”, 6 of 7 fields, 412 ms`."""
    words = finding.outcome.replace("_", " ")
    if finding.outcome is not Outcome.FOUND:
        return f"{sku} {words}: {finding.message}"
    name = finding.fields.get(Field.NAME)
    called = f"“{name}”, " if name else ""
    known = sum(1 for field in definition.fields if field in finding.fields)
    return f"{sku} {words}: {called}{known} of {len(definition.fields)} fields, {milliseconds:,} ms"
