# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The diagrams of the guides: SVG files beside the texts that they are made from by svgbob.

The files are kept, so that a guide shows them wherever it is rendered.
"""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path

from suite.paths import ROOT

DIAGRAMS = ROOT / "docs" / "docsite" / "rst" / "diagrams"
_FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"
_COMMENT = "# "


def stamp(text: str) -> str:
    """What the SVG of a text begins with: whose it is, and which text it was made from."""
    licence = "\n".join(line.removeprefix(_COMMENT) for line in text.splitlines() if line.startswith(_COMMENT))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"<!--\n{licence}\n\nMade by ./dev docs of the text with the sha256 {digest}\n-->\n"


def draw() -> None:
    """Make those anew that are not of their text."""
    for source in sorted(DIAGRAMS.glob("*.txt")):
        text, file = source.read_text(encoding="utf-8"), source.with_suffix(".svg")
        if not file.exists() or not file.read_text(encoding="utf-8").startswith(stamp(text)):
            file.write_text(stamp(text) + _svg(text), encoding="utf-8")
            print(file.relative_to(ROOT))


def stale(folder: Path = DIAGRAMS) -> list[str]:
    """Texts whose SVG is another text's or missing, and SVGs without a text."""
    texts = {path.stem: stamp(path.read_text(encoding="utf-8")) for path in folder.glob("*.txt")}
    drawn = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.svg")}
    return sorted(name for name in {*texts, *drawn} if not drawn.get(name, "").startswith(texts.get(name, "\0")))


def _svg(text: str) -> str:
    to_svg = importlib.import_module("sphinxcontrib.svgbob._svgbob").to_svg  # of requirements-docs.txt
    lines = [line for line in text.splitlines() if not line.startswith(_COMMENT)]
    svg: str = to_svg("\n".join(lines), font_family=_FONT, include_backdrop=True)
    return svg.rstrip("\n") + "\n"
