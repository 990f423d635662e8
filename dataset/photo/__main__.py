"""Captioned photographs -> questions and answers, to train on and to measure with.

python -m dataset.photo make flickr8k --split train
python -m dataset.photo show flickr8k --photos 3
"""

import json
import random
import shlex
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import tyro

from dataset.commands.console import script
from dataset.commands.flags import Count, Seed, parse
from dataset.errors import DataError
from dataset.photo.blind import report
from dataset.photo.chinese import Chinese
from dataset.photo.consensus import agreed
from dataset.photo.english import English
from dataset.photo.level import asked, levelled
from dataset.photo.looked import looked_at
from dataset.photo.made import Made
from dataset.photo.mixture import Mixture, conversation
from dataset.photo.names import name_questions
from dataset.photo.tables import rows_of
from dataset.photo.talk import talk

CAPTIONS = {"en": "captions.txt", "zh": "captions_zh.txt"}  # of li-xirong/flickr8kcn the second
ASKERS = {"en": English, "zh": Chinese}


@dataclass
class Make:
    """Write a data file of questions made from captions by rules, and of Flickr8k's photographs those in
    looked_at.txt, for train_sft_vlm.py --pack or, with --telling, for train_reward_vlm.py."""

    folder: tyro.conf.Positional[Path]
    """Flickr8k: captions.txt, Images/, and, where there is a split, train.txt and val.txt;
    captions_zh.txt adds Chinese."""
    out: Path = Path("out/photo/train.jsonl")
    """The data file to write. Names of pictures in it are relative to --root."""
    root: Path | None = None
    """Folder that all pictures are under (default: FOLDER)."""
    names: Path | None = None
    """A table with columns image,name: further photographs, each of one named thing, beside the table.
    What chinese_names.tsv has a name for is asked about in Chinese, too."""
    split: str = "train"
    """Photographs of FOLDER/SPLIT.txt."""
    telling: tuple[Literal["en", "zh"], ...] | None = None
    """Languages with all captions of a photograph, and fewer questions, for train_reward_vlm.py."""
    brief: bool = False
    """A shorter file, to go on from weights/photo with: one caption in a language, that which the others
    agree with most, and fewer questions made by rules."""
    looks: Count = 1
    """Times to go through the photographs, with different questions each time."""
    seed: Seed = 0


@dataclass
class Show:
    """Print what the rules make of a few photographs, beside their captions."""

    folder: tyro.conf.Positional[Path]
    photos: Count = 3
    split: str = "train"
    seed: Seed = 0


@script
def main(argv: Sequence[str] | None = None) -> None:
    commands = Annotated[Make, tyro.conf.subcommand("make")] | Annotated[Show, tyro.conf.subcommand("show")]
    args = parse(commands, argv, __doc__)
    make(args) if isinstance(args, Make) else show(args)


def read_captions(folder: Path, split: str) -> dict[str, dict[str, list[str]]]:
    """{language: {picture: captions}} of the photographs of a split."""
    listed = folder / f"{split}.txt"
    if not (folder / CAPTIONS["en"]).is_file() or not listed.is_file():
        raise DataError(f"{folder}: no {CAPTIONS['en']} or no {listed.name} there; name Flickr8k's folder")
    chosen, found = names_in(listed), {}
    for language, name in CAPTIONS.items():
        if (folder / name).is_file():
            rows = found[language] = defaultdict(list)
            for row in rows_of(folder / name, ("image", "caption")):
                if row["image"] in chosen:
                    rows[row["image"]].append(row["caption"])
            if not rows:  # of other names, or none
                raise DataError(f"{listed}: none of its photographs is in {name}")
    if missing := sorted(chosen.difference(*found.values())):
        told = f"{len(missing):,} of {len(chosen):,} photographs have no caption, such as {missing[0]}"
        print(f"{listed}: {told}; left out", file=sys.stderr)
    return found


def names_in(listed: Path) -> set[str]:
    """Of photographs, one on each line: there may be blanks in them."""
    try:
        lines = listed.read_text(encoding="utf-8-sig").split("\n")
        return {name for line in lines if (name := line.strip())}
    except UnicodeDecodeError as error:
        raise DataError(f"{listed}: not UTF-8 at byte {error.start + 1}; save the file as UTF-8") from None


