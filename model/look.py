"""Where each word looks: attention from the words of an answer to the patches of a picture.

    ids (1, T), pixels (I, 3, S, S) -> looks (T, I, rows, columns): shares of each word's look at each patch

A VLM's words look at image tokens, and these are patches; with a Q-Former between, at queries that have
looked at patches, so the two are multiplied (attention rollout, Abnar & Zuidema 2020, section 3). A word of
BLIP looks at patches in every layer. Heads are averaged, and the later half of the layers: in the shipped
model the earlier ones look at words. It costs nothing unless it is asked for.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident

import torch
from torch import Tensor, nn

from model import decoder
from model.bert import Attention as BertAttention
from model.blip import Blip
from model.decoder import Attention
from model.vlm import VLM


@contextmanager
def watching(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Within it every attention's weights (B, H, T, S) are kept under the name of its module."""
    seen: dict[str, Tensor] = {}
    current: list[str] = [""]

    own = get_ident()  # others may answer meanwhile, in their threads

    def watch(weights: Tensor) -> None:
        if get_ident() == own:
            seen[current[0]] = weights.detach().float()

    def enters(name: str) -> object:
        def hook(*_: object) -> None:
            if get_ident() == own:
                current[0] = name

        return hook

    hooks = [
        module.register_forward_pre_hook(enters(name))
        for name, module in model.named_modules()
        if isinstance(module, Attention | BertAttention)
    ]
    decoder.WATCHERS.append(watch)
    try:
        yield seen
    finally:
        decoder.WATCHERS.remove(watch)
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def looks(model: VLM | Blip, input_ids: Tensor, pixel_values: Tensor) -> Tensor:
    """Of each place of input_ids (1, T), that is of what made the next token: (T, I, rows, columns)."""
    with watching(model) as seen:
        model(input_ids, pixel_values)
    if isinstance(model, Blip):
        by_patch = mean_of(seen, ".crossattention")[0]  # (T, P)
        return squares(without_cls(by_patch, model), 1)
    images = pixel_values.flatten(0, -4).shape[0]
    places = input_ids[0] == model.config.image_token_id
    tokens = mean_of(seen, "decoder.layers", ".self_attn")[0][:, places].unflatten(
        1, (images, -1)
    )  # (T, I, N)
    if model.config.connector == "qformer":
        tokens = torch.einsum("tiq,iqp->tip", tokens, mean_of(seen, ".crossattention"))
    return squares(without_cls(tokens.flatten(0, 1), model), images)


def mean_of(seen: dict[str, Tensor], *parts: str) -> Tensor:
    """Of heads, and of the later half of the modules whose names have these parts: (B, T, S)."""
    some = [weights.mean(1) for name, weights in seen.items() if all(part in name for part in parts)]
    return torch.stack(some[len(some) // 2 :]).mean(0)


def without_cls(weights: Tensor, model: VLM | Blip) -> Tensor:
    return weights[:, int(model.config.vision.keep_cls) :]


def squares(weights: Tensor, images: int) -> Tensor:
    """(T * I, P) -> (T, I, rows, columns)"""
    side = math.isqrt(weights.shape[-1])
    return weights.unflatten(-1, (side, side)).unflatten(0, (-1, images))
