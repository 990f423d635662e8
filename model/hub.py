"""Every kind of model that a checkpoint folder may hold; the files themselves are files.py's."""

from pathlib import Path

from model import files
from model.blip import Blip, BlipConfig
from model.config import VLMConfig
from model.files import Config, Kinds, Model
from model.vlm import VLM


def _blip2() -> tuple[type, type]:
    """Imported where it is wanted: transformers takes seconds."""
    from model.blip2 import Blip2, Blip2Config

    return Blip2Config, Blip2


KINDS: Kinds = {
    files.OURS: lambda: (VLMConfig, VLM),
    "glimpse-blip": lambda: (BlipConfig, Blip),
    "glimpse-blip2": _blip2,
}


def load(folder: str | Path) -> Model:
    """Read a checkpoint folder of any kind, weights as float32."""
    return files.load(folder, KINDS)


def make(config: Config) -> Model:
    """A new model of the kind that the configuration describes."""
    return KINDS[config.to_dict()["model_type"]]()[1](config)
