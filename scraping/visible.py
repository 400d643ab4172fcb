"""Makes text from outside harmless to look at: what has no shape of its own, or turns its surroundings, gets a mark."""

import re

# line feeds and tabs are laid out by pages; joiners belong to scripts and emoji
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_NAMES = {
    **dict(zip(range(0x202A, 0x202F), ("LRE", "RLE", "PDF", "LRO", "RLO"), strict=True)),
    **dict(zip(range(0x2066, 0x206A), ("LRI", "RLI", "FSI", "PDI"), strict=True)),
    0x061C: "ALM",
    0x200B: "ZWSP",
    0x200E: "LRM",
    0x200F: "RLM",
    0x2028: "LS",
    0x2029: "PS",
    0xFEFF: "BOM",
}


def visible(text: str) -> str:
    """`text` with its control characters as symbols (␛) and what turns or hides text as marks (⟨RLO⟩)."""
    return _HIDDEN.sub(_mark, text)


def _mark(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨{_NAMES.get(code) or f'U+{code:04X}'}⟩"
