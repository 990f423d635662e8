"""A decoder's layers divided among processes (FSDP2; Zhao et al. 2023): each keeps its share of their
weights, gradients and optimizer state, and a layer is whole only while it is computed.

    torchrun --nproc_per_node 4 train_sft_vlm.py --shard ...

Embeddings, vision encoder and connector are whole in every process; their gradients are summed as without
--shard (`distributed.py`). What is saved is whole, too: a run can continue with another number of processes,
or without --shard.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.utils._pytree import tree_map_only


def shard_layers(decoder: nn.Module) -> None:
    """In place. Gradients become sums over processes, as those of `sum_gradients` are."""
    inside = {p for layer in decoder.layers for p in layer.parameters()}
    for layer in decoder.layers:
        fully_shard(layer)
    fully_shard(decoder, ignored_params=set(decoder.parameters()) - inside)
    for module in (decoder, *decoder.layers):
        module.set_gradient_divide_factor(1.0)
        module.set_force_sum_reduction_for_comms(True)


def is_shard(x: object) -> bool:
    return isinstance(x, DTensor)


def whole(tree: object) -> object:
    """Nested dicts and lists with every shard put together; all processes must ask for it."""
    return tree_map_only(DTensor, lambda shard: shard.full_tensor(), tree)


def make_whole(module: nn.Module) -> None:
    """In place, to be saved or asked: it is not trained any more."""
    for part in module.modules():
        for name, p in part.named_parameters(recurse=False):
            if is_shard(p):
                setattr(part, name, nn.Parameter(p.full_tensor(), p.requires_grad))


def as_held(full: Tensor, held: Tensor) -> Tensor:
    """The share of a whole tensor that corresponds to `held`. Nothing is sent: all have the whole."""
    if not is_shard(held):
        return full
    return distribute_tensor(full.to(held.device), held.device_mesh, held.placements, src_data_rank=None)


def clip_gradients(parameters: Iterable[nn.Parameter], largest: float) -> Tensor:
    """Scale all gradients together so that their norm is at most `largest`; returns what it was."""
    trained = [p for p in parameters if p.grad is not None]
    kinds = [some for flag in (False, True) if (some := [p for p in trained if is_shard(p) == flag])]
    norms = [whole(nn.utils.get_total_norm([p.grad for p in some])) for some in kinds]
    norm = norms[0] if len(norms) == 1 else torch.stack(norms).norm()
    for some in kinds:
        nn.utils.clip_grads_with_norm_(some, largest, norm)
    return norm
