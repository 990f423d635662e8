"""What a conversation has read already: its next turn begins where the words are new.

prompt  <system> <picture> question answer question
        read before, kept as keys and values ^ read on from here
"""

from collections.abc import Callable, Sequence
from itertools import islice

from PIL import Image

from model.decoder import KVCache


class Memory:
    """The tokens that a cache of keys and values stands for, and the pictures among them."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.images: list[Image.Image] = []
        self.cache: KVCache | None = None

    def recall(
        self, ids: Sequence[int], images: Sequence[Image.Image], image_id: int, counts: Sequence[int]
    ) -> tuple[int, int]:
        """How many of `ids` are known, and how many pictures, which are so as a whole; the last of the ids is
        not, as it is yet to be read. `counts` are the placeholders of each picture.

        The cache forgets what came after them.
        """
        if self.cache is None:
            return 0, 0
        known, limit = 0, min(self.cache.length, len(self.ids), len(ids) - 1)
        while known < limit and self.ids[known] == ids[known]:
            known += 1
        places, seen = iter([i for i, id in enumerate(ids) if id == image_id]), 0
        for number, count in enumerate(counts):
            own = [*islice(places, count)]
            if not own or own[0] >= known:
                break
            if own[-1] >= known or self.images[number] != images[number]:
                known = own[0]
                break
            seen += 1
        self.cache.length = known
        return known, seen

    def grown(self, capacity: int, new_cache: Callable[[int], KVCache]) -> KVCache:
        """The cache, with room for `capacity` tokens: a new and larger one where it has less."""
        old = self.cache
        if old is None or old.keys.shape[3] < capacity:
            self.cache = new_cache(2 * capacity)
            if old is not None:
                self.cache.keys[:, :, :, : old.length] = old.keys[:, :, :, : old.length]
                self.cache.values[:, :, :, : old.length] = old.values[:, :, :, : old.length]
                self.cache.length = old.length
        return self.cache
