"""BERT's names and its heirs': bert-base-uncased, BLIP's text decoder, BLIP-2's Q-Former."""

from convert.names import Rules

_LAYER = r"(?:.*\.)?encoder\.layer\.(\d+)\."
LAYERS: Rules = (
    (
        _LAYER + r"(attention|crossattention)\.(?:attention|self)\.(query|key|value)\.(.+)",
        r"layers.\1.\2.\3.\4",
    ),
    (_LAYER + r"(attention|crossattention)\.output\.(dense|LayerNorm)\.(.+)", r"layers.\1.\2.\3.\4"),
    (_LAYER + r"intermediate_query\.dense\.(.+)", r"layers.\1.query_forward.intermediate.\2"),
    (_LAYER + r"output_query\.(dense|LayerNorm)\.(.+)", r"layers.\1.query_forward.\2.\3"),
    (_LAYER + r"intermediate\.dense\.(.+)", r"layers.\1.text_forward.intermediate.\2"),
    (_LAYER + r"output\.(dense|LayerNorm)\.(.+)", r"layers.\1.text_forward.\2.\3"),
)
WORDS: Rules = (
    (
        r"(?:.*\.)?embeddings\.(word_embeddings|position_embeddings)\.weight",
        r"embeddings.\1.weight",
    ),
    (r"(?:.*\.)?embeddings\.LayerNorm\.(.+)", r"layernorm.\1"),
    (r"(?:.*\.)?embeddings\.position_ids", None),  # 0, 1, 2, ...
)
HEAD: Rules = (
    (r"(?:.*\.)?cls\.predictions\.transform\.(dense|LayerNorm)\.(.+)", r"head.\1.\2"),
    (r"(?:.*\.)?cls\.predictions\.bias", r"head.bias"),
    (r"(?:.*\.)?cls\.predictions\.decoder\.(?:weight|bias)", None),  # the words and the bias once more
)
DECODER: Rules = (*LAYERS, *WORDS, *HEAD)
QFORMER: Rules = (
    *LAYERS,
    *WORDS,
    (r"query_tokens", r"query_tokens"),
    (r"(?:qformer\.)?layernorm\.(.+)", r"layernorm.\1"),
)
