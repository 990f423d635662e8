"""Thirteen more kinds of thing, drawn with the same pen as those of things.py."""

from math import cos, pi, sin

from dataset.storybook.colours import BLACK, BROWN, CREAM, GLASS, GOLD, LEAF, WHITE
from dataset.storybook.kind import kind
from dataset.storybook.pen import Pen, arc


@kind("apple", zh="苹果", classifier="个")
def apple(pen: Pen) -> None:
    pen.polygon([*arc(-0.36, 0.14, 0.58, 0.72, 90, 300), *arc(0.36, 0.14, 0.58, 0.72, 240, 450)])
    pen.polygon([*arc(0.36, 0.14, 0.56, 0.7, -60, 90), *arc(0.2, 0.14, 0.5, 0.66, 90, -50)], pen.dark, False)
    pen.ellipse(-0.52, -0.1, 0.14, 0.24, pen.light, outline=False, tilt=20)
    pen.line([(0, -0.4), (0.04, -0.7), (0.14, -0.92)], 0.14, BROWN)
    pen.ellipse(0.46, -0.76, 0.32, 0.14, LEAF, tilt=-24)


@kind("key", zh="钥匙", classifier="把")
def key(pen: Pen) -> None:
    for width, fill in ((0.34, pen.edge), (0.22, pen.body)):
        pen.line(arc(-0.56, 0, 0.3, 0.3, 0, 360), width, fill)
        pen.line([(-0.26, 0), (0.96, 0)], width, fill)
        for x, down in ((0.9, 0.44), (0.5, 0.36)):
            pen.line([(x, 0), (x, down)], width, fill)
    pen.line(arc(-0.56, 0, 0.3, 0.3, 180, 300), 0.08, pen.light)


@kind("clock", zh="时钟", classifier="个")
def clock(pen: Pen) -> None:
    for x in (-0.5, 0.5):
        pen.polygon([(x - 0.12, 0.6), (x + 0.12, 0.6), (x * 1.4, 0.98)], pen.dark)
        pen.ellipse(x, -0.74, 0.34, 0.24, pen.dark, tilt=x * 70)  # bells
    pen.ellipse(0, 0.08, 0.84, 0.84)
    pen.ellipse(0, 0.08, 0.6, 0.6, WHITE)
    for i in range(12):
        a = i * pi / 6
        pen.dot(0.48 * cos(a), 0.08 + 0.48 * sin(a), 0.06)
    pen.line([(0, -0.3), (0, 0.08), (0.26, 0.22)], 0.1, BLACK)


@kind("hat", zh="帽子", classifier="顶")
def hat(pen: Pen) -> None:
    pen.ellipse(0, 0.56, 0.99, 0.28)
    pen.polygon([(-0.6, 0.5), *arc(0, -0.7, 0.5, 0.16, 180, 360), *arc(0, 0.5, 0.6, 0.18, 0, 180)])
    pen.polygon([*arc(0, 0.14, 0.56, 0.14, 180, 0), *arc(0, 0.46, 0.59, 0.16, 0, 180)], BLACK)  # band
    pen.ellipse(0, -0.7, 0.44, 0.1, pen.dark, outline=False)
    pen.line([(-0.34, -0.4), (-0.38, 0.06)], 0.12, pen.light)


@kind("snail", zh="蜗牛", classifier="只")
def snail(pen: Pen) -> None:
    foot = [(-0.99, 0.92), (-0.94, -0.1), (-0.6, -0.14), (-0.5, 0.5), (0.96, 0.74), (0.98, 0.92)]
    pen.polygon(foot, CREAM)
    for x in (-0.92, -0.62):
        pen.line([(x + 0.06, -0.1), (x, -0.56)], 0.1)
        pen.dot(x, -0.58, 0.11)
    pen.ellipse(0.22, 0.06, 0.7, 0.7)
    turns = [(0.6 - 0.021 * i, 0.3 * i - 0.5) for i in range(28)]  # radius, angle
    pen.line([(0.22 + r * cos(a), 0.06 + r * sin(a)) for r, a in turns], 0.13, pen.dark)
    pen.dot(-0.8, 0.12, 0.07)


