"""The pages as one HTML file that needs nothing else and prints as it looks. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pitwall.ui.report.drawing import HEIGHT, WIDTH, Disc, Mark, Page, Stroke

_STYLE = """
@page { size: A4 portrait; margin: 0 }
body { margin: 0; background: #e7eaee; font-family: Inter, "Segoe UI", Helvetica, sans-serif }
svg { display: block; width: 210mm; height: 297mm; margin: 6mm auto; background: #fff;
  max-width: 100%; page-break-after: always; break-after: page }
.mono { font-family: "JetBrains Mono", Consolas, Menlo, monospace }
@media print { body { background: #fff } svg { margin: 0 } }
"""
_POINT_MM = 25.4 / 72
_ANCHOR = {"left": "start", "middle": "middle", "right": "end"}


def to_html(pages: Sequence[Page], title: str) -> str:
    """The document."""
    body = "\n".join(_svg(page) for page in pages)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        f"</title><style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _svg(page: Page) -> str:
    marks = "\n".join(_mark(mark) for mark in page.marks)
    box = f"0 0 {WIDTH:g} {HEIGHT:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img" '
        f'aria-label="{escape(page.title)}">\n{marks}\n</svg>'
    )


def _mark(mark: Mark) -> str:
    if isinstance(mark, Disc):
        return (
            f'<circle cx="{mark.x:.2f}" cy="{mark.y:.2f}" r="{mark.radius:.2f}" '
            f'fill="{mark.colour}"/>'
        )
    if isinstance(mark, Stroke):
        points = " ".join(f"{x:.2f},{y:.2f}" for x, y in zip(mark.x, mark.y, strict=True))
        if mark.fill:
            return f'<polygon points="{points}" fill="{mark.fill}"/>'
        dash = ' stroke-dasharray="1 0.8"' if mark.dashed else ""
        return (
            f'<polyline points="{points}" fill="none" stroke="{mark.colour}" '
            f'stroke-width="{mark.width:g}" stroke-linejoin="round"{dash}/>'
        )
    weight = ' font-weight="600"' if mark.bold else ""
    face = ' class="mono"' if mark.mono else ""
    return (
        f'<text x="{mark.x:.2f}" y="{mark.y:.2f}" font-size="{mark.size * _POINT_MM:.3f}" '
        f'fill="{mark.colour}" text-anchor="{_ANCHOR[mark.align]}"{weight}{face}>'
        f"{escape(mark.text)}</text>"
    )
