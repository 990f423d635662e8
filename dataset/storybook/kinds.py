"""All kinds of thing by name, in the order in which they were drawn."""

from dataset.storybook import more_things, things
from dataset.storybook.kind import REGISTER

KINDS = REGISTER
__all__ = ["KINDS", "more_things", "things"]
