"""A figure as SVG that stands in a page: no script, its text is text, its colours are the page's own CSS variables."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from scorer_core.text import printable

WIDE, NARROW = 1040, 340
"""Pixels: each figure is drawn for a desk and for a phone, and the page shows one of the two."""
_NAMES = ("ink", "muted", "line", "surface", "accent", "good", "gold", "plain", *(f"series-{n}" for n in range(1, 7)))
_COLOURS = {name: f"#fe{number:02x}01" for number, name in enumerate(_NAMES)}
"""Stand-ins: matplotlib knows no CSS variable, and nothing else in a figure has these colours."""
_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_FONT = "DejaVu Sans"
"""Comes with matplotlib, and measures texts; they are shown in the page's own."""
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.family": _FONT,
    "font.size": 12.0,
    "legend.frameon": False,
    "legend.fontsize": 12.0,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.linewidth": 1.0,
}


@dataclass(frozen=True)
class Drawing:
    """One figure: its `name` in the page, title, how to read it, its height in pixels, and what draws it on axes."""

    name: str
    title: str
    told: str
    height: int
    draw: Callable[[Axes], None]

    @property
    def svg(self) -> Markup:
        """Return the figure for a desk and for a phone."""
        return Markup("").join(self._drawn(width, kind) for width, kind in ((WIDE, "wide"), (NARROW, "narrow")))

    def _drawn(self, width: int, kind: str) -> Markup:
        content = io.BytesIO()
        with (
            warnings.catch_warnings(),
            mpl.rc_context({**_STYLE, **_coloured(), "svg.hashsalt": f"{self.name}-{kind}"}),
        ):
            warnings.simplefilter("ignore")  # of a letter that the font which measures does not have
            size = (width / 72, self.height / 72)
            figure = Figure(figsize=size, dpi=72, layout="constrained", facecolor="none", edgecolor="none")
            self.draw(figure.add_subplot(facecolor="none"))
            # Not `savefig`, which draws all of it twice, for a layout that one drawing makes, too.
            canvas: Any = FigureCanvasSVG(figure)  # whose types matplotlib lacks
            canvas.print_svg(content, metadata={"Date": None, "Creator": None})
        root = ElementTree.fromstring(content.getvalue())  # noqa: S314 - what matplotlib wrote a line above
        _settle(root, f"{self.name}-{kind}-")
        root.attrib |= {"class": f"drawn {kind}", "role": "img", "aria-label": self.title}
        text = ElementTree.tostring(root, encoding="unicode").replace(f"'{_FONT}'", "inherit")
        for name, stand_in in _COLOURS.items():
            text = text.replace(stand_in, f"var(--{name})")
        return Markup(text)  # noqa: S704 - written by ElementTree, which escapes


def colour(name: str) -> str:
    """Return the colour that becomes the page's CSS variable of this name."""
    return _COLOURS[name]


def series(number: int) -> str:
    """Return the colour of one of several alike."""
    return _COLOURS[f"series-{number % 6 + 1}"]


def label(text: object) -> str:
    """Return a text as a figure may hold it: SVG knows no control characters."""
    return printable(str(text))


def is_wide(axes: Axes) -> bool:
    """Say whether a figure is drawn for a desk."""
    return bool(axes.bbox.width > WIDE / 2)


def legend_above(axes: Axes) -> None:
    """Put the legend above the axes, where it hides nothing."""
    columns = 6 if is_wide(axes) else 2
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.2, handlelength=1.2)


def _coloured() -> dict[Any, Any]:
    return {
        **dict.fromkeys(("text.color", "xtick.color", "ytick.color", "legend.labelcolor"), colour("ink")),
        "axes.labelcolor": colour("muted"),
        "axes.edgecolor": colour("line"),
        "grid.color": colour("line"),
    }


def _settle(root: ElementTree.Element, prefix: str) -> None:
    """Give ids that are the figure's own, and drop what fixes its size: the page has several, at its own width."""
    for size in ("width", "height"):
        root.attrib.pop(size, None)
    for part in ("metadata", "defs"):  # a style for all of the page
        for element in root.findall(f"{_SVG}{part}"):
            if part == "metadata" or element.find(f"{_SVG}style") is not None:
                root.remove(element)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        if "id" in element.attrib:
            element.set("id", prefix + element.attrib["id"])
        if _LINK in element.attrib:
            element.set("href", f"#{prefix}{element.attrib.pop(_LINK)[1:]}")
        if "clip-path" in element.attrib:
            element.set("clip-path", element.attrib["clip-path"].replace("#", f"#{prefix}"))
