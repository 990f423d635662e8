"""The kinds of thing in the storybook world: one function of about ten lines each.

A kind draws itself with a `Pen` in its unit square (x right, y down, both in [-1, 1]), mostly in the body
colour and its shades, so that a red tree is plainly red. To add a kind, write its function and register it.
"""

from math import cos, pi, sin

from dataset.storybook.colours import BLACK, BROWN, CREAM, GLASS, GOLD, LEAF, WHITE
from dataset.storybook.kind import kind
from dataset.storybook.pen import Pen, arc


@kind("house", zh="房子", classifier="座")
def house(pen: Pen) -> None:
    pen.polygon([(0.4, -0.9), (0.65, -0.9), (0.65, -0.2), (0.4, -0.2)], pen.dark)  # chimney
    pen.polygon([(-0.78, -0.1), (0.78, -0.1), (0.78, 0.98), (-0.78, 0.98)])
    pen.polygon([(-0.76, 0.72), (0.76, 0.72), (0.76, 0.96), (-0.76, 0.96)], pen.dark, outline=False)
    pen.polygon([(-1, -0.05), (0, -0.98), (1, -0.05)], pen.dark)
    pen.polygon([(-0.58, -0.2), (0, -0.74), (0, -0.2)], pen.body, outline=False)
    pen.polygon([(-0.58, 0.3), (-0.14, 0.3), (-0.14, 0.97), (-0.58, 0.97)], BROWN)
    pen.polygon([(0.14, 0.2), (0.58, 0.2), (0.58, 0.62), (0.14, 0.62)], GLASS)
    pen.line([(0.36, 0.2), (0.36, 0.62)], 0.05)


@kind("tree", zh="树", classifier="棵")
def tree(pen: Pen) -> None:
    pen.polygon([(-0.17, 0.5), (0.17, 0.5), (0.2, 0.99), (-0.2, 0.99)], BROWN)
    for top, bottom, half in ((-0.1, 0.68, 0.84), (-0.55, 0.26, 0.68), (-0.99, -0.2, 0.5)):
        pen.polygon([(0, top), (half, bottom), (half * 0.4, bottom - 0.1), (0, bottom),
                     (-half * 0.4, bottom - 0.1), (-half, bottom)])  # fmt: skip
        pen.polygon([(0, bottom - 0.05), (half * 0.4, bottom - 0.14), (half * 0.84, bottom - 0.08),
                     (half * 0.5, bottom - 0.36), (0.02, bottom - 0.2)], pen.dark, outline=False)  # fmt: skip
        pen.line([(-half * 0.15, top + 0.3), (-half * 0.5, bottom - 0.22)], 0.1, pen.light)


@kind("car", zh="汽车", classifier="辆")
def car(pen: Pen) -> None:
    pen.polygon([(-0.62, 0), (-0.42, -0.62), (0.28, -0.62), (0.6, 0)])
    pen.polygon([(-0.46, -0.06), (-0.32, -0.46), (-0.08, -0.46), (-0.08, -0.06)], GLASS)
    pen.polygon([(0.06, -0.06), (0.06, -0.46), (0.22, -0.46), (0.42, -0.06)], GLASS)
    pen.polygon([(-1, 0.08), (-0.9, -0.06), (0.72, -0.04), (0.96, 0.1), (1, 0.48), (-1, 0.48)])
    pen.polygon([(-0.97, 0.3), (0.97, 0.3), (0.97, 0.46), (-0.97, 0.46)], pen.dark, outline=False)
    pen.line([(-0.84, 0.05), (0.6, 0.06)], 0.08, pen.light)
    pen.ellipse(0.86, 0.18, 0.1, 0.11, GOLD, outline=False)  # headlight
    for x in (-0.54, 0.54):
        pen.ellipse(x, 0.45, 0.27, 0.27, BLACK)
        pen.dot(x, 0.45, 0.12, GLASS)


