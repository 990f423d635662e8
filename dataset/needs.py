"""What each stage of training needs of its records: asked by `check --stage` and before the first step."""

from dataclasses import dataclass
from typing import Literal

from dataset.chat.render import Chat
from dataset.errors import DataError
from dataset.record import Record


@dataclass(frozen=True)
class Needs:
    """`pictures` of a record: any number, one to be read at all, or some to teach anything.

    `together`: records that a batch has at least; `augmented`: pictures are moved, and regions would not be;
    `caption`: tokens that the first answer may have where it is read by itself.
    """

    stage: str
    pictures: Literal["any", "some", "one"] = "any"
    together: int = 1
    caption: int | None = None
    augmented: bool = False

    def expect(self, record: Record, chat: Chat) -> None:
        """Raises DataError for a record that would end the run."""
        if self.pictures == "one" and len(record.images) != 1:
            found = f"{len(record.images)} pictures; stage {self.stage} needs one in each record"
            raise DataError(f"{record.where}: {found}; split it, or leave it out")
        if self.augmented and record.regions:
            raise DataError(f"{record.where}: has regions, which --augment would move; leave it out")
        if self.caption is not None and (long := len(chat.encode(record.caption))) > self.caption:
            found = f"{long} tokens of caption; stage {self.stage} reads {self.caption}"
            raise DataError(f"{record.where}: {found}; shorten the first answer, or leave it out")

    def taught_by(self, record: Record) -> bool:
        return self.pictures != "some" or bool(record.images)


NEEDS = {
    needs.stage: needs
    for needs in (
        Needs("text"),
        Needs("vision", "one", together=2, caption=8191),  # a pair is told from others
        Needs("regions", "some"),
        Needs("sharpen", "some"),
        Needs("names", "one"),
        Needs("qformer", "one", caption=510),  # of BERT's 512 places
        Needs("caption", "one"),
        Needs("align", "some"),
        Needs("sft"),
        Needs("reward", "one"),
    )
}
