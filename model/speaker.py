"""What every model that answers shares, whatever it is made of: choices, the two searches, all at once."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from model.beam import beam_search
from model.generation import Sampling, generate


class Speaker(nn.Module):
    """Has a `config` with the ids of end and padding, and a `stream` that yields new ids (B,)."""

    def sampling(self, choices: dict[str, object]) -> Sampling:
        """The fields of `Sampling`, with the model's own end and padding where nothing else is chosen."""
        own = {"stop_ids": (self.config.eos_token_id,), "pad_id": self.config.pad_token_id}
        return Sampling(**own | choices)

    def speak(
        self,
        start: Callable[[], Tensor],
        append: Callable[[Tensor], Tensor],
        select: Callable[[Tensor], None],
        how: Sampling,
        generator: torch.Generator | None = None,
    ) -> Iterator[Tensor]:
        """`start()` gives the prompt's logits (B, V), `append(ids)` those after one id (B,) more, and
        `select(rows)` makes the model go on with these rows of the batch."""

        def branch(rows: Tensor, ids: Tensor) -> Tensor:
            select(rows)
            return append(ids)

        if how.max_new_tokens and how.num_beams > 1:
            yield from beam_search(start(), branch, how).T
        elif how.max_new_tokens:
            yield from generate(start(), append, how, generator)

    def generate(self, input_ids: Tensor, pixel_values: Tensor | None = None, **choices: object) -> Tensor:
        """As `stream`, all at once: the new ids alone, (B, new)."""
        ids = list(self.stream(input_ids, pixel_values, **choices))
        return torch.stack(ids, dim=1) if ids else input_ids[:, :0]
