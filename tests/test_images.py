"""Every kind of picture becomes the right RGB or one clear line, and our pixels are CLIP's."""

import io
import json
import struct
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin
from PIL.PngImagePlugin import PngInfo
from transformers import CLIPImageProcessorPil

from dataset.errors import DataError
from dataset.images import load as images
from dataset.images import picture_files
from dataset.images.load import load_image
from dataset.images.preprocess import Preprocessor
from tests.proof import same

RED, WHITE = (255, 0, 0), (255, 255, 255)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def grey_value(source: bytes | Image.Image) -> int:
    """The one value of all pixels and channels of a grey picture."""
    values = np.unique(np.asarray(load_image(source)))
    assert values.size == 1, f"expected one grey, found {values}"
    return int(values[0])


# --- where a picture comes from


def test_path_text_bytes_and_image_give_the_same_picture(tmp_path):
    picture = noise(9, 5)
    path = tmp_path / "a.png"
    picture.save(path)
    for source in (path, str(path), path.read_bytes(), picture):
        loaded = load_image(source)
        assert loaded.mode == "RGB" and loaded is not picture
        np.testing.assert_array_equal(np.asarray(loaded), np.asarray(picture))


# --- what a picture is stored as


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr"])
def test_opaque_modes_keep_their_colour(mode):
    if mode in ("1", "L"):
        assert grey_value(Image.new("L", (4, 3), 255).convert(mode)) == 255
        assert grey_value(Image.new("L", (4, 3), 0).convert(mode)) == 0
    else:
        kind = {"CMYK": "JPEG", "YCbCr": "JPEG"}.get(mode, "PNG")
        loaded = load_image(encoded(Image.new("RGB", (16, 16), RED).convert(mode), kind))
        assert np.abs(np.asarray(loaded).astype(int) - RED).max() <= 3


def test_alpha_lies_over_white():
    for mode, clear, half in [("RGBA", (255, 0, 0, 0), (255, 0, 0, 128)), ("LA", (0, 0), (0, 128))]:
        assert load_image(encoded(Image.new(mode, (2, 2), clear))).getpixel((0, 0)) == WHITE
        mixed = load_image(encoded(Image.new(mode, (2, 2), half))).getpixel((0, 0))
        assert mixed[1] in (126, 127, 128), mode


def test_transparent_colour_of_palette_rgb_and_grey_is_white():
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, *RED])
    palette.putdata([0, 1])
    loaded = load_image(encoded(palette, transparency=0))
    assert [loaded.getpixel((x, 0)) for x in (0, 1)] == [WHITE, RED]
    colour = Image.new("RGB", (2, 2), (10, 20, 30))
    assert load_image(encoded(colour, transparency=(10, 20, 30))).getpixel((0, 0)) == WHITE
    assert load_image(encoded(Image.new("L", (2, 2), 7), transparency=7)).getpixel((0, 0)) == WHITE


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bit_grey_is_scaled_not_clipped(kind):
    for value, expected in [(0, 0), (1000, 4), (32768, 128), (65535, 255)]:
        grey = Image.fromarray(np.full((3, 4), value, dtype=np.uint16))
        assert grey_value(encoded(grey, kind)) == expected


def test_wide_integer_and_float_greys():
    assert grey_value(Image.fromarray(np.full((2, 2), 32768, dtype=np.int32))) == 128
    for value, expected in [(0.5, 128), (200.0, 200), (32768.0, 128)]:
        assert grey_value(encoded(Image.fromarray(np.full((2, 2), value, np.float32)), "TIFF")) == expected
    for bad in (-1.0, 1e6, float("nan")):
        with pytest.raises(DataError, match="grey values"):
            load_image(Image.fromarray(np.full((2, 2), bad, np.float32)))


def test_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, (0, 0, 255))]
    for kind in ("GIF", "PNG", "WEBP"):
        options = {"lossless": True} if kind == "WEBP" else {}
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert Image.open(io.BytesIO(data)).n_frames == 2
        assert load_image(data).getpixel((0, 0)) == RED


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    upright = np.zeros((4, 6, 3), dtype=np.uint8)
    upright[:2, :3] = RED  # top left
    # How a camera turned that way stores it: what EXIF's table of orientations undoes.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    loaded = load_image(encoded(Image.fromarray(np.ascontiguousarray(stored)), exif=exif))
    np.testing.assert_array_equal(np.asarray(loaded), upright)
    np.testing.assert_array_equal(np.asarray(load_image(loaded)), upright)  # not turned twice