def make(args: Make) -> None:
    root, counts, pictures = args.root or args.folder, Counter(), folder_of_pictures(args.folder)
    mixture = mixture_of(args)
    seen = SEEN_OF_TOLD if args.telling else None
    captions = read_captions(args.folder, args.split)
    if unheard := [language for language in args.telling or () if language not in captions]:
        raise DataError(f"--telling {unheard[0]}: {args.folder} has no {CAPTIONS[unheard[0]]}; add it")
    to_tell = {language: agreed(rows) for language, rows in captions.items()} if args.brief else captions
    prefix = beneath(pictures, root)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    photos = [
        (str(prefix / image), made)
        for look in range(args.looks)
        for image, made in every_photo(captions, to_tell, random.Random(f"{args.seed}/{look}"), mixture, seen)
    ]
    if args.names:
        beside = beneath(args.names.parent, root)
        named = name_questions(args.names, random.Random(args.seed))
        photos += [(str(beside / image), made) for image, made in named]
    photos = levelled(photos, random.Random(args.seed))
    begun = args.out.with_name(f"{args.out.name}.part")  # a file that is cut off is not taken for a whole one
    with open(begun, "w", encoding="utf-8") as file:
        for image, made in photos:
            counts.update(one.family for one in made)
            write(file, image, made)
    begun.replace(args.out)
    print("\n".join(report(asked(photos))))
    told = ", ".join(f"{family} {number:,}" for family, number in counts.most_common())
    image_dir = f"--image_dir {shlex.quote(str(root))}"
    print(f"wrote {args.out}: {counts.total():,} conversations ({told}); {image_dir}")


def mixture_of(args: Make) -> Callable[[str, int], Mixture]:
    if args.telling == ():
        raise DataError("--telling: names no language; give en, zh or both")
    if args.telling and args.brief:
        raise DataError("--telling takes all captions and --brief one; give one of the two")
    if args.telling:
        return partial(Mixture.telling, args.telling)
    return Mixture.brief if args.brief else Mixture.of


def beneath(folder: Path, root: Path) -> Path:
    """The folder's name from `root` on: pictures in the data file are called so."""
    try:
        return folder.resolve().relative_to(root.resolve())
    except ValueError:
        raise DataError(
            f"{folder} is not under {root}; give a folder that holds all pictures with --root"
        ) from None


def folder_of_pictures(folder: Path) -> Path:
    found = next((folder / name for name in ("Images", "images") if (folder / name).is_dir()), None)
    if found is None:
        raise DataError(f"{folder}: no folder Images there")
    return found


def every_photo(
    captions: Mapping[str, Mapping[str, Sequence[str]]],
    told: Mapping[str, Mapping[str, Sequence[str]]],
    rng: random.Random,
    mixture: Callable[[str, int], Mixture],
    seen: int | None = None,
) -> Iterator[tuple[str, list[Made]]]:
    """Each photograph with the questions that the mixture of its language and number chooses of all that the
    rules make of its captions, some that are `told`, and all that looked_at.txt gives, or `seen` of them."""
    askers = {language: ASKERS[language](rows) for language, rows in captions.items()}
    for number, image in enumerate(sorted(set().union(*captions.values()))):
        chosen: list[Made] = []
        looked = looked_at().get(Path(image).stem)
        for language in spoken_of(image, captions):
            made, some = askers[language].questions(image, rng), mixture(language, number)
            some = some.beside_looked() if looked else some
            chosen += some.choose(made, told[language][image], rng)
        if looked:
            made = looked.questions(rng)
            chosen += made if seen is None else rng.sample(made, min(len(made), seen))
        if rng.random() < TALKS:
            chosen.append(talk(rng))
        yield image, chosen


def spoken_of(image: str, captions: Mapping[str, Mapping[str, Sequence[str]]]) -> list[str]:
    """The languages in which something is said of a photograph."""
    return [language for language, rows in captions.items() if rows.get(image)]


TALKS = 0.1  # photographs that are greeted or thanked, too
SEEN_OF_TOLD = 4  # questions of looked_at.txt about a photograph whose captions are judged


def write(file: object, image: str, made: Sequence[Made]) -> None:
    for one in made:
        row = {"image": image, "conversations": conversation(one), "type": one.family}
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def show(args: Show) -> None:
    captions = read_captions(args.folder, args.split)
    askers = {language: ASKERS[language](rows) for language, rows in captions.items()}
    rng, known = random.Random(args.seed), sorted(captions["en"])
    for image in rng.sample(known, min(args.photos, len(known))):
        print(f"\n{image}")
        for language in spoken_of(image, captions):
            print("\n".join(f"    {caption}" for caption in captions[language][image]))
            tell(askers[language].questions(image, rng))
        if looked := looked_at().get(Path(image).stem):
            print("    (seen, not told)")
            tell(looked.questions(rng))


def tell(made: Sequence[Made]) -> None:
    for one in made:
        before = "".join(f"{q} -> {a} | " for q, a in one.earlier)
        print(f"  {one.family:16} {before}{one.question} -> {one.answer}")


if __name__ == "__main__":
    main()
