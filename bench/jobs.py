"""What the rules for jobs cost beside the same work without them, in the same run on the same machine.

`python bench/jobs.py` makes a scratch database of its own and prints four comparisons, each with its limit; it ends
with 1 where one is missed. Blocks of ours and of the peer alternate, and medians are compared: ratios travel between
machines and hold on a busy one, seconds do not.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "jobs_settings"


def run() -> bool:
    import jobs_http
    import jobs_queries
    import jobs_sql

    kept = [jobs_sql.compare(), jobs_http.compare(), jobs_queries.beats(), jobs_queries.empty_queue()]
    return all(kept)


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    django.setup()
    logging.disable(logging.WARNING)
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        return 0 if run() else 1
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
