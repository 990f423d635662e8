"""The sizes of every part, as frozen dataclasses, with the named presets and JSON in and out.

Field names are those of Hugging Face's LLaMA, Mixtral and CLIP configurations.
"""

from dataclasses import asdict, dataclass, field

from model.fields import build, divides
from model.rope_scaling import expect_scaling


@dataclass(frozen=True)
class DecoderConfig:
    """A LLaMA-style decoder; `num_local_experts` > 0 makes every feed-forward a mixture of experts."""

    vocab_size: int = 6400
    hidden_size: int = 512
    intermediate_size: int = 1408
    num_hidden_layers: int = 8
    num_attention_heads: int = 8
    num_key_value_heads: int = 2
    head_dim: int | None = None  # None: hidden_size / num_attention_heads
    max_position_embeddings: int = 8192
    rope_theta: float = 1e6
    rms_norm_eps: float = 1e-5
    tie_word_embeddings: bool = True
    attention_bias: bool = False  # of query, key and value, as in Qwen2
    qk_norm: bool = False  # of each head's query and key, as in Qwen3
    rope_scaling: dict | None = None  # Llama 3's: see rope_scaling.py
    num_local_experts: int = 0
    num_experts_per_tok: int = 2
    num_shared_experts: int = 0
    router_aux_loss_coef: float = 0.1

    def __post_init__(self) -> None:
        if self.head_dim is None:
            divides(self, "num_attention_heads", "hidden_size")
        divides(self, "num_key_value_heads", "num_attention_heads")
        expect_scaling(self.rope_scaling)
        if self.head_size % 2:
            raise ValueError(f"head size {self.head_size} is odd; RoPE turns pairs of numbers")
        if self.num_local_experts and not 1 <= self.num_experts_per_tok <= self.num_local_experts:
            raise ValueError(
                f"num_experts_per_tok {self.num_experts_per_tok} is not within 1..{self.num_local_experts}"
            )

    @property
    def head_size(self) -> int:
        return self.head_dim or self.hidden_size // self.num_attention_heads


@dataclass(frozen=True)
class VisionConfig:
    """A vision encoder (`kind`: see eyes.py) and which of its features the decoder gets to see.

    `pretrained` names a checkpoint (a folder or a hub name) that is loaded from there and not copied
    into ours. `feature_layer` counts as transformers' `hidden_states` does: -1 is the last layer. The last
    `classes` numbers of a convolutional kind's features are the logits of what its classifier knows by name.
    """

    image_size: int = 224
    patch_size: int = 16
    hidden_size: int = 768
    intermediate_size: int = 3072
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    hidden_act: str = "quick_gelu"
    kind: str = "clip"
    feature_layer: int = -1
    keep_cls: bool = False
    classes: int = 0
    colours: int = 0  # levels each of red, green and blue in a cell's histogram, in front of the logits
    adapter: int = field(default=0, repr=False)  # a convolutional kind's rank; its weights tell, not repr
    pretrained: str | None = None

    def __post_init__(self) -> None:
        if not -self.num_hidden_layers - 1 <= self.feature_layer <= self.num_hidden_layers:
            raise ValueError(f"feature_layer {self.feature_layer}: there are {self.num_hidden_layers} layers")
        divides(self, "num_attention_heads", "hidden_size")
        divides(self, "patch_size", "image_size")

    @property
    def num_tokens(self) -> int:
        return (self.image_size // self.patch_size) ** 2 + self.keep_cls


@dataclass(frozen=True)
class VLMConfig:
    """Vision encoder, connector and decoder; ids are those of the tokenizer beside the weights."""

    text: DecoderConfig = field(default_factory=DecoderConfig)
    vision: VisionConfig = field(default_factory=VisionConfig)
    connector: str = "linear"
    qformer: dict | None = None  # the fields of its BertConfig, where the connector is "qformer"
    taught: int = 0  # where it is "words": classes of whole pictures that it learnt from its own data
    shuffle: int = 1  # where it is "shuffle": neighbours in a row, and in a column, of one image token
    bases: dict | None = None  # part -> {package, version, file, sha256} where it lies, see bases.py
    image_token_id: int = 0
    eos_token_id: int = 0
    pad_token_id: int = 0

    @property
    def image_tokens(self) -> int:
        """Placeholders of one picture."""
        if self.connector == "qformer":
            return self.qformer["num_query_tokens"]
        return self.vision.num_tokens // (self.shuffle if self.connector == "shuffle" else 1) ** 2

    def to_dict(self) -> dict:
        return {"model_type": "glimpse", **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict) -> "VLMConfig":
        """Strict: an unknown key is an error that names it."""
        values = {k: v for k, v in values.items() if k != "model_type"}
        for key, kind in (("text", DecoderConfig), ("vision", VisionConfig)):
            values[key] = build(kind, values.get(key, {}), key + ".")
        return build(cls, values)


PRESETS: dict[str, VLMConfig] = {
    "tiny": VLMConfig(
        text=DecoderConfig(
            hidden_size=256, intermediate_size=640, num_hidden_layers=6, max_position_embeddings=1024
        ),
        vision=VisionConfig(
            image_size=128,
            hidden_size=192,
            intermediate_size=768,
            num_hidden_layers=5,
            num_attention_heads=6,
            hidden_act="gelu",
        ),
    ),
    "minimind-26m": VLMConfig(),
    "minimind-104m": VLMConfig(
        text=DecoderConfig(hidden_size=768, intermediate_size=2048, num_hidden_layers=16)
    ),
    "minimind-26m-moe": VLMConfig(text=DecoderConfig(num_local_experts=4, num_shared_experts=1)),
}
