"""These tests need the servers that `python -m tests.pooler` starts."""

import os

collect_ignore_glob = [] if os.environ.get("DJANGO_SETTINGS_MODULE") == "tests.pooler.settings" else ["test_*.py"]
