"""A headless Chromium that looks at pages the ways people do: light, dark, on a phone, without scripts."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

WIDE: Final = 1360
PHONE: Final = 390
TALLEST: Final = 1800
QUIET: Final = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip


def programs() -> tuple[str, str]:
    """Paths of the browser and its driver; raises LookupError with what to install."""
    driver = shutil.which("chromedriver")
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not driver or not browser:
        raise LookupError("Chromium and its driver are needed (on Debian: apt-get install chromium chromium-driver).")
    return browser, driver


@contextmanager
def chrome() -> Iterator[webdriver.Chrome]:
    """A browser with a profile of its own, closed and removed afterwards."""
    browser, driver = programs()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for argument in (*QUIET, f"--user-data-dir={profile}", f"--window-size={WIDE},1000"):
            options.add_argument(argument)
        window = webdriver.Chrome(options=options, service=Service(driver))
        try:
            yield window
        finally:
            window.quit()


def size(window: webdriver.Chrome, width: int, height: int = 1000) -> None:
    """Lay the page out for a screen of `width` × `height` CSS pixels."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def scheme(window: webdriver.Chrome, name: str) -> None:
    """`light` or `dark`, as the reader's system would say."""
    colours = {"name": "prefers-color-scheme", "value": name}
    media = {"features": [colours, {"name": "prefers-reduced-motion", "value": "reduce"}]}
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def scripts(window: webdriver.Chrome, *, on: bool) -> None:
    """Whether pages opened from now on may run scripts."""
    window.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not on})


def photograph(window: webdriver.Chrome, folder: Path, name: str) -> None:
    """`name-light.png`, `name-dark.png` and `name-phone.png`, each from the top of the page down."""
    for kind, width, colours in (("light", WIDE, "light"), ("dark", WIDE, "dark"), ("phone", PHONE, "light")):
        scheme(window, colours)
        size(window, width)
        tall = int(window.execute_script("return document.documentElement.scrollHeight"))
        size(window, width, min(max(tall, 600), TALLEST))
        window.save_screenshot(str(folder / f"{name}-{kind}.png"))
    scheme(window, "light")
    size(window, WIDE)
