"""The wordings of questions, one a line; `[is] <the dog>` is explained in `english_talk`.

Slots: {the} "the dog", {a} "a dog", {many} "dogs", {thing} "dog", {is} "is" or "are", {he} "he", {x} what is
asked of, {one} and {other} a choice in the order asked. To add a wording, add a line to its family.
"""

from dataset.photo.english_wordings_people import PEOPLE
from dataset.photo.english_wordings_places import PLACES
from dataset.photo.english_wordings_things import THINGS
from dataset.photo.english_wordings_turns import TURNS

WORDINGS = THINGS | PEOPLE | PLACES | TURNS
