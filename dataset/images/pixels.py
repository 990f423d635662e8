"""From an opened picture to RGB, 8 bits: pixels decide, and of all else only what says how they are meant.

What says so is the orientation and the value that is transparent. The rest of a picture's metadata is not
kept, and where it is broken the picture is not.
"""

import contextlib

import numpy as np
from PIL import ExifTags, Image, ImageFile

Turn = Image.Transpose
TURNS = {  # EXIF's orientation -> what undoes it (CIPA DC-008, 4.6.5)
    2: Turn.FLIP_LEFT_RIGHT,
    3: Turn.ROTATE_180,
    4: Turn.FLIP_TOP_BOTTOM,
    5: Turn.TRANSPOSE,
    6: Turn.ROTATE_270,
    7: Turn.TRANSVERSE,
    8: Turn.ROTATE_90,
}
SCALED = {"L;2": 85, "L;4": 17, "RGB;16B": 1 / 256}  # how a PNG stores pixels -> what makes them 8 bits


def to_rgb(image: Image.Image) -> Image.Image:
    """A new picture: upright, transparency over white. Decodes. Raises whatever Pillow raises."""
    image.load()
    image = _upright(image)
    if image.mode[0] in "IF":  # I;16, I;16B, I and F: Pillow would clip what lies above 255
        image = _to_8_bit(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    found = image.convert("RGB")
    found.info = {}  # not turned again by whoever reads it
    return found


def scale_transparency(image: ImageFile.ImageFile) -> None:
    """The transparent value of a PNG, in the 8 bits of its pixels: Pillow leaves it as it is stored."""
    value = image.info.get("transparency")
    if image.format != "PNG" or value is None or image.tile[0].args not in SCALED:
        return
    by = SCALED[image.tile[0].args]
    values = tuple(int(one * by) for one in (value if isinstance(value, tuple) else (value,)))
    image.info["transparency"] = values if isinstance(value, tuple) else values[0]


def _upright(image: Image.Image) -> Image.Image:
    """As it was held, where its EXIF can be read; else as it is stored."""
    turn = None
    with contextlib.suppress(Exception):  # any program may have written it, and any part be broken
        turn = TURNS.get(image.getexif().get(ExifTags.Base.Orientation))
    return image if turn is None else image.transpose(turn)


def _to_8_bit(image: Image.Image) -> Image.Image:
    """Integer greys run to 65535; floats to 1, 255 or 65535, the first that holds them all. Transparent is
    white."""
    grey = np.asarray(image).astype(np.float64)  # (height, width)
    tops = (1, 255, 65535) if image.mode == "F" else (65535,)
    top = next((top for top in tops if grey.max() <= top), None)
    if top is None or grey.min() < 0:
        raise ValueError(f"grey values from {grey.min():g} to {grey.max():g}, not within 0 to {tops[-1]}")
    if isinstance(clear := image.info.get("transparency"), int):
        grey[grey == clear] = top
    return Image.fromarray((grey * (255 / top)).round().astype(np.uint8))
