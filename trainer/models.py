"""The model that a run trains: from --init or from --preset, with the connector that the stage needs."""

from collections.abc import Sequence
from copy import copy
from dataclasses import asdict, fields, replace

from dataset.chat.class_names import class_ids
from dataset.chat.render import Chat
from dataset.errors import DataError
from dataset.images.preprocess import Preprocessor
from dataset.images.processor_file import open_preprocessor, side_of
from dataset.images.tiles import FILE
from dataset.needs import NEEDS
from dataset.project import TINY
from model.bert import BertConfig
from model.blip import Blip, BlipConfig
from model.config import PRESETS, DecoderConfig, VisionConfig, VLMConfig
from model.connector import build_connector
from model.device import pick_device, pick_dtype
from model.efficientnet import SCALES
from model.fields import build
from model.files import Config, Model, merge
from model.lora import LoRAConfig, adapt, adapter_of, is_beside
from model.vlm import VLM
from scoring.assistant import Assistant
from trainer.args import TrainArgs

SWITCHES = {"true": True, "false": False}
CHOSEN = {"feature_layer", "keep_cls"}  # of an eye that has sizes of its own
TINY_QFORMER = BertConfig(
    hidden_size=192,
    intermediate_size=768,
    num_hidden_layers=4,
    num_attention_heads=6,
    hidden_dropout_prob=0.0,
)
TINY_BLIP = replace(
    TINY_QFORMER, hidden_size=256, intermediate_size=1024, num_hidden_layers=6, num_attention_heads=8
)


def open_model(args: TrainArgs, stage: str) -> Assistant:
    """The checkpoint of --init, or a new model; with a new part where the stage or --connector wants one."""
    for item in args.set if args.init else ():
        if not item.startswith("bert."):
            raise DataError(
                f"--set {item}: --init has its own sizes; those of a new part are bert.NAME=VALUE"
            )
    assistant = Assistant.load(args.init, args.device, args.dtype) if args.init else new_model(args)
    vlm = assistant.vlm
    if assistant.preprocessor.cuts and NEEDS[stage].pictures == "one":
        told = f"cuts pictures into tiles, and stage {stage} reads one frame of each"
        raise DataError(f"--init {args.init}: {told}; set do_image_splitting to false in its {FILE}")
    if stage == "caption" and isinstance(vlm, VLM):
        return as_blip(assistant, args)
    wanted = "qformer" if stage == "qformer" else args.connector
    if not wanted or is_there(wanted, args, vlm.config):
        if sizes := [item for item in args.set if item.startswith("bert.")]:
            raise DataError(f"--set {sizes[0]}: this stage makes no new Q-Former or caption decoder to size")
        return assistant
    if not isinstance(vlm, VLM):
        raise DataError(f"--connector {wanted}: {args.init} has no connector to replace")
    return with_connector(assistant, wanted, args)


def is_there(connector: str, args: TrainArgs, config: Config) -> bool:
    """Is it the one that the model has? (BLIP's and BLIP-2's are Q-Formers.)"""
    held, shuffle = getattr(config, "connector", "qformer"), getattr(config, "shuffle", 1)
    return connector == held and args.shuffle in (None, shuffle)


def new_model(args: TrainArgs) -> Assistant:
    """Of the sizes of --preset, with the tokenizer of --tokenizer."""
    config, device = new_config(args), pick_device(args.device)
    chat = Chat.load(args.tokenizer or TINY, config.image_tokens)
    text = replace(config.text, vocab_size=chat.tokenizer.get_vocab_size())
    ids = {"image_token_id": chat.image_id, "eos_token_id": chat.end_id, "pad_token_id": chat.pad_id}
    vlm = VLM(replace(config, text=text, **ids)).to(device)
    return Assistant(vlm, chat, pixels_of(config.vision), pick_dtype(args.dtype, device))


def named_eye(name: str) -> VisionConfig:
    """Of the checkpoint `name`. DINOv2 is shown pictures of another size than it learnt its places from."""
    from model.eyes import folder_of, pretrained_vision_config

    vision = pretrained_vision_config(name)
    return replace(vision, image_size=side_of(folder_of(name))) if vision.kind == "dinov2" else vision