@kind("boat", zh="船", classifier="艘")
def boat(pen: Pen) -> None:
    pen.line([(-0.05, -0.98), (-0.05, 0.5)], 0.12, BROWN)
    pen.polygon([(0.04, -0.92), (0.88, 0.3), (0.04, 0.3)])
    pen.polygon([(0.08, 0.08), (0.68, 0.08), (0.8, 0.25), (0.08, 0.25)], pen.dark, outline=False)
    pen.polygon([(-0.14, -0.7), (-0.14, 0.3), (-0.78, 0.3)], pen.light)
    pen.polygon([(-1, 0.46), (1, 0.46), (0.66, 0.98), (-0.66, 0.98)])
    pen.polygon([(-0.8, 0.76), (0.8, 0.76), (0.66, 0.95), (-0.66, 0.95)], pen.dark, outline=False)
    for x in (-0.42, 0, 0.42):
        pen.dot(x, 0.64, 0.09, pen.mark)


@kind("fish", zh="鱼", classifier="条")
def fish(pen: Pen) -> None:
    pen.polygon([(0.3, 0), (0.98, -0.62), (0.84, 0), (0.98, 0.62)], pen.dark)
    pen.polygon([(-0.45, -0.4), (-0.05, -0.8), (0.35, -0.64), (0.3, -0.3)], pen.dark)  # back fin
    pen.polygon([(-0.3, 0.4), (0.1, 0.78), (0.26, 0.36)], pen.dark)
    pen.ellipse(-0.24, 0, 0.76, 0.52)
    pen.ellipse(-0.3, -0.24, 0.4, 0.14, pen.light, outline=False)
    pen.line(arc(-0.8, 0, 0.42, 0.5, -50, 50), 0.06)  # gill
    for x in (-0.06, 0.2):
        pen.line(arc(x - 0.2, 0, 0.24, 0.4, -60, 60), 0.09, pen.mark)
    pen.dot(-0.66, -0.12, 0.13, WHITE)
    pen.dot(-0.68, -0.12, 0.08)


@kind("cat", zh="猫", classifier="只")
def cat(pen: Pen) -> None:
    pen.line([*arc(0.5, 0.58, 0.38, 0.34, 90, -40)], 0.26)  # tail, dark then body: an outlined stroke
    pen.line([*arc(0.5, 0.58, 0.38, 0.34, 90, -36)], 0.14, pen.body)
    pen.ellipse(0, 0.56, 0.52, 0.42, pen.dark)
    for side in (-1, 1):
        pen.polygon([(side * 0.74, -0.34), (side * 0.68, -1), (side * 0.14, -0.62)])
        pen.polygon([(side * 0.6, -0.5), (side * 0.59, -0.82), (side * 0.32, -0.6)], pen.dark, outline=False)
        pen.ellipse(side * 0.24, 0.86, 0.2, 0.12)
    pen.ellipse(0, -0.2, 0.78, 0.54)
    pen.ellipse(0, -0.52, 0.36, 0.13, pen.light, outline=False)
    for side in (-1, 1):
        pen.dot(side * 0.32, -0.26, 0.13)
        pen.line([(side * 0.36, 0.02), (side * 0.96, -0.08)], 0.04)
        pen.line([(side * 0.36, 0.1), (side * 0.94, 0.18)], 0.04)
    pen.polygon([(-0.12, -0.06), (0.12, -0.06), (0, 0.1)], BLACK, outline=False)


@kind("bird", zh="鸟", classifier="只")
def bird(pen: Pen) -> None:
    for x in (-0.12, 0.16):
        pen.line([(x, 0.5), (x, 0.95), (x - 0.2, 0.95)], 0.08)
    pen.polygon([(0.3, 0.05), (0.98, -0.4), (0.96, 0.06), (0.6, 0.44)], pen.dark)  # tail
    pen.polygon([(-0.68, -0.6), (-1, -0.4), (-0.66, -0.28)], GOLD)  # beak
    pen.ellipse(0.04, 0.18, 0.62, 0.5)
    pen.ellipse(-0.38, -0.44, 0.4, 0.38)
    pen.ellipse(-0.2, -0.08, 0.3, 0.28, pen.body, outline=False)  # neck, over the two outlines
    pen.ellipse(-0.24, 0.3, 0.24, 0.26, pen.light, outline=False)
    pen.polygon([(-0.1, -0.04), *arc(0.22, 0.06, 0.34, 0.34, 150, 30), (0.72, -0.04)], pen.dark)  # wing
    pen.dot(-0.48, -0.5, 0.12)


