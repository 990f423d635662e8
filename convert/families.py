"""A config.json as transformers reads it: what it leaves out has the values of its own family."""

from collections.abc import Iterable
from pathlib import Path

from huggingface_hub.errors import StrictDataclassError

from convert.files import ConvertError


def completed(values: dict, where: Path | str, kinds: Iterable[str]) -> dict:
    """The same with every field of its family. Raises ConvertError for a family that is none of `kinds`, and
    for a value that it does not have.
    """
    from transformers import AutoConfig  # seconds

    kind = values.get("model_type")
    if kind not in kinds:
        raise ConvertError(f"{where}: model_type is {kind!r}; known are {', '.join(kinds)}")
    try:
        return values | AutoConfig.for_model(**values).to_dict()
    except (StrictDataclassError, ValueError, TypeError, AttributeError, LookupError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ConvertError(f"{where}: not a configuration that transformers reads ({reason})") from None


def first_id(ids: int | list[int] | None) -> int:
    """A configuration may name several ends, or none: 0 then, until a tokenizer says which."""
    first = ids[0] if isinstance(ids, list) and ids else ids
    return first if isinstance(first, int) else 0
