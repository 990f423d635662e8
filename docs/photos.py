"""Photographs, and what the model that ships answers about them: the tables of README.md and README_zh.md.

    python -m docs.photos     writes what stands between the marks <!-- photos -->

Whether an answer is right, scoring/judge.py says: its rule is that the truth's words are in it. The pictures:
docs/photos/astronaut.jpg (NASA, public domain), camera.jpg (Lav Varshney), coffee.jpg (Rachel Michetti),
rocket.jpg (SpaceX), and weights/photo/example.jpg (Stefan van der Walt): CC0, from scikit-image's samples, at
most 420 pixels wide.
"""

from dataclasses import dataclass
from pathlib import Path

from dataset.errors import DataError
from dataset.images.load import load_image
from dataset.project import PHOTO, ROOT
from scoring import judge
from scoring.assistant import Assistant, with_pictures
from trainer.cli import parse, user_errors

PAGES = {"en": "README.md", "zh": "README_zh.md"}
HEADS = {
    "en": "| photograph | question, **answer**, right or wrong |",
    "zh": "| 照片 | 问题、**回答**、对错 |",
}
QUESTIONS = {  # photograph -> question, and words that a right answer has
    "weights/photo/example.jpg": {
        "en": {"Describe the picture.": "cat", "What animal is this?": "cat"},
        "zh": {"描述一下这张图片。": "猫", "这是什么动物？": "猫"},
    },
    "docs/photos/coffee.jpg": {
        "en": {"Describe the picture.": "coffee", "What is this?": "a coffee cup or mug"},
        "zh": {"描述一下这张图片。": "咖啡", "这是什么？": "杯"},
    },
    "docs/photos/camera.jpg": {
        "en": {"Describe the picture.": "camera", "Is there a man?": "yes"},
        "zh": {"描述一下这张图片。": "相机", "有人吗？": "有"},
    },
    "docs/photos/astronaut.jpg": {
        "en": {"Describe the picture.": "astronaut", "Is there a dog?": "no"},
        "zh": {"描述一下这张图片。": "宇航员", "有狗吗？": "没有"},
    },
    "docs/photos/rocket.jpg": {
        "en": {"Describe the picture.": "rocket", "Is it day or night?": "night"},
        "zh": {"描述一下这张图片。": "火箭", "是白天还是晚上？": "晚上"},
    },
}
LONGEST = 60  # tokens of an answer


@dataclass
class Args:
    weights: Path = PHOTO
    """Checkpoint folder of the model that is asked."""


@user_errors
def main(argv: list[str] | None = None) -> None:
    assistant = Assistant.load(parse(Args, argv, __doc__).weights).quickened()
    for language, page in PAGES.items():
        path, rows = ROOT / page, table(assistant, language)
        path.write_text(between_marks(path.read_text(encoding="utf-8"), rows), encoding="utf-8")
        print(f"{page}\n{rows}")


def table(assistant: Assistant, language: str) -> str:
    lines = [HEADS[language], "|---|---|"]
    for path, asked in QUESTIONS.items():
        told = (
            row(assistant, path, question, truth, language) for question, truth in asked[language].items()
        )
        lines.append(f'| <img src="{path}" width="140" alt="{Path(path).stem}"> | {"<br>".join(told)} |')
    return "\n".join(lines)


def row(assistant: Assistant, path: str, question: str, truth: str, language: str) -> str:
    said = answer(assistant, ROOT / path, question)
    mark = "✓" if judge.right(f"{language}/", question, truth, said) else "✗"
    return f"{question} **{said}** {mark}"


def answer(assistant: Assistant, path: Path, question: str) -> str:
    """Greedy, in a line."""
    messages = [{"role": "user", "content": with_pictures(question, 1)}]
    pieces = assistant.stream(messages, [load_image(path)], max_new_tokens=LONGEST)
    return " ".join("".join(pieces).split()) or "(nothing)"


def between_marks(text: str, rows: str) -> str:
    """`text` with `rows` in the place of what stands between the marks. Raises DataError without marks."""
    before, begin, rest = text.partition("<!-- photos -->\n")
    _, end, after = rest.partition("<!-- /photos -->")
    if not end:
        raise DataError("the page has no line <!-- photos --> with <!-- /photos --> after it; write both")
    return f"{before}{begin}\n{rows}\n\n{end}{after}"


if __name__ == "__main__":
    main()
