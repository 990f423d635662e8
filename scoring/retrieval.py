"""Does a picture find its text among others, and a text its picture?"""

from torch import Tensor


def recalls(similarity: Tensor, ks: tuple[int, ...] = (1, 5, 10)) -> dict[str, float]:
    """(N, N), pictures by texts, pairs on the diagonal -> "i2t_r1", "t2i_r1", ...: found among the k nearest.

    A tie counts as not found: a model that says the same of all has found nothing.
    """
    found = {}
    for name, scores in (("i2t", similarity), ("t2i", similarity.T)):
        own = scores.diagonal()[:, None]
        rank = (scores >= own).sum(1) - 1  # how many others are at least as near
        for k in ks:
            found[f"{name}_r{k}"] = (rank < k).float().mean().item()
    return found
