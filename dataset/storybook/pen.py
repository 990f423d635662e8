"""A pen that draws one thing in its own unit square, x to the right and y down, both in [-1, 1].

    unit square -> mirror -> turn -> times radius -> plus centre -> pixels of a supersampled canvas

Every shape becomes a polygon or a polyline of points, so that mirroring and turning cost no resampling.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import cos, pi, sin

from PIL import ImageDraw

from dataset.storybook.colours import BLACK, WHITE, Colour, brightness, mix

Point = tuple[float, float]
STEPS = 28  # straight pieces in a full ellipse


class Pen:
    """Draws with a body colour and its shades; `edge` is the dark outline, `mark` stands out on the body."""

    def __init__(
        self,
        draw: ImageDraw.ImageDraw,
        body: Colour,
        centre: Point,
        radius: float,
        turn: float = 0.0,
        flip: bool = False,
    ) -> None:
        """`centre` and `radius` are in pixels of the canvas behind `draw`, `turn` in radians."""
        self.body = body
        self.light = mix(body, WHITE, 0.32)
        self.dark = mix(body, BLACK, 0.24)
        self.edge = mix(body, BLACK, 0.78)
        self.mark = WHITE if brightness(body) < 195 else mix(body, BLACK, 0.36)
        self._draw, self._centre, self._radius = draw, centre, radius
        across = -radius if flip else radius
        self._x_axis = (across * cos(turn), across * sin(turn))
        self._y_axis = (-radius * sin(turn), radius * cos(turn))
        self._stroke = max(2, round(0.06 * radius))  # of the outline, in pixels

    def polygon(self, points: Sequence[Point], fill: Colour | None = None, outline: bool = True) -> None:
        """Fill a closed shape (default: the body colour) and draw its dark outline."""
        placed = self._place(points)
        self._draw.polygon(placed, fill=fill or self.body)
        if outline:
            self._draw.line([*placed, placed[0], placed[1]], fill=self.edge, width=self._stroke)

    def ellipse(
        self,
        x: float,
        y: float,
        across: float,
        down: float,
        fill: Colour | None = None,
        outline: bool = True,
        tilt: float = 0.0,
    ) -> None:
        """Fill an ellipse around (x, y) with half-axes `across` and `down`, tilted by `tilt` degrees."""
        self.polygon(arc(x, y, across, down, 0, 360, tilt)[:-1], fill, outline)

    def dot(self, x: float, y: float, size: float, fill: Colour = BLACK) -> None:
        """A small disc without outline: an eye, a spot."""
        self.ellipse(x, y, size, size, fill, outline=False)

    def line(self, points: Sequence[Point], width: float = 0.08, fill: Colour | None = None) -> None:
        """A polyline `width` units wide (default colour: the outline's), never thinner than the outline."""
        thick = max(self._stroke, round(width * self._radius))
        self._draw.line(self._place(points), fill=fill or self.edge, width=thick, joint="curve")

    def _place(self, points: Sequence[Point]) -> list[Point]:
        (ax, ay), (bx, by), (cx, cy) = self._x_axis, self._y_axis, self._centre
        return [(cx + x * ax + y * bx, cy + x * ay + y * by) for x, y in points]


@lru_cache(maxsize=512)  # the same few arcs are drawn again and again
def arc(
    x: float, y: float, across: float, down: float, start: float, end: float, tilt: float = 0.0
) -> tuple[Point, ...]:
    """Points along an ellipse from `start` to `end` degrees: 0 is right, 90 down, 180 left, 270 up."""
    count = max(4, round(STEPS * abs(end - start) / 360))
    angles = [(start + (end - start) * i / count) * pi / 180 for i in range(count + 1)]
    c, s = cos(tilt * pi / 180), sin(tilt * pi / 180)
    spots = [(across * cos(a), down * sin(a)) for a in angles]
    return tuple((x + p * c - q * s, y + p * s + q * c) for p, q in spots)
