"""Ask about pictures: one question, a conversation, a folder of pictures, or a whole data file.

python eval_vlm.py --image cat.png                           a conversation
python eval_vlm.py --image cat.png --prompt "What is this?"  one answer
python eval_vlm.py --image photos/                           each described
python eval_vlm.py --image a.png b.png --use_multi 2         a comparison
python eval_vlm.py --data val.parquet --report score.json    a score
python eval_vlm.py --lora_name out/lora --image cat.png      with an adapter
python eval_vlm.py --suite                                   storybook scores
python eval_vlm.py --photos flickr8k                         photograph scores
python eval_vlm.py doctor                                    is all well?
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
from PIL import Image
from tqdm import tqdm

from dataset.check import one_by_one
from dataset.commands.console import in_chinese
from dataset.commands.flags import Count, CountOr0, NotNegative, NotWith, OnlyWith, Positive, Seed, Within
from dataset.errors import DataError
from dataset.formats.rows import DESCRIBE, DESCRIBE_ZH
from dataset.images.picture_files import formats, pictures_in
from dataset.open import expect_folder_heeded, is_drawn, open_data
from dataset.project import PHOTO, ROOT, TINY, named
from dataset.records import TABLES as TABULAR
from scoring import doctor, heatmap, report
from scoring.answers import answer_all
from scoring.assistant import Assistant, open_pictures, readable, with_pictures
from scoring.written import expect_not_read, expect_report_kept
from talk.card import Card
from talk.pipe import piped
from talk.screen import say
from talk.terminal import Terminal, history, tell_no_picture
from talk.words import TEXTS, users_language
from trainer.cli import parse, user_errors

COMPARE, COMPARE_ZH = "What do the two pictures have in common?", "比较一下两张图像的异同点。"
MODES = (ROOT / "out/tiny/read", TINY, TINY)
SCORED = ("data", "suite", "photos")  # flags that ask for a score, not for an answer
TABLES = (*TABULAR, ".parquet")  # what tells of a folder's pictures


@dataclass
class Args:
    image: Annotated[tuple[str, ...], NotWith(*SCORED)] = ()
    """Pictures to ask about together (paths or URLs), or one folder, whose pictures are asked about one by
    one."""
    prompt: Annotated[str | None, NotWith(*SCORED)] = None
    """The question (default: a conversation begins; in a folder, each picture is described)."""
    weights: Path | None = None
    """Checkpoint folder (default: weights/photo; weights/tiny for the storybook)."""

    max_new_tokens: CountOr0 = 256
    """Longest answer, in tokens."""
    temperature: NotNegative = 0.0
    """Sampling temperature; 0 takes the likeliest token each time (greedy)."""
    top_p: Annotated[float, Within(0, 1, above=True), OnlyWith("temperature")] = 1.0
    """Sample from the likeliest tokens that together have this probability; 1: from all."""
    top_k: Annotated[CountOr0, OnlyWith("temperature")] = 0
    """Sample from this many of the likeliest tokens; 0: from all."""
    num_beams: Count = 1
    """Above 1: beam search, with this many beams; it is greedy."""
    repetition_penalty: Positive = 1.0
    """Above 1: tokens that were said already become less likely."""
    seed: Seed = 0
    """Seed of sampling."""
    greedy: bool = False
    """Take the likeliest token each time, whatever --temperature says."""
    stream: bool = True
    """Print an answer while it is generated."""
    use_multi: Annotated[Count, NotWith(*SCORED)] = 1
    """How many pictures one question is about; a folder's are compared that many at a time."""
    heatmap: Annotated[Path | None, OnlyWith("image"), OnlyWith("prompt", "use_multi")] = None
    """Draw where each word of the answer looks, into this file."""

    lora_name: Path | None = None
    """Folder of a LoRA adapter, ours or PEFT's, merged into the decoder for answering; it takes the place of
    the one that --weights has."""
    load: Literal[0, 1] = 0
    """0: --weights is one of our checkpoint folders. 1: it is a LLaVA of transformers: our code answers, and
    transformers' own answer comes after it, on stderr. A file of --data is scored by our code."""
    model_mode: Annotated[Literal[0, 1, 2] | None, NotWith("weights")] = None
    """A storybook model: 0 before it learnt to answer questions (out/tiny/read, made by `make train`); 1 and
    2: weights/tiny, which answers them about one picture and about two."""

    data: Annotated[str | None, NotWith("suite", "photos")] = None
    """Score answers to this data file or folder (docs/YOUR_DATA.md), storybook:scenes, or storybook:pope."""
    report: Annotated[Path | None, OnlyWith(*SCORED)] = None
    """JSON file to write the score to; --suite draws a picture beside it, --photos writes the answers there
    (default: out/suite.json, out/photos.json)."""
    samples: Annotated[Count | None, OnlyWith(*SCORED)] = None
    """Score only this many records, from the first on (for storybook:scenes and :pope: this many scenes)."""
    image_dir: Annotated[Path | None, OnlyWith("data")] = None
    """Folder that picture names in --data are relative to (default: the data file's)."""
    batch_size: Annotated[Count, OnlyWith(*SCORED)] = 64
    """Questions answered at once; with --photos, at most 32."""
    suite: Annotated[bool, NotWith("photos")] = False
    """Score all held-out sets of the storybook; --samples counts scenes of the first (default: 300)."""
    photos: Path | None = None
    """Score descriptions of the photographs listed in this folder's val.txt, and answers about them (Flickr8k
    with captions.txt, docs/YOUR_DATA.md). --num_beams is for the descriptions."""
    per_family: Annotated[CountOr0, OnlyWith("photos")] = 100
    """Questions of each family in each language, with --photos."""

    device: str = "auto"
    """auto (cuda, then mps, then cpu), or the name of one."""
    dtype: Literal["auto", "fp32", "bf16", "int8"] = "fp32"
    """Arithmetic of matrix products. auto: bf16 where the machine has instructions for it. int8: the weights
    of the decoder are rounded to a byte each, fastest on CPUs (docs/PERFORMANCE.md)."""
    graph: bool = False
    """Replay the steps of an answer as a CUDA graph; not tried on a GPU yet."""

    def folder(self) -> Path:
        """Of the weights that answer."""
        storybook = self.suite or is_drawn(self.data or "")
        default = TINY if storybook or self.model_mode is not None else PHOTO
        return self.weights or (default if self.model_mode is None else MODES[self.model_mode])

    def sampling(self) -> dict[str, object]:
        names = ("temperature", "top_p", "top_k", "repetition_penalty", "num_beams", "max_new_tokens")
        return {name: getattr(self, name) for name in names} | ({"temperature": 0.0} if self.greedy else {})


