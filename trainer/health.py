"""Signs that a run goes wrong, each reported once, while there is time to do something about it.

A loss at chance (ln V for words, ln B for pairs) is what guessing gives: the model knows nothing yet, or was
given weights with another tokenizer, labels that are all wrong, or a rate too small to learn anything.
"""

from collections.abc import Callable

NEAR, LATE = 0.9, 200  # share of chance; steps after which a loss should have left it
WAITING = 0.3  # share of the time spent waiting for batches
GAIN = 0.01  # nats that the right picture should be worth


class Health:
    """`chance`: the loss of a model that guesses; `trained`: weights were given."""

    def __init__(self, chance: float | None, trained: bool, tell: Callable[[str], object] = print) -> None:
        self.chance, self.trained, self.tell = chance, trained, tell
        self.told: set[str] = set()

    def look(self, step: int, values: dict[str, float], waiting: float) -> None:
        """`values` are means over the steps since the last look, `waiting` the share of time without data."""
        loss, gain = values.get("loss"), values.get("val_picture_gain", 1.0)
        if self.chance and loss is not None and loss > NEAR * self.chance:
            found = f"the loss is {loss:.2f} at step {step}, and guessing gives {self.chance:.2f}"
            if self.trained:
                self._once(
                    "start",
                    f"{found}: were these weights trained with this tokenizer, or are most words new to it?",
                )
            elif step >= LATE:
                self._once("late", f"{found}: raise --lr, or look at a sample: python -m dataset.chat show")
        if waiting > WAITING:
            self._once("wait", f"{waiting:.0%} of the time goes by waiting for data: raise --workers")
        if gain < GAIN:
            found = f"at step {step} wrong pictures do as well as the right ones ({gain:+.4f} nats)"
            self._once("picture", f"{found}: answers do not depend on the picture yet")

    def _once(self, sign: str, message: str) -> None:
        if sign not in self.told:
            self.told.add(sign)
            self.tell(f"\nnote: {message}")
