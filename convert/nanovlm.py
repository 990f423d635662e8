"""nanoVLM's folders (huggingface/nanoVLM): SigLIP, pixel shuffle and a LLaMA under names of its own.

    nanoVLM-222M     pictures, then "Question: What? Answer:"            no token of its own for a picture
    nanoVLM-450M     ChatML, pictures where they stand in a question     <|image|>, behind the vocabulary
    nanoVLM-460M-8k  the same, a picture is the whole and its tiles      <|global_image|>, <row_1_col_1>, ...

A folder holds config.json and model.safetensors; the tokenizer is that of the language model it began as.
"""

from dataclasses import replace
from pathlib import Path

from PIL.Image import Resampling
from tokenizers import Tokenizer
from torch import Tensor

from convert.files import ConvertError, find
from convert.gguf import SPARE
from convert.llama import decoder_tensors
from convert.names import Rules, refuse, rename
from convert.template import Template
from convert.words import add_specials, special_tokens
from dataset.chat.chat_format import END_OF_TEXT, ChatFormat
from dataset.chat.render import TOKENIZER, Chat
from dataset.chat.tokenizer import open_tokenizer
from dataset.errors import read_object, shown
from dataset.images.preprocess import KINDS, Preprocessor
from dataset.images.tiles import LARGEST, NanoTiling
from model.config import DecoderConfig, VisionConfig, VLMConfig
from model.fields import build

VISION = {
    "image_size": "vit_img_size",
    "patch_size": "vit_patch_size",
    "hidden_size": "vit_hidden_dim",
    "intermediate_size": "vit_inter_dim",
    "num_hidden_layers": "vit_n_blocks",
    "num_attention_heads": "vit_n_heads",
}
TEXT = {
    "vocab_size": "lm_vocab_size",
    "hidden_size": "lm_hidden_dim",
    "intermediate_size": "lm_inter_dim",
    "num_hidden_layers": "lm_n_blocks",
    "num_attention_heads": "lm_n_heads",
    "num_key_value_heads": "lm_n_kv_heads",
    "max_position_embeddings": "lm_max_position_embeddings",
    "rope_theta": "lm_re_base",
    "rms_norm_eps": "lm_rms_eps",
    "tie_word_embeddings": "lm_tie_weights",
}
SHUFFLE, TOKENS, SPECIALS, TEMPLATE, WORDS = (
    "mp_pixel_shuffle_factor",
    "mp_image_token_length",
    "vlm_extra_tokens",
    "lm_chat_template",
    "lm_tokenizer",
)
KNOWN = {
    "vit_ln_eps": (1e-6,),
    "vit_dropout": (0, 0.0),
    "vit_cls_flag": (False,),  # true: one feature a picture, of which its own projector makes no tokens
    "lm_dropout": (0, 0.0),
    "lm_attn_scaling": (1, 1.0),
    "lm_use_tokens": (False,),  # true: its decoder would be given ids where pictures are
}
TILES = ("max_img_size", "resize_to_max_side_len")
IMAGE, GLOBAL, MOST = "<|image|>", "<|global_image|>", 8  # of pictures that are cut; rows and columns
IDLE = (  # where it came from, how it was trained, and what the sizes above come from
    "vit_model_type lm_model_type lm_base_vocab_size extra_token_amount lm_max_length lm_eos_token_id "
    "vlm_load_backbone_weights vlm_checkpoint_path hf_repo_name"
).split()