@kind("balloon", zh="气球", classifier="个")
def balloon(pen: Pen) -> None:
    pen.line([(0, 0.5), (0.12, 0.66), (-0.1, 0.82), (0.04, 0.99)], 0.05)
    pen.polygon([(0, 0.4), (0.16, 0.6), (-0.16, 0.6)], pen.dark)
    pen.ellipse(0, -0.26, 0.7, 0.73, pen.dark)
    pen.ellipse(-0.06, -0.32, 0.6, 0.63, pen.body, outline=False)
    pen.ellipse(-0.28, -0.54, 0.13, 0.22, WHITE, outline=False, tilt=30)


@kind("flower", zh="花", classifier="朵")
def flower(pen: Pen) -> None:
    pen.line([(0, 0.2), (0, 0.99)], 0.2)  # stem, dark then green: an outlined stroke
    pen.line([(0, 0.2), (0, 0.97)], 0.12, LEAF)
    pen.ellipse(0.27, 0.68, 0.26, 0.1, LEAF, tilt=-35)
    pen.ellipse(-0.27, 0.78, 0.26, 0.1, LEAF, tilt=35)
    for i in range(6):
        a = i * pi / 3 + pi / 6
        x, y = 0.47 * cos(a), -0.25 + 0.46 * sin(a)
        pen.ellipse(x, y, 0.31, 0.26, pen.dark if sin(a) > 0.6 else pen.body, tilt=a * 180 / pi)
        pen.dot(x + 0.06 * cos(a), y - 0.06, 0.11, pen.light)
    pen.ellipse(0, -0.25, 0.24, 0.24, BROWN)


@kind("umbrella", zh="雨伞", classifier="把")
def umbrella(pen: Pen) -> None:
    pen.line([(0, -0.98), (0, 0.72), *arc(0.2, 0.72, 0.2, 0.2, 180, 0)], 0.11, BLACK)
    edge = [*arc(0.75, 0.14, 0.23, 0.16, 0, -180), *arc(0.26, 0.14, 0.26, 0.16, 0, -180)]
    edge += [*arc(-0.26, 0.14, 0.26, 0.16, 0, -180), *arc(-0.75, 0.14, 0.23, 0.16, 0, -180)]
    pen.polygon([*arc(0, 0.14, 0.98, 0.98, 180, 360), *edge])
    pen.polygon([*arc(0, 0.14, 0.94, 0.92, 190, 270), *arc(0, 0.14, 0.56, 0.92, 270, 190)], pen.light, False)
    pen.polygon([*arc(0, 0.06, 0.94, 0.88, 350, 270), *arc(0, 0.06, 0.56, 0.88, 270, 350)], pen.dark, False)
    for half in (-0.52, 0.52):
        pen.line(arc(0, 0.14, half, 0.98, 270, 360), 0.05)
    pen.line([(0, -0.82), (0, 0.1)], 0.05)


@kind("mushroom", zh="蘑菇", classifier="个")
def mushroom(pen: Pen) -> None:
    pen.polygon([(-0.26, 0.1), (0.26, 0.1), (0.36, 0.9), (0.2, 0.99), (-0.2, 0.99), (-0.36, 0.9)], CREAM)
    pen.polygon([*arc(0, 0.16, 0.96, 1.14, 180, 360), *arc(0, 0.16, 0.96, 0.2, 0, 180)])
    pen.polygon(
        [*arc(0, 0.16, 0.92, 0.16, 0, 180), *arc(0, 0.16, 0.92, 0.1, 180, 0)], pen.dark, outline=False
    )
    for x, y, size in ((-0.02, -0.56, 0.23), (-0.52, -0.1, 0.2), (0.5, -0.16, 0.22), (0.02, 0.06, 0.14)):
        pen.ellipse(x, y, size, size * 0.9, pen.mark, outline=False)


