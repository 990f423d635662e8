"""Configurations out of JSON, strictly: whoever wrote a config.json, it is named what is wrong with it."""

from dataclasses import fields

LARGEST, LAYERS = 2**20, 512  # what a config.json may ask for
MAY_BE_0 = set("num_local_experts num_shared_experts classes colours adapter taught min_new_tokens".split())
MAY_BE_0 |= {"image_token_id", "eos_token_id", "pad_token_id"}


def build(kind: type, values: dict, prefix: str = "") -> object:
    """The dataclass of these fields. Raises ValueError that names the first that is unknown or absurd."""
    if unknown := set(values) - {f.name for f in fields(kind)}:
        name = (prefix + min(unknown)).encode("unicode_escape").decode()
        raise ValueError(f"unknown field {name} in config.json")
    for f in fields(kind):
        value = values.get(f.name, f.default)
        whole = f.type is int or (f.type == int | None and value is not None)
        if whole and f.name != "feature_layer":
            least, most = int(f.name not in MAY_BE_0), LAYERS if f.name == "num_hidden_layers" else LARGEST
            if type(value) is not int or not least <= value <= most:
                raise ValueError(f"{prefix}{f.name} is {value!r}, not a whole number from {least} to {most}")
        if f.type in (bool, str, str | None) and not isinstance(value, f.type):
            raise ValueError(
                f"{prefix}{f.name} is {value!r}, which is no {getattr(f.type, '__name__', f.type)}"
            )
        if f.type is float and not (isinstance(value, int | float) and 0 <= value < float("inf")):
            raise ValueError(f"{prefix}{f.name} is {value!r}, not a number from 0")
    return kind(**values)


def divides(config: object, part: str, whole: str) -> None:
    """Raises ValueError unless the field `whole` is a multiple of the field `part`."""
    number, parts = getattr(config, whole), getattr(config, part)
    if parts < 1 or number % parts:
        raise ValueError(f"{whole} {number} is not a multiple of {part} {parts}")
