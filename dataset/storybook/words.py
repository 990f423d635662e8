"""The languages of the world."""

from dataset.storybook.chinese import CHINESE
from dataset.storybook.english import ENGLISH
from dataset.storybook.language import Language

LANGUAGES: dict[str, Language] = {"en": ENGLISH, "zh": CHINESE}
