"""The demo's own surroundings, set before the settings are read: its folder, its secrets, its database, no debugging.

What the shell says about a real installation is set aside, so that a demo never touches one.
"""

import base64
import json
import os
import secrets
from collections.abc import MutableMapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("BAYSTATE_", "DATABASE_", "DJANGO_")
# A killed runner is missed within seconds, so that a demo of it takes no minute longer; a real one waits for 45.
IMPATIENT = {"BAYSTATE_LEASE_SECONDS": "10", "BAYSTATE_HEARTBEAT_SECONDS": "2", "BAYSTATE_SWEEP_SECONDS": "1"}
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "XDG_RUNTIME_DIR")


@dataclass(frozen=True)
class Secrets:
    """Made once per folder, so that a session in the browser outlives a restart of the demo."""

    secret_key: str
    credential_key: str
    password: str


def prepare(arguments: Sequence[str], environ: MutableMapping[str, str]) -> None:
    """Make `environ` that of the demo `arguments` ask for, in a folder of its own: real data are in the one above."""
    folder = Path(environ.get("BAYSTATE_VAR") or ROOT / "var").resolve()
    folder /= "once" if "--once" in arguments else "demo"
    folder.mkdir(parents=True, exist_ok=True)
    for name in [name for name in environ if name.startswith(OURS)]:
        del environ[name]
    made = remembered(folder / "demo.json")
    environ.update(
        {
            "BAYSTATE_VAR": str(folder),
            "BAYSTATE_SECRET_KEY": made.secret_key,
            "BAYSTATE_CREDENTIAL_KEYS": made.credential_key,
            "BAYSTATE_HTTPS": "false",
            "BAYSTATE_HOSTS": "127.0.0.1,localhost",
            "BAYSTATE_LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "baystate.settings",
        }
    )
    if "--kill-runner" in arguments:
        environ.update(IMPATIENT)


def remembered(file: Path) -> Secrets:
    """The secrets in `file`, which only its owner can read; made where it is missing or damaged."""
    try:
        return Secrets(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        made = Secrets(
            secret_key=secrets.token_urlsafe(50),
            credential_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            password=secrets.token_urlsafe(9),
        )
    private(file, json.dumps(asdict(made), indent=1))
    return made


def private(file: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def shell() -> dict[str, str]:
    """What a process needs of ours that shall know no secret."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {"PYTHONUNBUFFERED": "1"}


def of_runner(*, url: str, key_file: Path) -> dict[str, str]:
    """All that a runner is told: no secret of the server, and no database."""
    return shell() | {
        "BAYSTATE_URL": url,
        "BAYSTATE_API_KEY_FILE": str(key_file),
        "BAYSTATE_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
    }
