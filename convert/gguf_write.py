"""Writing GGUF: metadata by the type of each value, matrices in the precision that is asked for."""

from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_VERSION, GGMLQuantizationType, GGUFWriter, LlamaFileType
from gguf.quants import quantize
from torch import Tensor

from convert.files import ConvertError

STORED = {  # --store -> type of a matrix, and of the file
    "float32": (GGMLQuantizationType.F32, LlamaFileType.ALL_F32),
    "float16": (GGMLQuantizationType.F16, LlamaFileType.MOSTLY_F16),
    "bfloat16": (GGMLQuantizationType.BF16, LlamaFileType.MOSTLY_BF16),
    "q8_0": (GGMLQuantizationType.Q8_0, LlamaFileType.MOSTLY_Q8_0),
}
BLOCK = 32  # numbers of a row that share a scale, in Q8_0
EXACT = "position_embd"  # looked up and added: float32 in llama.cpp's own files, too


def write(
    path: Path, architecture: str, values: dict[str, object], tensors: dict[str, Tensor], store: str
) -> None:
    """Raises ConvertError for a number that is not finite in that precision."""
    writer = GGUFWriter(path, architecture)
    writer.add_file_type(STORED[store][1])
    writer.add_quantization_version(GGML_QUANT_VERSION)
    add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32}
    add |= {str: writer.add_string, list: writer.add_array}
    for key, value in values.items():
        add[type(value)](key, value)
    for name, tensor in tensors.items():
        kind = type_of(name, tensor, store)
        exact = tensor.detach().float().contiguous().numpy()
        if kind == GGMLQuantizationType.F16 and np.abs(exact).max() > np.finfo(np.float16).max:
            raise ConvertError(f"{path}: {name} is not finite as float16; give --store bfloat16 or float32")
        data = quantize(exact, kind)
        writer.add_tensor(name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def type_of(name: str, tensor: Tensor, store: str) -> GGMLQuantizationType:
    """Vectors and pixels' filters are float32; a matrix whose rows are no whole blocks is float16, as
    llama.cpp's own quantizer has it."""
    if tensor.ndim != 2 or EXACT in name:
        return GGMLQuantizationType.F32
    if store == "q8_0" and tensor.shape[1] % BLOCK:
        return GGMLQuantizationType.F16
    return STORED[store][0]