def pixels_of(vision: VisionConfig) -> Preprocessor:
    """As the eye that is named was shown them; a new one sees as CLIP does."""
    if not vision.pretrained:
        return Preprocessor(vision.image_size)
    from model.eyes import folder_of

    return open_preprocessor(folder_of(vision.pretrained), vision.kind, vision.image_size)


def with_connector(assistant: Assistant, kind: str, args: TrainArgs) -> Assistant:
    """The same model with a new connector."""
    vlm, device = assistant.vlm, assistant.device
    words = vlm.config.text.vocab_size + 1  # and [DEC]
    qformer = asdict(bert_config(args, vlm.config, TINY_QFORMER, words)) if kind == "qformer" else None
    side = (args.shuffle or 2) if kind == "shuffle" else 1
    vlm.config = replace(vlm.config, connector=kind, qformer=qformer, shuffle=side, taught=0)
    vlm.connector = build_connector(vlm.config)
    if kind == "words":
        vlm.connector.begin(vlm.decoder.embed_tokens.weight, class_ids(assistant.chat))
    vlm.connector.to(device)
    print(f"a new connector: {kind}, {vlm.config.image_tokens} image tokens a picture")
    return replace(assistant, chat=seeing(assistant.chat, vlm.config.image_tokens))


def as_blip(assistant: Assistant, args: TrainArgs) -> Assistant:
    """The same eye, with a new caption decoder."""
    old, device = assistant.vlm, assistant.device
    text = bert_config(args, old.config, TINY_BLIP, old.config.text.vocab_size)
    ids = {name: getattr(old.config, name) for name in ("image_token_id", "eos_token_id", "pad_token_id")}
    blip = Blip(BlipConfig(replace(text, cross_attention_frequency=1), old.config.vision, **ids)).to(device)
    blip.vision = old.vision
    print(f"a new caption decoder: {text.num_hidden_layers} layers x {text.hidden_size}")
    return replace(assistant, vlm=blip, chat=seeing(assistant.chat, 0))


def with_adapters(vlm: Model, parts: Sequence[str], args: TrainArgs) -> None:
    """As --lora and --lora_vision ask; without them the adapters that --init has go on."""
    if not isinstance(vlm, VLM):
        for flag, given in (("--lora", args.lora), ("--lora_vision", args.lora_vision)):
            if given:
                told = "is for models that speak with our own decoder"
                raise DataError(f"{flag} {told}; leave it out for this kind of model")
        return
    if args.lora_vision:
        adapt_vision(vlm, parts, args.lora_vision)
    known, given = adapter_of(vlm.decoder), f"--lora {args.lora}"
    if args.lora == 0 and not {"decoder", "last_layer"} & set(parts):
        raise DataError(
            f"{given}: trains the decoder as a whole, against --train {' '.join(parts)}; leave it out"
        )
    if args.lora and ("decoder" not in parts or "last_layer" in parts):
        raise DataError(
            f"{given}: trains the adapter alone, against --train {' '.join(parts)}; change one of them"
        )
    if args.lora and known and (known.r != args.lora or args.lora_alpha not in (None, known.lora_alpha)):
        told = f"an adapter of rank {known.r} and alpha {known.lora_alpha:g}, which keeps learning"
        raise DataError(f"{given}: {args.init} has {told}; give that, or merge it (convert_vlm.py merge)")
    if args.lora and not known:
        adapt(vlm.decoder, LoRAConfig(args.lora, args.lora_alpha or 2 * args.lora))
    if known and (args.lora == 0 or "last_layer" in parts):
        merge(vlm, ["decoder"])