@user_errors
def main(argv: list[str] | None = None) -> None:
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["doctor"]:
        doctor.main(words[1:])
    args = parse(Args, argv, __doc__)
    expect_folder_heeded(args.image_dir, args.data)
    if args.report:
        expect_report_kept(
            args.report, ".png" if args.suite else ".jsonl" if args.photos else None, read_here(args)
        )
    if args.heatmap:
        heatmap.expect_picture(args.heatmap)
        expect_not_read("--heatmap", args.heatmap, read_here(args))
    torch.manual_seed(args.seed)
    groups = picture_groups(args)
    images = [] if is_folder(args.image) else open_pictures(groups[0])  # before the weights
    if args.load == 1:
        from convert.peer import Both  # transformers takes seconds to import

        if args.weights is None:
            raise DataError("--load 1 needs --weights, a folder written by transformers")
        assistant = Both.load(args.weights, args.device, args.dtype)
    else:
        assistant = Assistant.load(args.folder(), args.device, args.dtype)
    if args.lora_name:
        add_adapter(assistant, args)
    assistant.quickened(args.graph)
    if args.suite:
        score_suite(assistant, args)
    elif args.photos:
        score_photos(assistant, args)
    elif args.data:
        score_file(assistant, args)
    elif len(groups) > 1 or is_folder(args.image):
        if args.prompt is None and not sys.stdin.isatty():
            args.prompt = "\n".join(piped()).strip() or None
        ask_each(assistant, args, groups)
    elif args.prompt is not None or (args.use_multi > 1 and sys.stdin.isatty()):
        ask_once(assistant, args, images)
    else:
        converse(assistant, args, images)


def add_adapter(assistant: Assistant, args: Args) -> None:
    weights = args.folder()
    if args.load == 1:
        raise DataError("--lora_name is for our own checkpoints; leave it or --load 1 out")
    if args.lora_name.resolve() == weights.resolve():
        raise DataError(f"--lora_name {args.lora_name}: is --weights, whose adapter is in use; leave it out")
    assistant.adapted(args.lora_name)


def read_here(args: Args) -> set[Path]:
    """Pictures, data and weights that this run reads, all that lies in a folder of them included."""
    sources = [Path(source) for source in (args.data, args.photos) if source]
    told = TABLES if args.photos else (*TABLES, ".jsonl")  # --photos writes one beside its report
    inside = [path for folder in sources for path in folder.glob("*") if path.suffix.lower() in told]
    folders = [Path(one) for one in (*args.image, args.folder(), args.lora_name) if one]
    parts = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    return {Path(one).resolve() for one in (*args.image, *sources, *inside, *parts)}


def default_question(args: Args) -> str:
    """What Enter alone asks, in the user's language."""
    english, chinese = (COMPARE, COMPARE_ZH) if args.use_multi > 1 else (DESCRIBE, DESCRIBE_ZH)
    return chinese if in_chinese() else english


def greeted(folder: Path) -> list[str]:
    """What the model knows and questions to try, where its card says so."""
    try:
        card = Card.load(folder)
    except DataError as error:
        return [f"error: {error}"]
    texts, summary = TEXTS[users_language()], card.told(in_chinese())
    told = [texts["knows"].format(model=folder.resolve().name, summary=summary)] if summary else []
    return told + [texts["try"].format(question=question) for question in card.to_try(in_chinese())]


def is_folder(sources: Sequence[str]) -> bool:
    return len(sources) == 1 and Path(sources[0]).is_dir()