# --- pixels decide, not metadata


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
@pytest.mark.parametrize("exif", [b"x", b"Exif\0\0junk", b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12\0\x03"])
def test_broken_exif_is_not_a_broken_picture(kind, exif):
    assert load_image(encoded(noise(8, 6), kind, exif=exif)).size == (8, 6)


def test_exif_that_cannot_be_written_again_turns_all_the_same():
    """A field of a kind that its number does not have: Pillow reads it, and raises when it writes it."""
    fields = struct.pack(">HHHIHH", 2, 0x0112, 3, 1, 6, 0) + struct.pack(">HHI4s", 0x011A, 2, 2, b"x\0\0\0")
    data = encoded(noise(8, 6), exif=b"MM\0*\0\0\0\x08" + fields + bytes(4))
    assert load_image(data).size == (6, 8)


@pytest.mark.parametrize("kind", ["zTXt", "tEXt", "iTXt", "icc"])
def test_long_notes_in_a_png_are_no_matter(kind):
    info, long = PngInfo(), "parameters " * 200_000
    if kind == "iTXt":
        info.add_itxt("notes", long, zip=True)
    elif kind != "icc":
        info.add_text("notes", long, zip=kind == "zTXt")
    profile = bytes(2_000_000) if kind == "icc" else None
    loaded = load_image(encoded(Image.new("RGB", (4, 3), RED), pnginfo=info, icc_profile=profile))
    assert loaded.getpixel((0, 0)) == RED and not loaded.info


def test_a_bomb_in_the_notes_is_refused():
    info = PngInfo()
    info.add_text("notes", "a" * (PngImagePlugin.MAX_TEXT_MEMORY + 1), zip=True)
    data = encoded(Image.new("RGB", (4, 3)), pnginfo=info)
    with pytest.raises(DataError, match="damaged"):
        load_image(data)


def png(depth: int, kind: int, row: bytes, transparent: bytes) -> bytes:
    """Two pixels, of which the first is the transparent one (the PNG specification, 11.3.2.1)."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 2, 1, depth, kind, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"tRNS", transparent), (b"IDAT", zlib.compress(b"\0" + row)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


@pytest.mark.parametrize(
    "depth, kind, row, transparent, other",
    [
        (1, 0, b"\x40", struct.pack(">H", 0), (255, 255, 255)),
        (2, 0, b"\x60", struct.pack(">H", 1), (170, 170, 170)),
        (4, 0, b"\x3a", struct.pack(">H", 3), (170, 170, 170)),
        (8, 0, b"\x03\x0a", struct.pack(">H", 3), (10, 10, 10)),
        (16, 0, struct.pack(">HH", 770, 32768), struct.pack(">H", 770), (128, 128, 128)),
        (16, 0, struct.pack(">HH", 0, 32768), struct.pack(">H", 0), (128, 128, 128)),
        (8, 2, bytes([0, 3, 255, 9, 9, 9]), struct.pack(">3H", 0, 3, 255), (9, 9, 9)),
        (16, 2, struct.pack(">6H", 0, 770, 65535, 2313, 1, 1), struct.pack(">3H", 0, 770, 65535), (9, 0, 0)),
    ],
)
def test_a_transparent_value_is_white_at_any_depth(depth, kind, row, transparent, other):
    loaded = load_image(png(depth, kind, row, transparent))
    assert [loaded.getpixel((x, 0)) for x in (0, 1)] == [WHITE, other]


@pytest.mark.parametrize("progressive", [False, True])
def test_a_large_jpeg_is_opened_at_half_its_sides(progressive):
    picture = Image.new("RGB", (61, 40), RED)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(picture, "JPEG", progressive=progressive, exif=exif)
    for most, size in [(2440, (40, 61)), (2439, (20, 31)), (888, (20, 31))]:
        loaded = load_image(data, max_pixels=most)
        assert loaded.size == size and np.abs(np.asarray(loaded).astype(int) - RED).max() <= 3
    with pytest.raises(DataError, match="61 x 40 pixels, at most 2439 are read"):
        load_image(data, max_pixels=887)
    with pytest.raises(DataError, match="61 x 40 pixels, at most 2439 are read"):
        load_image(encoded(picture), max_pixels=2439)


# --- what is no picture


HEIF = b"\0\0\0\x18ftypheic\0\0\0\0heic"


@pytest.fixture
def heif(monkeypatch):
    """What `import pillow_heif` finds is set."""
    picture_files.formats.cache_clear()
    yield lambda package: monkeypatch.setitem(sys.modules, "pillow_heif", package)
    picture_files.formats.cache_clear()


def test_heic_is_said_to_want_its_package(heif):
    heif(None)
    with pytest.raises(DataError, match=r"HEIC is read where .*; \.venv/bin/pip install pillow-heif, or"):
        load_image(HEIF)


def test_heic_is_read_where_its_package_is(heif, monkeypatch):
    def register():
        reader, accepts = lambda file, name: Image.new("RGB", (3, 2), RED), picture_files.is_heic
        monkeypatch.setitem(Image.OPEN, "HEIF", (reader, accepts))

    heif(SimpleNamespace(register_heif_opener=register))
    assert load_image(HEIF).size == (3, 2)


def test_bad_files_give_one_line_with_path_and_advice(tmp_path):
    png = encoded(noise(40, 40))
    (tmp_path / "cut.png").write_bytes(png[: len(png) // 2])
    (tmp_path / "head.png").write_bytes(png[:20])
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "vector.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    advice = {
        "cut.png": "damaged .* save it",
        "head.png": "damaged.* give one of",
        "text.png": "not a picture.* give one of",
        "vector.eps": "not a picture.* give one of",
        "empty.png": "empty.* give one of",
        "folder.png": "directory; name a picture in it",
        "missing.png": "No such file.*; check",
        "cut": r"No such file.*; there is .*/cut\.png$",
        "text.jpg": r"No such file.*; there is .*/text\.png$",  # and text.csv, which is no picture
        "HEAD.JPG": r"No such file.*; there is .*/head\.png$",
        "book.png": "a zip archive, or a spreadsheet; unpack",
        "page.png": "a PDF; save what it shows as PNG",
    }
    (tmp_path / "text.csv").touch()
    (tmp_path / "book.png").write_bytes(b"PK\3\4xl")
    (tmp_path / "page.png").write_bytes(b"%PDF-1.4")
    for name, expected in advice.items():
        with pytest.raises(DataError, match=expected) as caught:
            load_image(tmp_path / name, name="data.jsonl line 7")
        message = str(caught.value)
        assert message.startswith(f"{tmp_path / name} (data.jsonl line 7): ") and "\n" not in message


def test_bad_bytes_are_named():
    jpeg = encoded(noise(64, 64), "JPEG")
    for data in (b"", b"text", jpeg[: len(jpeg) // 2]):
        with pytest.raises(DataError, match=r"^val\.parquet row 3: .*(empty|damaged)"):
            load_image(data, name="val.parquet row 3")


def test_line_breaks_in_a_name_stay_one_line():
    with pytest.raises(DataError, match=r"^a\?b\.png: "):
        load_image("a\nb.png")


def test_size_is_bounded_before_decoding(monkeypatch):
    data = encoded(noise(20, 10))

    def decoded(*_):
        raise AssertionError("decoded before the size was checked")

    assert load_image(data, max_pixels=200).size == (20, 10)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
    with pytest.raises(DataError, match="20 x 10 pixels, at most 199 are read; make it smaller"):
        load_image(data, max_pixels=199)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)  # so large that Pillow itself refuses
    with pytest.raises(DataError, match="too large; make it smaller"):
        load_image(data)


def test_strips_and_nothing_are_refused():
    assert load_image(noise(200, 1)).size == (200, 1)
    with pytest.raises(DataError, match="201 x 1 pixels is a strip"):
        load_image(noise(201, 1))
    with pytest.raises(DataError, match="0 x 3 pixels, nothing to see"):
        load_image(Image.new("RGB", (0, 3)))


# --- CLIP's pixels


@pytest.mark.parametrize("crop", [True, False])
@pytest.mark.parametrize("size", [32, 33])
def test_pixels_are_those_of_transformers(tmp_path, crop, size):
    ours = Preprocessor(size, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4), crop=crop)
    ours.to_json(tmp_path / "preprocessor_config.json")
    theirs = CLIPImageProcessorPil.from_pretrained(tmp_path)
    shapes = [(57, 91), (91, 57), (33, 34), (35, 32), (32, 32), (1, 1), (3, 2), (2, 7), (301, 299), (129, 40)]
    for seed, (width, height) in enumerate(shapes):
        image = noise(width, height, seed)
        expected = theirs(image, return_tensors="pt")["pixel_values"][0].float()
        found = ours(image)
        assert found.shape == (3, size, size) and found.dtype == torch.float32
        same("preprocessing: pixels", "CLIPImageProcessor", found, expected, close=1e-5)


def test_defaults_are_those_of_clip():
    image = noise(300, 231)
    expected = CLIPImageProcessorPil()(image, return_tensors="pt")["pixel_values"][0].float()
    torch.testing.assert_close(Preprocessor()(image), expected, rtol=0, atol=1e-5)


def test_preprocessor_wants_rgb():
    with pytest.raises(ValueError, match="mode L, expected RGB"):
        Preprocessor()(Image.new("L", (4, 4)))


@pytest.mark.parametrize("crop", [True, False])
def test_json_round_trip(tmp_path, crop):
    ours = Preprocessor(48, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), crop)
    ours.to_json(tmp_path / "p.json")
    assert Preprocessor.from_json(tmp_path / "p.json") == ours


def test_json_of_transformers_is_read(tmp_path):
    CLIPImageProcessorPil(size={"shortest_edge": 40}, crop_size={"height": 40, "width": 40}).save_pretrained(
        tmp_path
    )
    assert Preprocessor.from_json(tmp_path / "preprocessor_config.json") == Preprocessor(40)


def test_json_of_openai_with_bare_sizes_is_read(tmp_path):
    fields = {
        "size": 96,
        "crop_size": 96,
        "do_center_crop": True,
        "feature_extractor_type": "CLIPFeatureExtractor",
    }
    path = tmp_path / "p.json"
    path.write_text(json.dumps(fields | {"rescale_factor": 0.00392156862745, "do_pad": None}))
    assert Preprocessor.from_json(path) == Preprocessor(96)


def test_json_without_crop_may_say_any_crop_size(tmp_path):
    path = tmp_path / "p.json"
    Preprocessor(32, crop=False).to_json(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"crop_size": 224}))
    assert Preprocessor.from_json(path) == Preprocessor(32, crop=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resample": 1}, "resample is 1, only 3"),
        ({"do_resize": False}, "do_resize is False, only True"),
        ({"do_normalize": False}, "do_normalize is False"),
        ({"do_rescale": False}, "do_rescale is False"),
        ({"rescale_factor": 1.0}, "rescale_factor is 1.0"),
        ({"rescale_factor": "x"}, "rescale_factor is 'x'"),
        ({"do_pad": True}, "do_pad is True"),
        ({"do_center_crop": False}, "do_center_crop is False"),
        ({"crop_size": {"height": 32, "width": 30}}, "crop_size is .*30.*, only"),
        ({"size": 16}, "crop_size is .*32.*, only .*16"),
        ({"size": {"longest_edge": 32}}, "size is .*longest_edge"),
        ({"size": {"height": 32, "width": 40}, "do_center_crop": False}, "size is .*40.*, only"),
        ({"size": {"shortest_edge": 0}}, "size is .*0"),
        ({"size": "32"}, "size is '32'"),
        ({"image_mean": 0.5}, "image_mean is 0.5, expected 3 numbers"),
        ({"image_std": [1, 1]}, r"image_std is \[1, 1\], expected 3 numbers"),
        ({"image_std": [0, 1, 1]}, r"image_std is \[0, 1, 1\]"),
        ({"image_processor_type": "ViTImageProcessor"}, "image_processor_type is 'ViTImageProcessor'; known"),
    ],
)
def test_json_that_would_give_other_pixels_is_refused(tmp_path, change, message):
    path = tmp_path / "p.json"
    Preprocessor(32).to_json(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DataError, match=message) as caught:
        Preprocessor.from_json(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_json_missing_or_broken_is_named(tmp_path):
    path: Path = tmp_path / "p.json"
    with pytest.raises(DataError, match=r"p\.json: No such file.*; it belongs"):
        Preprocessor.from_json(path)
    for text in ("{", "[]"):
        path.write_text(text)
        with pytest.raises(DataError, match=r"p\.json: not .*JSON.*; copy it again"):
            Preprocessor.from_json(path)


def test_what_phones_make_may_be_larger(monkeypatch):
    data = encoded(Image.new("RGB", (11, 11), RED))
    with pytest.raises(DataError, match="at most 100 are read"):
        load_image(data, max_pixels=100)
    monkeypatch.setitem(images.PHONES, "PNG", images.PHONES["HEIF"])  # which Pillow alone does not write
    assert load_image(data, max_pixels=100).size == (11, 11)
    with pytest.raises(DataError, match="at most 125 are read"):
        load_image(encoded(Image.new("RGB", (12, 12))), max_pixels=100)
