"""One step of the decoder with shapes that never change, so that a GPU can replay it as a CUDA graph.

To say one token a GPU is given some hundred small kernels, and launching them takes longer than running them.
A graph is launched as one. It must find everything where it was when it was captured, so here

    the next place is a tensor        not a number that Python adds to
    keys and values                   are all of the cache, and a mask hides what is not written yet
    embedding, angles, mask, place    are copied into buffers before a step

`CapturedDecoder` is called as `QuickDecoder` is. On a CPU it takes the same steps without a graph, slower
than `QuickDecoder`: for tests.
"""

import torch
from torch import Tensor

from model.config import DecoderConfig
from model.decoder import Decoder, KVCache
from model.quick import QuickDecoder, normed

WARM_UP = 3  # steps before the capture, in which libraries set aside what they need


class StaticCache(KVCache):
    """Of one new token the place comes from `place` (1,), and all of the cache is given back."""

    def __init__(self, config: DecoderConfig, batch: int, capacity: int, like: Tensor) -> None:
        super().__init__(config, batch, capacity, like)
        self.place = torch.zeros(1, dtype=torch.long, device=like.device)

    def update(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        if k.shape[2] > 1:
            return super().update(layer, k, v)
        self.keys[layer].index_copy_(2, self.place, k)
        self.values[layer].index_copy_(2, self.place, v)
        return self.keys[layer], self.values[layer]


class Step:
    """One token for each row of a cache: `x` (B, 1, D), `cos` and `sin` (B, 1, 1, d), `mask` (B, 1, 1, S)."""

    def __init__(self, decoder: QuickDecoder, cache: StaticCache) -> None:
        _, B, _, S, d = cache.keys.shape
        device = cache.keys.device
        self.decoder, self.cache = decoder, cache
        self.keys = cache.keys  # where they were: a cache whose rows were chosen anew has others
        self.x = torch.zeros(B, 1, decoder.config.hidden_size, device=device)
        self.cos, self.sin = (torch.zeros(B, 1, 1, d, dtype=decoder.cos.dtype, device=device) for _ in "cs")
        self.mask = torch.zeros(B, 1, 1, S, dtype=torch.bool, device=device)
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> Tensor:
        if self.x.device.type != "cuda":
            return self.compute()
        if self.graph is None:
            self.capture()
        self.graph.replay()
        return self.out

    def compute(self) -> Tensor:
        x = self.x
        for block in self.decoder.blocks:
            x = block(x, (self.cos, self.sin), self.mask, self.cache)
        return normed(x, self.decoder.config.rms_norm_eps)

    def capture(self) -> None:
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP):
                self.compute()
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.out = self.compute()


class CapturedDecoder(QuickDecoder):
    """Prompts are read as by `QuickDecoder`, answers are made by steps that are captured once a cache."""

    def __init__(self, decoder: Decoder, layout: str) -> None:
        super().__init__(decoder, layout)
        if self.config.num_local_experts and self.cos.is_cuda:
            raise ValueError(
                "how many tokens an expert gets is known as it runs: no graph of it can be captured"
            )
        self.step: Step | None = None

    def new_cache(self, batch: int, capacity: int) -> StaticCache:
        return StaticCache(self.config, batch, capacity, like=self.cos)

    def __call__(self, inputs_embeds: Tensor, attention_mask: Tensor | None, cache: StaticCache) -> Tensor:
        past = cache.length
        if inputs_embeds.shape[1] > 1 or past >= min(cache.keys.shape[3], len(self.cos)):
            return super().__call__(inputs_embeds, attention_mask, cache)
        if self.step is None or self.step.keys is not cache.keys:
            self.step = Step(self, cache)
        step, places = self.step, cache.place.fill_(past)
        step.x.copy_(inputs_embeds)
        step.mask.zero_()
        step.mask[..., : past + 1] = True
        if attention_mask is not None:
            step.mask[..., :past] &= attention_mask.bool()[:, None, None, :past]
            places = (attention_mask.long().sum(1) - 1)[:, None, None]  # padding is not counted
        step.cos.copy_(self.cos[places])
        step.sin.copy_(self.sin[places])
        cache.length += 1
        return step()