def adapt_vision(vlm: VLM, parts: Sequence[str], rank: int) -> None:
    """Give a convolutional vision encoder adapters of this rank, if it has none yet. Raises DataError."""
    vision, given = vlm.config.vision, f"--lora_vision {rank}"
    if vision.kind not in SCALES:
        raise DataError(f"{given}: is for EfficientNet-Lite, not a vision encoder of kind {vision.kind}")
    if "vision" not in parts:
        raise DataError(f"{given}: trains an adapter of the vision encoder; add vision to --train")
    if vision.adapter not in (0, rank):
        told = f"an adapter of rank {vision.adapter}, which keeps learning; give that, or merge it"
        raise DataError(f"{given}: the vision encoder has {told} (convert_vlm.py merge)")
    if not vision.adapter:
        vlm.vision.clip.adapt(rank)
        vlm.vision.config = replace(vision, adapter=rank)
        vlm.config = replace(vlm.config, vision=vlm.vision.config)


def own_what_trains(vlm: Model, parts: Sequence[str]) -> None:
    """Parts that lie elsewhere and are about to change become the checkpoint's own."""
    if "vision" in parts and vlm.config.vision.pretrained:
        vlm.config = replace(vlm.config, vision=replace(vlm.config.vision, pretrained=None))
    bases = getattr(vlm.config, "bases", None) or {}
    changed = {name for name, p in vlm.named_parameters() if p.requires_grad and not is_beside(name)}
    kept = {part: base for part, base in bases.items() if not any(n.startswith(f"{part}.") for n in changed)}
    if kept != bases:
        vlm.config = replace(vlm.config, bases=kept or None)


def seeing(chat: Chat, image_tokens: int) -> Chat:
    chat = copy(chat)
    chat.image_tokens = image_tokens
    return chat


def bert_config(args: TrainArgs, config: VLMConfig, tiny: BertConfig, words: int) -> BertConfig:
    """BERT base, or `tiny` where the eye is narrow, with what --set bert.NAME=VALUE changes."""
    base = tiny if config.vision.hidden_size < BertConfig().hidden_size else BertConfig()
    chosen = parse_fields([item for item in args.set if item.startswith("bert.")], {"bert": BertConfig})
    return replace(base, vocab_size=words, encoder_hidden_size=config.vision.hidden_size, **chosen["bert"])


def parse_fields(items: Sequence[str], kinds: dict[str, type]) -> dict[str, dict]:
    """ "text.hidden_size=128" -> {"text": {"hidden_size": 128}}"""
    changes: dict[str, dict] = {part: {} for part in kinds}
    for item in items:
        key, _, value = item.partition("=")
        part, _, name = key.partition(".")
        types = {f.name: f.type for f in fields(kinds[part])} if part in kinds else {}
        if name not in types:
            raise DataError(f"--set {item}: no such field; write text., vision. or bert.NAME=VALUE")
        changes[part][name] = _parse(value, types[name], item)
    return changes


def new_config(args: TrainArgs) -> VLMConfig:
    """The preset with what the flags change."""
    config = PRESETS[args.preset or "tiny"]
    sizes = [item for item in args.set if not item.startswith("bert.")]
    changes = parse_fields(sizes, {"text": DecoderConfig, "vision": VisionConfig})
    for name in ("image_size", "patch_size"):
        if getattr(args, name):
            changes["vision"][name] = getattr(args, name)
    if args.vision:
        if own := sorted(changes["vision"].keys() - CHOSEN):
            raise DataError(f"--set vision.{own[0]}: the encoder of --vision has its own sizes; leave it out")
        config = replace(config, vision=named_eye(args.vision))
    parts = {part: asdict(getattr(config, part)) | new for part, new in changes.items()}
    return replace(
        config,
        text=build(DecoderConfig, parts["text"], "text."),
        vision=build(VisionConfig, parts["vision"], "vision."),
    )


def _parse(value: str, kind: type, item: str) -> object:
    if kind is bool:
        if value.lower() not in SWITCHES:
            raise DataError(f"--set {item}: {value!r} is not true or false")
        return SWITCHES[value.lower()]
    known = next((one for one in (int, float, str) if kind == one or kind == one | None), None)
    if known is None:
        raise DataError(f"--set {item}: this field is no number, word or switch; write it into a config.json")
    try:
        return known(value)
    except ValueError:
        raise DataError(f"--set {item}: {value!r} is not a number") from None