@kind("star", zh="星星", classifier="颗")
def star(pen: Pen) -> None:
    rim = [(r * sin(i * pi / 5), 0.08 - r * cos(i * pi / 5)) for i, r in enumerate([1.04, 0.46] * 5)]
    pen.polygon(rim)
    for i in range(0, 10, 2):  # a dark facet on one side of every point, a light one on the first
        pen.polygon([(0, 0.08), rim[i], rim[i + 1]], pen.dark, outline=False)
    pen.polygon([(0, 0.08), rim[0], rim[9]], pen.light, outline=False)
    pen.polygon([(0, 0.08), rim[8], rim[7]], pen.light, outline=False)
    pen.line([*rim, rim[0], rim[1]], 0.06)


@kind("butterfly", zh="蝴蝶", classifier="只")
def butterfly(pen: Pen) -> None:
    for side in (-1, 1):
        pen.ellipse(side * 0.42, 0.48, 0.36, 0.38, pen.dark)
        pen.ellipse(side * 0.54, -0.3, 0.5, 0.4, tilt=side * -35)
        pen.dot(side * 0.6, -0.36, 0.2, pen.light)
        pen.dot(side * 0.62, -0.38, 0.11, pen.mark)
        pen.dot(side * 0.42, 0.5, 0.12, pen.mark)
        pen.line([(0, -0.5), (side * 0.12, -0.8), (side * 0.26, -0.92)], 0.06)
    pen.ellipse(0, 0.08, 0.11, 0.62, BLACK)


@kind("rabbit", zh="兔子", classifier="只")
def rabbit(pen: Pen) -> None:
    pen.dot(0.86, 0.56, 0.2, pen.edge)
    pen.dot(0.84, 0.56, 0.15, WHITE)
    for x, tilt in ((-0.18, 14), (-0.56, -8)):
        pen.ellipse(x, -0.58, 0.15, 0.42, tilt=tilt)
        pen.ellipse(x, -0.56, 0.06, 0.28, pen.dark, outline=False, tilt=tilt)
    pen.ellipse(0.24, 0.5, 0.6, 0.48)
    pen.ellipse(0.4, 0.58, 0.32, 0.32, pen.dark)
    pen.ellipse(-0.06, 0.87, 0.4, 0.12)
    pen.ellipse(-0.44, 0.02, 0.44, 0.36)
    pen.dot(-0.52, -0.06, 0.11)
    pen.dot(-0.85, 0.06, 0.08)


@kind("cup", zh="杯子", classifier="个")
def cup(pen: Pen) -> None:
    pen.line(arc(0.52, 0.06, 0.4, 0.42, -80, 80), 0.3)
    pen.line(arc(0.52, 0.06, 0.4, 0.42, -90, 90), 0.16, pen.body)
    pen.polygon([(-0.9, -0.66), *arc(-0.14, 0.72, 0.62, 0.24, 180, 0), (0.62, -0.66)])
    pen.polygon([(0.3, -0.6), (0.59, -0.6), (0.46, 0.7), (0.22, 0.9)], pen.dark, outline=False)
    pen.polygon([(-0.74, -0.36), (-0.56, -0.32), (-0.5, 0.6), (-0.64, 0.56)], pen.light, outline=False)
    pen.ellipse(-0.14, -0.66, 0.77, 0.24, pen.light)
    pen.ellipse(-0.14, -0.62, 0.58, 0.15, BROWN)


@kind("kite", zh="风筝", classifier="只")
def kite(pen: Pen) -> None:
    pen.line([(0, 0.4), (0.2, 0.6), (0, 0.78), (0.3, 0.97)], 0.07)
    left, right, top, bottom, heart = (-0.72, -0.36), (0.72, -0.36), (0, -0.99), (0, 0.44), (0, -0.36)
    pen.polygon([top, right, heart], pen.dark)
    pen.polygon([bottom, left, heart], pen.dark)
    pen.polygon([top, left, heart])
    pen.polygon([bottom, right, heart])
    for x, y in ((0.16, 0.62), (0.12, 0.88)):
        pen.polygon([(x - 0.26, y - 0.12), (x + 0.26, y + 0.12), (x + 0.26, y - 0.12), (x - 0.26, y + 0.12)])
