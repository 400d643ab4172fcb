"""Makes a spool's rows readable before anybody relies on them: what cannot be read must not hold up what can."""

import logging
import sqlite3
from typing import Final

from pydantic import ValidationError

from runners.protocol.messages import Callback, LogLine, UnitItem
from runners.protocol.words import LogLevel

console = logging.getLogger(__name__)
# as bytes: text that is none would otherwise fail where it is fetched
_THINGS: Final = "SELECT number, kind, seq, through, CAST(body AS BLOB) FROM thing"
_WORDS: Final = "SELECT id, CAST(word AS BLOB) FROM job WHERE word IS NOT NULL"


def sift(db: sqlite3.Connection) -> None:
    """Unreadable units leave, to be looked up again; lines give way to a mark; last words are found anew.

    Raises sqlite3.Error.
    """
    bad = [row[:4] for row in db.execute(_THINGS) if not _reads(UnitItem if row[1] == "unit" else LogLine, row[4])]
    words = [job for job, word in db.execute(_WORDS) if not _reads(Callback, word)]
    if not bad and not words:
        return
    with db:
        for number, kind, seq, through in bad:
            if kind == "unit" or seq is None:
                db.execute("DELETE FROM thing WHERE number = ?", [number])
            else:
                db.execute("UPDATE thing SET body = ? WHERE number = ?", [_mark(seq, through), number])
        db.executemany("UPDATE job SET word = NULL WHERE id = ?", [(job,) for job in words])
    console.error(
        "%s row(s) of the spool could not be read: units among them are looked up again, lines are lost",
        len(bad) + len(words),
    )


def _reads(model: type[UnitItem | LogLine | Callback], body: bytes) -> bool:
    try:
        model.model_validate_json(body)
    except ValidationError:
        return False
    return True


def _mark(seq: int, through: int | None) -> str:
    mark = LogLine(
        level=LogLevel.WARNING, message="what this runner kept of this line could not be read", seq=seq, through=through
    )
    return mark.model_dump_json(exclude_none=True)