LAYER, BLOCK = r"decoder\.blocks\.(\d+)\.", r"vision_encoder\.blocks\.(\d+)\."
OURS, EYE = r"decoder.layers.\1.", "vision.clip."
RULES: Rules = (
    (r"decoder\.token_embedding\.weight", "decoder.embed_tokens.weight"),
    (r"decoder\.head\.weight", "decoder.lm_head.weight"),
    (r"decoder\.norm\.weight", "decoder.norm.weight"),
    (r"decoder\.rotary_embd\.inv_freq", None),  # a table that is computed
    (LAYER + r"norm1\.weight", OURS + "input_layernorm.weight"),
    (LAYER + r"norm2\.weight", OURS + "post_attention_layernorm.weight"),
    (LAYER + r"attn\.([qkv]_proj\.weight)", OURS + r"self_attn.\2"),
    (LAYER + r"attn\.out_proj\.weight", OURS + "self_attn.o_proj.weight"),
    (LAYER + r"(mlp\.(?:gate|up|down)_proj\.weight)", OURS + r"\2"),
    (r"MP\.proj\.weight", "connector.linear_1.weight"),
    (r"vision_encoder\.patch_embedding\.conv\.(weight|bias)", EYE + r"embeddings.patch_embedding.\1"),
    (r"vision_encoder\.patch_embedding\.position_embedding", EYE + "embeddings.position_embedding.weight"),
    (BLOCK + r"ln([12]\.(?:weight|bias))", EYE + r"encoder.layers.\1.layer_norm\2"),
    (BLOCK + r"attn\.((?:qkv|out)_proj\.(?:weight|bias))", EYE + r"encoder.layers.\1.self_attn.\2"),
    (BLOCK + r"(mlp\.fc[12]\.(?:weight|bias))", EYE + r"encoder.layers.\1.\2"),
    (r"vision_encoder\.layer_norm\.(weight|bias)", EYE + r"post_layernorm.\1"),
)
QUESTION = ChatFormat(  # of its generate.py: "Question: What is this? Answer: A cat.<|endoftext|>"
    system=((), ("\n",)),
    user=(("Question: ",), (" Answer:",)),
    opening=(),
    answer=((), (END_OF_TEXT,)),
    after=(),
    pictures_first=True,
    end=END_OF_TEXT,
)
INLINE = ChatFormat(line_break=False)
TILED = replace(
    INLINE,
    picture=(GLOBAL, IMAGE),
    tile=("<row_{row}_col_{column}>", IMAGE),
    numbered="<image: {index}>",
    placeholder=IMAGE,
)


def config(values: dict, where: Path) -> VLMConfig:
    """VLMConfig's fields -> ours. Raises ConvertError for one that is missing, unknown, or says what this
    model does not do."""
    if lacking := [key for key in (*VISION.values(), *TEXT.values(), SHUFFLE, WORDS) if key not in values]:
        raise ConvertError(f"{where}: has no {lacking[0]}; not the config.json of a nanoVLM")
    _expect_words(values, where)
    read = {*VISION.values(), *TEXT.values(), SHUFFLE, TOKENS, SPECIALS, TEMPLATE, WORDS, *TILES}
    read |= {*KNOWN, *IDLE}
    if unknown := sorted(values.keys() - read):
        raise ConvertError(f"{where}: {unknown[0]} is not known here; it may change what is computed")
    refuse(where, values, KNOWN)
    fields = {key: values[theirs] for key, theirs in VISION.items()}
    try:
        vision = build(
            VisionConfig, fields | {"kind": "siglip", "hidden_act": "gelu_pytorch_tanh"}, "vision."
        )
        text = build(DecoderConfig, {key: values[theirs] for key, theirs in TEXT.items()}, "text.")
        parts = {"text": text, "vision": vision, "connector": "shuffle", "shuffle": values[SHUFFLE]}
        found = build(VLMConfig, parts)
    except ValueError as error:
        raise ConvertError(f"{where}: {error}") from None
    refuse(where, values, {TOKENS: (found.image_tokens,)})
    tiling(values, where)
    return found


def _expect_words(values: dict, where: Path) -> None:
    names = values.get(SPECIALS, {"image_token": ""})
    if not isinstance(names, dict) or not isinstance(names.get("image_token"), str):
        raise ConvertError(f"{where}: {SPECIALS} is {shown(names)}; it names an image_token")
    if (SPECIALS in values) != isinstance(values.get(TEMPLATE), str):
        raise ConvertError(f"{where}: {TEMPLATE} is {shown(values.get(TEMPLATE))}; it goes with {SPECIALS}")


def tiling(values: dict, where: Path) -> NanoTiling | None:
    """How its pictures are cut; None where each is one frame. Raises ConvertError for other words than the
    published ones, and for sides of which its own code makes no whole tiles."""
    names, side = values.get(SPECIALS, {}), values["vit_img_size"]
    if len(names) < 2 and not values.keys() & {*TILES}:
        return None
    known, (longest, enlarged) = _marks(MOST), map(values.get, TILES)
    for key, token in names.items():
        if token != known.get(key):
            raise ConvertError(f"{where}: {SPECIALS} has {key}, {shown(token)}, which is not known here")
    largest = min(LARGEST, MOST * side)
    if type(longest) is not int or not side <= longest <= largest or longest % side:
        told = f"expected a multiple of vit_img_size {side}, up to {largest}"
        raise ConvertError(f"{where}: {TILES[0]} is {shown(longest)}, {told}")
    if type(enlarged) is not bool:
        raise ConvertError(f"{where}: {TILES[1]} is {shown(enlarged)}, expected true or false")
    found = NanoTiling(longest, enlarged=enlarged)
    if lacking := [key for key in _marks(found.most(side)) if key not in names]:
        raise ConvertError(f"{where}: {SPECIALS} lacks {lacking[0]}, without which no picture is cut here")
    return found


