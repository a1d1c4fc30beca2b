"""Figures, each drawn once in this process: tests that write the report of the same run ask for the same ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from markupsafe import Markup

from scorer_core.report.figures.drawing import Drawing


@pytest.fixture(scope="session", autouse=True)
def drawn_once() -> Iterator[None]:
    """Keep what was drawn of equal data: a report takes most of its time to draw."""
    draw, drawn = Drawing._drawn, dict[str, Markup]()

    def kept(drawing: Drawing, width: int, kind: str) -> Markup:
        key = repr((drawing, width, kind))
        if key not in drawn:
            drawn[key] = draw(drawing, width, kind)
        return drawn[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Drawing, "_drawn", kept)
        yield