@kind("turtle", zh="乌龟", classifier="只")
def turtle(pen: Pen) -> None:
    for x in (-0.52, 0.44):
        pen.polygon([(x - 0.18, 0.3), (x + 0.18, 0.3), (x + 0.2, 0.84), (x - 0.2, 0.84)], LEAF)
    pen.polygon([(0.7, 0.36), (0.99, 0.56), (0.66, 0.52)], LEAF)
    pen.ellipse(-0.8, 0.02, 0.2, 0.26, LEAF)
    pen.polygon([*arc(0.06, 0.42, 0.76, 0.98, 180, 360), *arc(0.06, 0.42, 0.76, 0.16, 0, 180)])
    for x in (-0.26, 0.06, 0.38):
        pen.line([(x, 0.34), (0.06 + (x - 0.06) * 0.5, -0.42)], 0.08, pen.dark)
    pen.line(arc(0.06, 0.42, 0.66, 0.44, 190, 350), 0.08, pen.dark)
    pen.line(arc(0.06, 0.42, 0.6, 0.8, 200, 260), 0.1, pen.light)
    pen.dot(-0.86, -0.06, 0.08)


@kind("rocket", zh="火箭", classifier="枚")
def rocket(pen: Pen) -> None:
    pen.polygon([(-0.26, 0.6), (0.26, 0.6), (0, 1.04)], GOLD)
    for side in (-1, 1):
        pen.polygon([(side * 0.3, 0.1), (side * 0.82, 0.7), (side * 0.3, 0.6)], pen.dark)
    pen.polygon([(-0.38, 0.66), (-0.44, 0), (-0.3, -0.58), (0, -1.02), (0.3, -0.58), (0.44, 0), (0.38, 0.66)])
    pen.polygon([(-0.3, -0.58), (0, -1.02), (0.3, -0.58)], pen.dark)
    pen.dot(0, -0.14, 0.28, pen.edge)
    pen.dot(0, -0.14, 0.2, GLASS)
    pen.line([(-0.28, 0.16), (-0.26, 0.56)], 0.1, pen.light)


@kind("plane", zh="飞机", classifier="架")
def plane(pen: Pen) -> None:
    pen.polygon([(0.46, -0.16), (0.68, -0.78), (0.98, -0.78), (0.9, 0.0)], pen.dark)  # fin
    pen.polygon([(-0.3, -0.08), (0.34, -0.6), (0.52, -0.56), (0.16, 0.02)], pen.dark)  # far wing
    pen.polygon([(-0.99, 0.1), (-0.74, -0.16), (0.86, -0.14), (0.99, -0.02), (0.6, 0.28), (-0.66, 0.32)])
    pen.polygon([(-0.86, 0.0), (-0.7, -0.13), (-0.5, -0.13), (-0.56, 0.04)], GLASS)
    for x in (-0.3, -0.02, 0.26, 0.54):
        pen.dot(x, 0.0, 0.08, GLASS)
    pen.polygon([(-0.3, 0.16), (0.24, 0.16), (0.56, 0.86), (0.3, 0.9)], pen.light)  # near wing


@kind("guitar", zh="吉他", classifier="把")
def guitar(pen: Pen) -> None:
    pen.line([(0.1, -0.1), (0.7, -0.82)], 0.2)
    pen.line([(0.1, -0.1), (0.7, -0.82)], 0.1, BROWN)
    pen.polygon([(0.56, -0.82), (0.76, -1), (0.98, -0.8), (0.8, -0.62)], BROWN)
    pen.ellipse(-0.36, 0.42, 0.6, 0.54, tilt=-50)
    pen.ellipse(0.06, -0.04, 0.42, 0.38, tilt=-50)
    pen.ellipse(-0.26, 0.3, 0.42, 0.3, pen.body, outline=False, tilt=-50)  # waist, over the two outlines
    pen.dot(-0.1, 0.12, 0.19, BLACK)
    pen.line([(-0.56, 0.44), (-0.3, 0.66)], 0.12, BROWN)
    for shift in (-0.06, 0.06):
        pen.line([(-0.43 + shift, 0.55 + shift), (0.68 + shift, -0.8 + shift)], 0.03, CREAM)