def picture_groups(args: Args) -> list[list[str]]:
    """The pictures of each question: all of --image, or those of a folder, --use_multi at a time."""
    if not is_folder(args.image):
        if args.use_multi > 1 and len(args.image) != args.use_multi:
            raise DataError(
                f"--use_multi {args.use_multi} needs as many pictures; --image names {len(args.image)}"
            )
        return [list(args.image)]
    folder = Path(args.image[0])
    names = [str(path) for path in pictures_in(folder)]
    if len(names) < args.use_multi:
        raise DataError(
            f"{folder} holds {len(names)} pictures ({', '.join(formats())}); {args.use_multi} needed"
        )
    if rest := len(names) % args.use_multi:
        told = ", ".join(names[-rest:])
        print(
            f"{told}: left over, as --use_multi {args.use_multi} takes that many at a time", file=sys.stderr
        )
    groups = [names[i : i + args.use_multi] for i in range(0, len(names) - rest, args.use_multi)]
    if args.heatmap and len(groups) > 1:
        raise DataError(
            f"--heatmap {args.heatmap}: {len(groups)} answers would share that file; ask about one"
        )
    return groups


def ask_each(assistant: Assistant, args: Args, groups: Sequence[Sequence[str]]) -> None:
    """About one group of pictures after another. Raises DataError at the end where some could not be read."""
    asked = 0
    for names in groups:
        print(f"\n{', '.join(names)}")
        if images := readable(names):
            ask_once(assistant, args, images)
            asked += 1
    if asked < len(groups):
        number = f"{len(groups) - asked} of {len(groups)} questions were not asked"
        raise DataError(f"{number}: their pictures cannot be read (see above)")


def ask_once(assistant: Assistant, args: Args, images: Sequence[Image.Image]) -> None:
    question = default_question(args) if args.prompt is None else args.prompt
    messages = [{"role": "user", "content": with_pictures(question, len(images))}]
    if not images:
        tell_no_picture(users_language())
    said = say(assistant.stream(messages, images, **args.sampling()), args.stream)
    if args.heatmap:
        heatmap.draw(heatmap.looked(assistant, messages, images, said), images, args.heatmap)
        print(f"saved {args.heatmap}", file=sys.stderr)


def converse(assistant: Assistant, args: Args, images: list[Image.Image]) -> None:
    """In the terminal, or about what a pipe asks; an empty one asks what Enter asks."""
    greeting = greeted(args.folder()) if sys.stdin.isatty() else []
    question = default_question(args)
    talk = Terminal(
        assistant, args.sampling(), images, args.stream, question, history(), greeting, users_language()
    )
    talk.run()
    if images and not talk.heard and not sys.stdin.isatty():
        ask_once(assistant, args, images)
    elif args.heatmap:
        raise DataError("--heatmap is not drawn of questions from a pipe; give one as --prompt")


def about(args: Args) -> dict[str, object]:
    """What a report says of who answered."""
    told = {"weights": named(args.folder())} | ({"adapter": named(args.lora_name)} if args.lora_name else {})
    usual = Args()
    changed = {name: value for name, value in args.sampling().items() if value != usual.sampling()[name]}
    return told | ({"sampling": changed} if changed else {})


def score_suite(assistant: Assistant, args: Args) -> None:
    from scoring import suite  # what only a score needs takes an answer a third of a second

    scored = suite.run(assistant, args.samples or 300, args.batch_size, **args.sampling())
    path = args.report or Path("out/suite.json")
    print(suite.table(scored))  # first: what was hours of work is not lost where nothing can be written
    report.write({**about(args), **scored}, path)
    suite.draw(scored, path.with_suffix(".png"))
    print(f"saved {path} and {path.with_suffix('.png')}")


def score_photos(assistant: Assistant, args: Args) -> None:
    from scoring import photos

    asked = photos.Photos.open(args.photos, samples=args.samples)
    batch_size, choices = min(args.batch_size, 32), args.sampling()
    answers = photos.ask(assistant, asked, batch_size, args.per_family, **choices)
    scored = photos.score(asked, answers)
    path = args.report or Path("out/photos.json")
    print(photos.table(scored))
    report.write({**about(args), **scored}, path)
    photos.write(answers, path.with_suffix(".jsonl"))
    print(f"saved {path} and {path.with_suffix('.jsonl')}")


def score_file(assistant: Assistant, args: Args) -> None:
    records = open_data(args.data, args.image_dir, args.samples, view="scenes")
    left_out: dict[int, str] = {}
    answers = answer_all(assistant, records, args.batch_size, left_out=left_out, **args.sampling())
    said = list(tqdm(answers, desc="answers", unit="answer", mininterval=1, dynamic_ncols=True))
    reasons = list(left_out.values())
    if not said:
        raise DataError(f"{reasons[0]} (none of {len(records)} records can be asked)")
    scored = report.score(said)
    print(report.table(scored))
    if args.report:
        report.write({**about(args), "data": args.data, "left_out": reasons, **scored}, args.report)
    if reasons:
        print("\n".join(one_by_one(reasons)))
        print(f"{len(reasons)} of {len(records)} records cannot be asked and are left out")


if __name__ == "__main__":
    main()
