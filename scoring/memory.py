"""What a conversation has read already: its next turn begins where the words are new.

prompt  <system> <picture> question answer question
        read before, kept as keys and values ^ read on from here
"""

from collections.abc import Callable, Sequence

from PIL import Image

from model.decoder import KVCache


class Memory:
    """The tokens that a cache of keys and values stands for, and the pictures among them."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.images: list[Image.Image] = []
        self.cache: KVCache | None = None

    def recall(self, ids: Sequence[int], images: Sequence[Image.Image], image_id: int, per_image: int) -> int:
        """How many of `ids` are known, by whole pictures; the last is not, as it is yet to be read.

        The cache forgets what came after them.
        """
        if self.cache is None:
            return 0
        known, limit = 0, min(self.cache.length, len(self.ids), len(ids) - 1)
        while known < limit and self.ids[known] == ids[known]:
            known += 1
        places = [i for i, id in enumerate(ids) if id == image_id][::per_image]
        for number, first in enumerate(places):
            half_read = first < known < first + per_image
            if half_read or (first < known and self.images[number] != images[number]):
                known = first
        self.cache.length = known
        return known

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