@kind("crown", zh="王冠", classifier="顶")
def crown(pen: Pen) -> None:
    pen.polygon(
        [(-0.8, 0.7), (-0.98, -0.5), (-0.44, 0.06), (0, -0.8), (0.44, 0.06), (0.98, -0.5), (0.8, 0.7)]
    )
    pen.polygon([(-0.8, 0.42), (0.8, 0.42), (0.76, 0.8), (-0.76, 0.8)], pen.dark)
    for x, y in ((-0.94, -0.56), (0, -0.84), (0.94, -0.56)):
        pen.dot(x, y, 0.15, pen.edge)
        pen.dot(x, y, 0.1, pen.light)
    for x in (-0.46, 0, 0.46):
        pen.dot(x, 0.61, 0.11, pen.mark)
    pen.line([(-0.66, 0.3), (-0.76, -0.14)], 0.1, pen.light)


@kind("book", zh="书", classifier="本")
def book(pen: Pen) -> None:
    pen.polygon([(-0.74, -0.8), (0.6, -0.8), (0.86, -0.62), (0.86, 0.98), (-0.5, 0.98), (-0.74, 0.8)], CREAM)
    for x in (0.68, 0.77):
        pen.line([(x, -0.6), (x, 0.92)], 0.03, pen.dark)
    pen.polygon([(-0.74, -0.98), (0.6, -0.98), (0.6, 0.8), (-0.74, 0.8)])
    pen.polygon([(-0.74, -0.98), (-0.5, -0.98), (-0.5, 0.8), (-0.74, 0.8)], pen.dark)  # spine
    pen.polygon([(-0.28, -0.66), (0.38, -0.66), (0.38, -0.28), (-0.28, -0.28)], pen.light)
    for y in (-0.54, -0.4):
        pen.line([(-0.16, y), (0.26, y)], 0.06)


@kind("chair", zh="椅子", classifier="把")
def chair(pen: Pen) -> None:
    for x, y in ((-0.5, 0.74), (0.3, 0.74), (-0.66, 0.98), (0.6, 0.98)):
        pen.polygon([(x - 0.09, 0.1), (x + 0.09, 0.1), (x + 0.08, y), (x - 0.08, y)], pen.dark)
    pen.polygon([(-0.56, -0.98), (0.44, -0.98), (0.5, 0.1), (-0.56, 0.1)])
    for x in (-0.3, -0.02, 0.26):
        pen.line([(x - 0.02, -0.74), (x, -0.04)], 0.14, pen.dark)
    pen.polygon([(-0.52, 0.02), (0.5, 0.02), (0.82, 0.36), (-0.84, 0.36)], pen.light)


@kind("elephant", zh="大象", classifier="头")
def elephant(pen: Pen) -> None:
    pen.line([(0.84, 0.0), (0.97, 0.4)], 0.1)
    for x in (-0.22, 0.08, 0.36, 0.64):
        pen.polygon([(x - 0.13, 0.3), (x + 0.13, 0.3), (x + 0.13, 0.95), (x - 0.13, 0.95)], pen.dark)
    pen.ellipse(0.26, 0.04, 0.66, 0.54)
    for width, fill in ((0.34, pen.edge), (0.22, pen.body)):
        pen.line([(-0.7, -0.04), (-0.86, 0.4), (-0.82, 0.78), (-0.62, 0.86)], width, fill)  # trunk
    pen.ellipse(-0.52, -0.26, 0.42, 0.42)
    pen.ellipse(-0.18, -0.28, 0.28, 0.44, pen.dark)  # ear
    pen.dot(-0.66, -0.34, 0.09)
    pen.polygon([(-0.62, 0.1), (-0.5, 0.12), (-0.66, 0.42)], WHITE)  # tusk
