"""SmolVLM and Idefics3 of transformers: SigLIP, pixel shuffle and LLaMA in one folder, as that of
HuggingFaceTB/SmolVLM-256M-Instruct (Marafioti et al. 2025).

Videos, which SmolVLM2 watches, too, are not read here.
"""

from pathlib import Path

from torch import Tensor

from convert import encoders, llama
from convert.families import completed, first_id
from convert.files import ConvertError
from dataset.chat.chat_format import END, START, ChatFormat
from dataset.record import IMAGE
from model.config import VLMConfig

KINDS = ("idefics3", "smolvlm")  # model_type
PROJECTION = "connector.modality_projection.proj.weight"
AROUND, OVER = "<fake_token_around_image>", "<end_of_utterance>"
SMOLVLM = ChatFormat(  # "<|im_start|>User:<image>What is this?<end_of_utterance>\nAssistant: a cat"
    begin=(START,),
    system=(("System:",), (OVER, "\n")),
    user=(("User:",), (OVER, "\n")),
    opening=("Assistant:",),
    answer=((" ",), (OVER,)),
    picture=(AROUND, "<global-img>", IMAGE, AROUND),
    tile=(AROUND, "<row_{row}_col_{column}>", IMAGE),
    row_end=("\n",),
    tiles_end=("\n",),
    line_break=False,
    before_words=" ",
    placeholder=IMAGE,
    end=OVER,
    pad=END,
)


def import_config(values: dict, where: Path | str) -> VLMConfig:
    values = completed(values, where, KINDS)
    text = values["text_config"] | {"tie_word_embeddings": values["tie_word_embeddings"]}  # the outer one
    eye = values["vision_config"] | {"model_type": "siglip_vision_model"}
    side, patch, shuffle = eye["image_size"], eye["patch_size"], values["scale_factor"]
    if type(side) is not int or type(patch) is not int:
        raise ConvertError(f"{where}: image_size is {side}, patch_size {patch}; each is one number here")
    if shuffle < 1 or side // patch % shuffle:
        raise ConvertError(f"{where}: scale_factor {shuffle} does not divide {side // patch} rows of patches")
    return VLMConfig(
        text=llama.decoder_config(text, where),
        vision=encoders.vision_config(eye, where),
        connector="shuffle",
        shuffle=shuffle,
        image_token_id=values["image_token_id"],
        eos_token_id=first_id(text["eos_token_id"]),
        pad_token_id=first_id(text["pad_token_id"]),
    )


def import_tensors(tensors: dict[str, Tensor], config: VLMConfig, where: Path | str) -> dict[str, Tensor]:
    """Under our names."""
    eye, decoder, ours = {}, {}, {}
    for name, tensor in tensors.items():
        rest = name.removeprefix("model.")
        if rest.startswith("vision_model."):
            eye[rest] = tensor
        elif rest == PROJECTION:
            ours["connector.linear_1.weight"] = tensor
        else:
            decoder[rest.removeprefix("text_model.")] = tensor
    eye = encoders.vision_tensors(eye, config.vision, where)
    ours |= {f"vision.clip.{name}": tensor for name, tensor in eye.items()}
    decoder = llama.decoder_tensors(decoder, config.text, where)
    return ours | {f"decoder.{name}": tensor for name, tensor in decoder.items()}
