"""`python -m baystate.demo.sites SHOP DESCRIPTOR`: one shop, as a process of its own."""

import signal
import sys
from types import FrameType

from baystate.demo.sites.server import serve


def leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, leave)
    serve(sys.argv[1], int(sys.argv[2]))
