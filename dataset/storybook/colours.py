"""The eight colours of the storybook world, their Chinese names, and the shades that drawing needs."""

Colour = tuple[int, int, int]  # red, green, blue, each 0..255

# Light, dark and hue are spread together: pink is light, purple dark and bluish, orange midway red to yellow.
COLOURS: dict[str, Colour] = {
    "red": (216, 32, 36),
    "orange": (250, 136, 18),
    "yellow": (252, 224, 48),
    "green": (48, 166, 62),
    "blue": (34, 104, 224),
    "purple": (116, 48, 172),
    "pink": (252, 152, 198),
    "white": (244, 244, 244),
}

COLOURS_ZH: dict[str, str] = {
    "red": "红色",
    "orange": "橙色",
    "yellow": "黄色",
    "green": "绿色",
    "blue": "蓝色",
    "purple": "紫色",
    "pink": "粉色",
    "white": "白色",
}

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (24, 22, 28)
BROWN: Colour = (122, 82, 48)
CREAM: Colour = (240, 226, 196)
LEAF: Colour = (104, 148, 84)
GOLD: Colour = (236, 178, 50)
GLASS: Colour = (196, 220, 232)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """The colour `share` (0..1) of the way from `a` to `b`."""
    return tuple(round(p + (q - p) * share) for p, q in zip(a, b, strict=True))


def brightness(colour: Colour) -> float:
    """How light the eye finds a colour, 0..255 (Rec. 601 weights)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
