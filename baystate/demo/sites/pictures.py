"""Product pictures: a drawn package per product, so that review pages have something to show."""

from hashlib import sha256
from html import escape
from string import Template

from baystate.demo.sites.shop import HERE, Answer

WIDTH = 17  # letters of a line on the label
TILT = {"2": "-6"}  # degrees, by view


def draw(brand: str, name: str, view: str) -> Answer:
    """An 800 × 800 SVG of a bag with the brand and the name on it; the colours follow from the brand."""
    hue = int(sha256(brand.encode()).hexdigest()[:4], 16) % 360
    lines = [f'<tspan x="400" dy="46">{escape(line)}</tspan>' for line in _lines(name.removeprefix(brand))]
    drawing = Template((HERE / "package.svg").read_text(encoding="utf-8"))
    body = drawing.substitute(hue=hue, tilt=TILT.get(view, "0"), brand=escape(brand), lines="".join(lines))
    return Answer(body, type="image/svg+xml")


def _lines(text: str) -> list[str]:
    """`text` broken between words into at most five lines."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= WIDTH and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines[:5]
