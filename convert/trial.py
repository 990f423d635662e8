"""An import is tried by its own loader against its source, before it gets its name.

    folder just written -> our loader   \\
                                         > ids, pixels, features and last logits of one question
    its source          -> transformers /

What transformers does not read (minimind, nanovlm, gguf, bert) is opened by our loader alone.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import (
    AutoImageProcessor,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    Blip2ForConditionalGeneration,
    BlipForConditionalGeneration,
    Idefics3Processor,
    LlavaForConditionalGeneration,
    PreTrainedTokenizerFast,
)

from convert.files import WITH_TEMPLATE, ConvertError, Sources
from convert.template import SHOWN, SYSTEM, TALK, open_template
from convert.words import add_specials, special_tokens
from dataset.batches.packing import shared_start
from dataset.chat.render import IGNORED, TOKENIZER, Chat
from dataset.errors import read_object
from dataset.images.preprocess import Preprocessor
from dataset.images.processor_file import PIXELS, PROCESSOR, settings
from dataset.images.tiles import Grid, placeholders
from model.eyes import TRANSFORMERS, placeless, quietly
from model.files import Model
from model.hub import load
from scoring.assistant import Assistant

CLOSE = 1e-3  # of the largest number
FIRST = 4  # any id, as what is said first


def expect_same(written: Path, kind: str, sources: Sources) -> None:
    """Raises ConvertError that names what our loader makes of the folder and transformers of its source
    otherwise, and what our loader raises where it does not open it."""
    model, chat, preprocessor = opened(written)
    seen, grids = preprocessor.frames(picture()), preprocessor.grids([picture()])  # (F, 3, S, S)
    if sources.eye and settings(sources.eye):
        compare("pixels", seen, sources.eye, lambda: their_pixels(sources.eye))
    if chat and sources.words:
        expect_same_ids(chat, sources, grids, pictures=kind in WITH_TEMPLATE)
    with torch.no_grad():
        if sources.eye and (kind == "llama" or not sources.model):
            found = model.vision(seen)
            compare("features", found, sources.eye, lambda: their_features(sources.eye, model, seen))
        if sources.model:
            ids = question(kind, model, chat, grids)
            found = our_logits(model, ids, None if kind == "llama" else seen)
            compare("logits", found, sources.model, lambda: MODELS[kind](sources.model, ids, seen))


def opened(written: Path) -> tuple[Model, Chat | None, Preprocessor]:
    """As every command opens it."""
    if not (written / TOKENIZER).is_file():
        return load(written).eval(), None, Preprocessor.from_json(written / PIXELS)
    assistant = Assistant.load(written, "cpu")
    return assistant.vlm, assistant.chat, assistant.preprocessor


def picture() -> Image.Image:
    """Noise, wider than high: what is cut off, what is cut into tiles and what is squashed shows."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (400, 700, 3), dtype=np.uint8))


def question(kind: str, model: Model, chat: Chat | None, grids: Sequence[Grid]) -> Tensor:
    """ids (1, T), those of a picture among them where the model sees."""
    if chat:
        return torch.tensor([chat.prompt(TALK[:1] if kind == "llama" else SHOWN, grids)])
    image = model.config.image_token_id
    ids = [id for id in range(4, 16) if id != image]
    places = placeholders(grids, model.config.image_tokens)[0] if kind in WITH_TEMPLATE else 0
    return torch.tensor([[*[image] * places, *ids]])


def expect_same_ids(chat: Chat, sources: Sources, grids: Sequence[Grid], pictures: bool) -> None:
    """A conversation in one go, special tokens among its text, as other programs encode it."""
    folder = sources.words
    talk = SHOWN if pictures else [SYSTEM, *TALK[:1]]
    template, bos, mark = open_template(folder, pictures), "".join(chat.format.begin), chat.format.placeholder
    shown = their_tiles(chat, sources) if chat.format.tile else mark * chat.image_tokens
    text = template.write(talk).replace(mark, shown) if template else chat.spelled(talk, grids)
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_truncation(), tokenizer.no_padding()  # as transformers does, whatever the file says
    add_specials(tokenizer, special_tokens(chat.tokenizer))
    begin = tokenizer.encode(bos, add_special_tokens=False).ids
    spelled = template is not None and text.startswith(bos)  # else it is put in front of the ids
    rest = tokenizer.encode(text if spelled else text.removeprefix(bos), add_special_tokens=False).ids
    expected, found = rest if spelled else begin + rest, chat.prompt(talk, grids)
    if found != expected:
        at = shared_start([found, expected])
        theirs, ours = ([*map(tokenizer.id_to_token, ids[at:][:5])] for ids in (expected, found))
        raise ConvertError(f"{folder}: after {at} tokens a conversation goes on {theirs} there, {ours} here")