def _marks(most: int) -> dict[str, str]:
    """What stands for a picture in up to `most` x `most` tiles, by its names for them."""
    each = [(row, column) for row in range(1, most + 1) for column in range(1, most + 1)]
    tiles = {f"r{row}c{column}": f"<row_{row}_col_{column}>" for row, column in each}
    return {"image_token": IMAGE, "global_image_token": GLOBAL} | tiles


def tensors_of(tensors: dict[str, Tensor], config: VLMConfig, where: Path) -> dict[str, Tensor]:
    """Under our names. Of tied weights its files hold one, the embedding or the head."""
    ours = rename(tensors, RULES, where)
    parts = {name: ours.pop(name) for name in list(ours) if name.startswith("decoder.")}
    decoder = {name.removeprefix("decoder."): tensor for name, tensor in parts.items()}
    if config.text.tie_word_embeddings and "lm_head.weight" in decoder:
        decoder.setdefault("embed_tokens.weight", decoder["lm_head.weight"])
    for name in list(ours):
        if ".qkv_proj." in name:
            thirds = ours.pop(name).chunk(3)
            ours |= {name.replace("qkv", one): t for one, t in zip("qkv", thirds, strict=True)}
        elif name.endswith("position_embedding.weight"):
            ours[name] = ours[name].flatten(0, -2)  # (1, P, D) -> (P, D)
    decoder = decoder_tensors(decoder, config.text, where)
    return ours | {f"decoder.{name}": tensor for name, tensor in decoder.items()}


def pixels(folder: Path) -> Preprocessor:
    """Its own: values from 0 to 1 and no further; squashed to the square (bilinear), or cut (bicubic)."""
    where = folder / "config.json"
    values = read_object(where)
    how = tiling(values, where)
    resample = Resampling.BICUBIC if how else Resampling.BILINEAR
    return replace(KINDS["NanoVLM"], image_size=values["vit_img_size"], resample=int(resample), tiling=how)


def read_chat(folder: Path, tokenizer: str | None, config: VLMConfig) -> Chat:
    """The tokenizer that config.json names, from --tokenizer, the folder or the hub's cache, with the format
    of its kind. Raises ConvertError where it is not there, or is of another vocabulary."""
    where = folder / "config.json"
    values = read_object(where)
    words = _words(folder, tokenizer, values, where)
    made, named, how = open_tokenizer(words / TOKENIZER), values.get(SPECIALS, {}), TILED
    add_specials(made, [*named.values()])
    if len(named) < 2:
        mark = named["image_token"] if named else _spare(made, words)
        how = replace(INLINE if named else QUESTION, picture=(mark,), placeholder=mark)
    if (size := max(made.get_vocab().values()) + 1) != config.text.vocab_size:
        told = f"{size} tokens with {how.placeholder}, {where} has lm_vocab_size {config.text.vocab_size}"
        raise ConvertError(f"{words / TOKENIZER}: {told}; take the tokenizer of {values[WORDS]}")
    chat = Chat(made, config.image_tokens, how)
    return Template(values[TEMPLATE], where).fitted(chat) if named else chat


def _words(folder: Path, tokenizer: str | None, values: dict, where: Path) -> Path:
    name = str(values[WORDS])
    if tokenizer is None and (folder / TOKENIZER).is_file():
        return folder
    try:
        found = find(tokenizer or name)
    except ConvertError as error:
        if tokenizer:
            raise
        told = f"its words are those of {name}; name the folder of that with --tokenizer ({error})"
        raise ConvertError(f"{where}: {told}") from None
    if not (found / TOKENIZER).is_file():
        raise ConvertError(f"{found}: has no {TOKENIZER}; take the folder of {name}")
    return found


def _spare(tokenizer: Tokenizer, words: Path) -> str:
    """A token that no conversation has: no row is added, so that no answer can be another."""
    known = special_tokens(tokenizer)
    if found := next((token for token in SPARE if token in known), None):
        return found
    raise ConvertError(f"{words / TOKENIZER}: none of {', '.join(SPARE)} is in it; a picture needs a place")