def compare(name: str, found: Tensor, folder: Path, theirs: Callable[[], Tensor]) -> None:
    """Raises ConvertError where they differ by more than rounding. That transformers does not run the source
    is said, and no fault of the import.
    """
    try:
        with quietly():
            expected = theirs()
    except (OSError, ValueError, RuntimeError, TypeError, AttributeError, LookupError, ImportError) as error:
        reason = " ".join(str(error).split())[:200]
        print(f"{name} not compared: transformers does not run {folder} ({reason})", file=sys.stderr)
        return
    found = found[..., : expected.shape[-1]]  # without the rows of new tokens
    if found.shape != expected.shape:
        raise ConvertError(f"{folder}: {name} are {tuple(expected.shape)} there, {tuple(found.shape)} here")
    differ, largest = (found - expected).abs().max().item(), expected.abs().max().item()
    if not differ <= CLOSE * largest:
        told = f"differ by {differ:.2g} from what transformers computes (the largest is {largest:.2g})"
        raise ConvertError(f"{folder}: {name} of the same question {told}; nothing was written")


def our_logits(model: Model, ids: Tensor, seen: Tensor | None) -> Tensor:
    """(V,), those of the next token."""
    published = getattr(model.config, "published", None)  # of the language model, in BLIP-2
    if not getattr(published, "is_encoder_decoder", False):
        return model(ids, seen).logits[0, -1]
    labels = torch.nn.functional.pad(torch.full_like(ids, IGNORED), (0, 1), value=FIRST)
    ids = torch.nn.functional.pad(ids, (0, 1), value=FIRST)
    return model(ids, seen, labels=labels).logits[0, -1]


def of(kind: type, folder: Path) -> nn.Module:
    """transformers' model of a folder, whole: what it lacks would be drawn at random."""
    model, info = kind.from_pretrained(str(folder), dtype=torch.float32, output_loading_info=True)
    if lacking := sorted(info["missing_keys"]):
        raise ValueError(f"it finds no {lacking[0]}")
    return model.eval()


def their_pixels(folder: Path) -> Tensor:
    """(F, 3, S, S)"""
    made = AutoImageProcessor.from_pretrained(str(folder), backend="pil")
    return made(picture(), return_tensors="pt")["pixel_values"].flatten(0, -4)


def their_tiles(chat: Chat, sources: Sources) -> str:
    """What their processor writes for the picture."""
    path = sources.eye / PROCESSOR
    told = read_object(path) if path.is_file() else {}
    eye = AutoImageProcessor.from_pretrained(str(sources.eye), backend="pil")
    words = PreTrainedTokenizerFast(tokenizer_file=str(sources.words / TOKENIZER))
    made = Idefics3Processor(eye, words, image_seq_len=told.get("image_seq_len", chat.image_tokens))
    return made.replace_image_token(eye(picture(), return_row_col_info=True), 0)


def their_features(folder: Path, model: Model, seen: Tensor) -> Tensor:
    eye = model.config.vision
    out = of(getattr(transformers, TRANSFORMERS[eye.kind]), folder)(seen, output_hidden_states=True)
    hidden = out.hidden_states[eye.feature_layer] if eye.kind == "clip" else out.last_hidden_state
    return hidden if eye.keep_cls else hidden[:, placeless(eye.kind) :]


def of_llama(folder: Path, ids: Tensor, seen: Tensor) -> Tensor:
    return of(AutoModelForCausalLM, folder)(ids).logits[0, -1]


def of_llava(folder: Path, ids: Tensor, seen: Tensor) -> Tensor:
    return of(LlavaForConditionalGeneration, folder)(ids, seen).logits[0, -1]


def of_smolvlm(folder: Path, ids: Tensor, seen: Tensor) -> Tensor:
    return of(AutoModelForImageTextToText, folder)(input_ids=ids, pixel_values=seen[None]).logits[0, -1]


def of_blip(folder: Path, ids: Tensor, seen: Tensor) -> Tensor:
    return of(BlipForConditionalGeneration, folder)(seen, ids).logits[0, -1]


def of_blip2(folder: Path, ids: Tensor, seen: Tensor) -> Tensor:
    """Their text has places for the queries in front."""
    model = of(Blip2ForConditionalGeneration, folder)
    places = torch.full((1, model.config.num_query_tokens), model.config.image_token_index)
    labels = {} if model.config.use_decoder_only_language_model else {"labels": torch.tensor([[FIRST]])}
    return model(seen, torch.cat([places, ids], dim=1), **labels).logits[0, -1]


MODELS = {"llama": of_llama, "llava": of_llava, "smolvlm": of_smolvlm, "blip": of_blip, "blip2": of_blip2}
