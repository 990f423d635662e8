"""Bugs planted on purpose, one at a time, each to be found by the tests that are there for it.

    python -m tests.planted                       all of them
    python -m tests.planted "optimizer lost"      one of them

They are planted in a copy of the project. The exit code is 1 where a bug was not found.
A test that cannot fail proves nothing. Where code changes so that a bug can no longer be planted, this says
so, and the line here changes with it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import tyro

from dataset.commands.console import script
from dataset.commands.flags import parse
from dataset.commands.refused import nearest
from dataset.errors import DataError

ROOT = Path(__file__).parent.parent
PATIENCE = 600  # s
LEFT_BEHIND = shutil.ignore_patterns("out", ".git", ".venv", "__pycache__", "*.ipynb", ".*_cache")


@dataclass(frozen=True)
class Bug:
    """In `file` the text `right` becomes `wrong`; `tests` are the arguments of pytest that should fail."""

    file: str
    right: str
    wrong: str
    tests: str


BUGS = {
    # learning from a reward
    "a better answer becomes unlikelier": Bug(
        "trainer/reward.py", "return rewards - others", "return others - rewards", "tests/test_reward.py"
    ),
    "an answer is held against itself": Bug(
        "trainer/reward.py", "/ (rewards.shape[1] - 1)", "/ rewards.shape[1]", "tests/test_reward.py"
    ),
    "weight of another answer": Bug(
        "trainer/reward.py", "weights.flatten()", "weights.T.flatten()", "tests/test_reward.py"
    ),
    "every answer has come to its end": Bug(
        "trainer/reward.py",
        "[END] if ids[-1:] == [self.vlm.config.eos_token_id] else []",
        "[END]",
        "tests/test_reward.py",
    ),
    "a picture's place is said": Bug(
        "trainer/reward.py", "logits[:, config.image_token_id] = -torch.inf", "pass", "tests/test_reward.py"
    ),
    "saying it again is rewarded": Bug(
        "dataset/photo/consensus.py", "min(weight, other[run])", "weight", "tests/test_reward.py"
    ),
    "all words are as rare": Bug(
        "dataset/photo/consensus.py", "max(1, self.found[run])", "1", "tests/test_reward.py"
    ),
    "the caption to learn from is the odd one": Bug(
        "dataset/photo/consensus.py",
        "scores.index(max(scores))",
        "scores.index(min(scores))",
        "tests/test_photo.py",
    ),
    # data of other tools
    "what is not to be learnt is learnt": Bug(
        "dataset/formats/dialects.py", "if marks:", "if False:", "tests/test_corpus.py"
    ),
    "all parts number classes as the first": Bug(
        "dataset/formats/parquet.py",
        "self.classes[self.places[number, 0]]",
        "self.classes[0]",
        "tests/test_formats.py -k parts",
    ),
    "another thread's attention is kept": Bug(
        "model/look.py",
        "if get_ident() == own:\n            seen",
        "if True:\n            seen",
        "tests/test_look.py",
    ),
    # training survives
    "state not checked": Bug(
        "trainer/checkpoint.py", "!= _sum(path)", "!= _sum(path) and False", "tests/test_checkpoint.py"
    ),
    "random state lost": Bug(
        "trainer/checkpoint.py",
        'torch.set_rng_state(state["random"])',
        "torch.manual_seed(0)",
        "tests/test_checkpoint.py",
    ),
    "optimizer lost": Bug(
        "trainer/checkpoint.py",
        "optimizer.load_state_dict(_as_held(values, optimizer))",
        "pass",
        "tests/test_checkpoint.py",
    ),
    "label before state": Bug(
        "trainer/checkpoint.py",
        "if _label(path).is_file()]",
        "]",
        "tests/test_checkpoint.py",
    ),
    "recipe not compared": Bug(
        "trainer/checkpoint.py", "if words in before and ", "if False and ", "tests/test_checkpoint.py"
    ),
    "over another run": Bug(
        "trainer/checkpoint.py",
        "if paths := saved_states(folder):\n        at, end",
        "if paths := []:\n        at, end",
        "tests/test_checkpoint.py",
    ),
    "over a model": Bug(
        "dataset/errors.py", "if (folder / name).exists()]", "if False]", "tests/test_mistakes.py"
    ),
    "an adapter beside anything": Bug(
        "model/files.py", "expect_same_around(Path(folder), vlm)\n", "\n", "tests/test_lora_training.py"
    ),
    "half a checkpoint": Bug(
        "scoring/assistant.py",
        "save(self.vlm, beside, store)",
        "save(self.vlm, folder, store)",
        "tests/test_checkpoint.py",
    ),
    "signal forgotten": Bug(
        "trainer/interrupt.py", "self.number = number", "self.number = None", "tests/test_checkpoint.py"
    ),
    "nan goes on": Bug(
        "trainer/loop.py", "if not math.isfinite(value):", "if False:", "tests/test_checkpoint.py"
    ),
    "records of a failed step": Bug(
        "trainer/loop.py",
        'for where in batch["where"]]\n    text',
        'for where in batch["where"]][:1]\n    text',
        "tests/test_checkpoint.py",
    ),
    "loader starts anew": Bug(
        "dataset/batches/loader.py",
        "for batch in batches[skip:]:",
        "for batch in batches:",
        "tests/test_training.py",
    ),
    "rows of all processes": Bug(
        "dataset/batches/loader.py", "[self.rank :: self.world]", "[:]", "tests/test_training.py"
    ),
    "features of another picture": Bug(
        "trainer/features.py",
        "self._map[[self.rows[key] for key in keys]]",
        "self._map[:len(keys)]",
        "tests/test_features.py",
    ),
    "features of another eye": Bug(
        "trainer/features.py",
        "digest.update(name.encode())\n        digest.update(",
        "(",
        "tests/test_features.py",
    ),
    "half a row of features": Bug(
        "trainer/features.py",
        "rows.truncate(self.bytes * whole)",
        "pass",
        "tests/test_features.py",
    ),
    # data is checked
    "empty answers": Bug(
        "dataset/record.py", 'and not message["content"].strip()', "and False", "tests/test_check.py"
    ),
    "answers cut": Bug(
        "dataset/check.py",
        "if max_length is not None and length > max_length:",
        "if False:",
        "tests/test_check.py",
    ),
    "duplicates": Bug("dataset/check.py", "if first != record.where:", "if False:", "tests/test_check.py"),
    "pictures not opened": Bug(
        "dataset/check.py", "load_image(image, name=where)", "pass", "tests/test_check.py"
    ),
    "a bad picture is known": Bug(
        "dataset/check.py",
        "if named is None or named not in known:",
        "if named is None:",
        "tests/test_check.py",
    ),
    "busy workers are told of": Bug(
        "dataset/batches/loader.py",
        "signal.SIGCHLD, signal.SIG_DFL",
        "signal.SIGINT, signal.SIG_IGN",
        "tests/test_workers.py -k busy",
    ),
    "bad records train": Bug("trainer/records.py", "if found.bad:", "if False:", "tests/test_check.py"),
    "records of no use": Bug(
        "dataset/check.py", "if needs.taught_by(record):", "if True:", "tests/test_needs.py"
    ),
    "what teaches nothing counts": Bug(
        "trainer/words.py", "if teaches else 0", "if True else 0", "tests/test_needs.py"
    ),
    "number out of bounds": Bug(
        "dataset/commands/flags.py", "not self.holds(number)", "False", "tests/test_flags.py -k out_of_its"
    ),
    "flag not heeded": Bug(
        "dataset/commands/flags.py", "if given:", "if False:", "tests/test_flags.py -k patch_size"
    ),
    "other data": Bug(
        "dataset/check.py",
        "found.digest.update(content(record))",
        "pass",
        "tests/test_resume.py -k same_number",
    ),
    "infinite weights saved": Bug(
        "trainer/checkpoint.py", "if strange:", "if False:", "tests/test_resume.py -k not_finite"
    ),
    "a file called storybook": Bug(
        "dataset/open.py",
        'source.partition(":")[0] == STORYBOOK',
        "source.startswith(STORYBOOK)",
        "tests/test_check.py -k called_like",
    ),
    "scoring has rules of its own": Bug(
        "scoring/answers.py",
        "whole_length(record, chat, context, grids)",
        "pass",
        "tests/test_corpus.py -k long",
    ),
    "another eye": Bug(
        "trainer/identity.py",
        '"an eye of sha256": fingerprint(assistant),',
        "",
        "tests/test_resume.py -k its_pixels",
    ),
    "special tokens in a worker": Bug(
        "dataset/chat/tokenizer.py",
        "self.__dict__.update(state)\n        self._as_text()",
        "self.__dict__.update(state)",
        "tests/test_workers.py -k copy",
    ),
    "an open quote": Bug(
        "dataset/formats/table.py",
        "strict=True), before",
        "strict=False), before",
        "tests/test_formats.py -k quote",
    ),
    "a choice by number": Bug(
        "dataset/formats/rows.py",
        "if name and (counts or not found)",
        "if False",
        "tests/test_formats.py -k choice",
    ),
    "a pointer in a file's place": Bug(
        "dataset/instead.py",
        "if head.startswith(begin)), None)",
        "if False), None)",
        "tests/test_corpus.py -k pointer",
    ),
    "a megabyte in a message": Bug(
        "dataset/errors.py", "printable(repr(value), 120)", "repr(value)", "tests/test_console.py -k short"
    ),
    "letters that a terminal lacks": Bug(
        "dataset/commands/console.py",
        'stream.reconfigure(errors="backslashreplace")',
        "pass",
        "tests/test_console.py -k cannot_be_shown",
    ),
    "one bad picture ends a folder": Bug(
        "scoring/assistant.py",
        'print(f"error: {error}", file=sys.stderr)\n        return []',
        "raise",
        "tests/test_picture_files.py -k goes_on",
    ),
    "notes decide about pictures": Bug(
        "dataset/images/pixels.py",
        "contextlib.suppress(Exception)",
        "contextlib.suppress(ZeroDivisionError)",
        "tests/test_images.py -k broken_exif",
    ),
    "out of the folder": Bug(
        "dataset/formats/pictures.py", 'if "\\0" in name or not', "if False and", "tests/test_records.py"
    ),
    # answers are true
    "said to be alike": Bug(
        "dataset/storybook/two.py", "if one == other", "if True", "tests/test_storybook.py"
    ),
    "the fewer are more": Bug(
        "dataset/storybook/questions.py",
        "names[0] if values[0] > values[1]",
        "names[0] if values[0] < values[1]",
        "tests/test_storybook.py",
    ),
    "the smallest is the biggest": Bug(
        "dataset/storybook/people/places.py",
        'return rank if asked == "big"',
        "return rank if False",
        "tests/test_people.py -k another_way",
    ),
    "left is right": Bug(
        "dataset/storybook/people/places.py",
        '"left": ("x", -1)',
        '"left": ("x", 1)',
        "tests/test_people.py -k another_way",
    ),
    "a corner is a side": Bug(
        "dataset/storybook/people/references.py",
        "thing.place != place for thing",
        "True for thing",
        "tests/test_people.py -k exactly",
    ),
    "a side without its corners": Bug(
        "dataset/storybook/people/references.py",
        "if getattr(thing, line) == number]",
        "if thing.place == side]",
        "tests/test_people.py -k another_way",
    ),
    "all but the cats, cats and all": Bug(
        "dataset/storybook/people/lists.py",
        "if not reference.fits(thing)]",
        "if True]",
        "tests/test_people.py -k another_way",
    ),
    "one of two is asked about": Bug(
        "dataset/storybook/people/references.py",
        "reference.count(scene) == 1 and",
        "True and",
        "tests/test_people.py -k fits_one",
    ),
    "held-out colours denied": Bug(
        "dataset/storybook/people/references.py",
        "and (reference.concept, reference.colour) not in NEVER_SEEN",
        "",
        "tests/test_people.py -k denied",
    ),
    "held-out wordings trained on": Bug(
        "dataset/storybook/people/wording.py",
        "(plain(said) in tongue.kept) == measuring",
        "True",
        "tests/test_people.py -k hears",
    ),
    "held-out persons trained on": Bug(
        "dataset/storybook/people/wording.py",
        "if r.held_out == person and",
        "if",
        "tests/test_people.py -k hears",
    ),
    "plain wordings held out": Bug(
        "dataset/storybook/people/kept.py", "kept - known", "kept", "tests/test_people.py -k everybody"
    ),
    "more yes than no": Bug(
        "dataset/storybook/people/family.py",
        "rng.random() < 0.5",
        "rng.random() < 0.6",
        "tests/test_people.py -k equally",
    ),
    "the other one is this one": Bug(
        "dataset/storybook/people/turns.py",
        'Question("other_one", attribute_of(other,',
        'Question("other_one", attribute_of(one,',
        "tests/test_follow_ups.py",
    ),
    "beside it at any height": Bug(
        "dataset/storybook/people/places.py",
        "if getattr(other, level) == getattr(thing, level)]",
        "if True]",
        "tests/test_follow_ups.py",
    ),
    "how big is the small cat": Bug(
        "dataset/storybook/people/things.py",
        "if not reference.size:",
        "if True:",
        "tests/test_ambiguity.py -k name_tells",
    ),
    "what can be seen is unknown": Bug(
        "dataset/storybook/people/unknown.py",
        "if not picked or picked[1].concept == THING:",
        "if not picked:",
        "tests/test_ambiguity.py -k kind_is_told",
    ),
    "thanks for a goodbye": Bug(
        "dataset/storybook/people/english/talk.txt",
        "talk bye:\n",
        "talk bye:\n    = thanks\n",
        "tests/test_ambiguity.py -k worded",
    ),
    # hostile pictures and addresses
    "bombs": Bug("dataset/images/load.py", "if width * height > most:", "if False:", "tests/test_images.py"),
    "strips": Bug(
        "dataset/images/load.py",
        "if max(width, height) > MAX_ASPECT",
        "if False and max(width, height) > MAX_ASPECT",
        "tests/test_images.py",
    ),
    "any format": Bug(
        "dataset/images/load.py", ", formats=formats())", ")", "tests/test_images.py tests/test_mistakes.py"
    ),
    "loopback": Bug(
        "dataset/images/fetch.py", "if not is_public(where[0])", "if False", "tests/test_fetch.py"
    ),
    "multicast": Bug("dataset/images/fetch.py", " and not ip.is_multicast", "", "tests/test_fetch.py"),
    "endless body": Bug(
        "dataset/images/fetch.py", "if len(data) > most:", "if False:", "tests/test_fetch.py"
    ),
    "slow body": Bug(
        "dataset/images/fetch.py",
        "(seconds := deadline - time.monotonic()) <= 0",
        "(seconds := 9.0) <= 0",
        "tests/test_fetch.py",
    ),
    "other schemes": Bug(
        "dataset/images/load.py",
        'not in ("http", "https")',
        'not in ("http", "https", "ftp", "file", "data")',
        "tests/test_fetch.py",
    ),
    # hostile weights
    "pickles run": Bug(
        "trainer/checkpoint.py",
        "weights_only=True",
        "weights_only=False",
        "tests/test_mistakes.py tests/test_checkpoint.py",
    ),
    "absurd sizes": Bug("model/fields.py", "not least <= value <= most", "False", "tests/test_mistakes.py"),
    "terabytes": Bug(
        "model/files.py", "if asked > 2 * held", "if False and asked > 2 * held", "tests/test_mistakes.py"
    ),
    "links": Bug(
        "model/files.py",
        "if not (path.is_relative_to(home)",
        "if False and (path.is_relative_to(home)",
        "tests/test_mistakes.py",
    ),
    "wrong shapes": Bug(
        "model/files.py",
        "if source[k].shape != target[k].shape",
        "if False",
        "tests/test_mistakes.py tests/test_vlm.py",
    ),
    "not finite": Bug(
        "model/files.py",
        "if not torch.isfinite(tensor).all()]",
        "if False]",
        "tests/test_mistakes.py tests/test_vlm.py",
    ),
    # hostile prompts
    "special tokens typed": Bug(
        "dataset/chat/tokenizer.py",
        "tokenizer.encode_special_tokens = True",
        "tokenizer.encode_special_tokens = False",
        "tests/test_chat.py tests/test_mistakes.py",
    ),
    "context overrun": Bug(
        "scoring/assistant.py",
        "0) > room:",
        "0) > 10**9:",
        "tests/test_mistakes.py tests/test_scripts.py",
    ),
    "told among the answers": Bug(
        "talk/screen.py",
        "else sys.stderr",
        "else sys.stdout",
        "tests/test_terminal.py tests/test_screen.py",
    ),
    "a report over a log": Bug(
        "scoring/written.py",
        "if other.exists() and not path.exists():",
        "if False:",
        "tests/test_mistakes.py",
    ),
    "oldest turns stay": Bug(
        "scoring/assistant.py", "kept = without_oldest(kept)", "break", "tests/test_scripts.py"
    ),
    # what a chat remembers
    "half a picture remembered": Bug(
        "scoring/memory.py",
        "if own[-1] >= known or",
        "if",
        "tests/test_memory.py",
    ),
    "another picture remembered": Bug(
        "scoring/memory.py", "self.images[number] != images[number]", "False", "tests/test_memory.py"
    ),
    "all remembered": Bug("scoring/memory.py", "len(ids) - 1)", "len(ids))", "tests/test_memory.py"),
    "one visitor for all": Bug(
        "web/demo.py",
        "visitor = Visitor(self.names[0], language)",
        'visitor = self.__dict__.setdefault("all", Visitor(self.names[0], language))',
        "-m slow tests/test_web.py",
    ),
    # a run that is not well says so
    "chance not told": Bug(
        "trainer/health.py", "if self.chance and loss", "if False and loss", "tests/test_health.py"
    ),
    "waiting not told": Bug(
        "trainer/health.py", "if waiting > WAITING:", "if False:", "tests/test_health.py"
    ),
    "blindness not told": Bug("trainer/health.py", "if gain < GAIN:", "if False:", "tests/test_health.py"),
    "doctor sees no gap": Bug("scoring/doctor.py", 'f"{command}{line}"', '""', "tests/test_doctor.py"),
    "doctor sees no full disk": Bug(
        "scoring/doctor.py", "if free >= ROOM", "if True", "tests/test_doctor.py"
    ),
    # speed that must not change an answer
    "quick: sine not turned": Bug(
        "model/quick.py", "sin[..., : self.config.head_size // 2] *= -1", "pass", "tests/test_quick.py"
    ),
    "quick: keys of other heads": Bug(
        "model/quick.py",
        "q.view(B, self.keys, self.group, self.head_size)",
        "q.view(B, self.group, self.keys, self.head_size).transpose(1, 2)",
        "tests/test_quick.py",
    ),
    "muon: not ahead": Bug("trainer/muon.py", "p.grad.lerp(mean, momentum)", "mean", "tests/test_muon.py"),
    "bf16 where there is none": Bug(
        "model/device.py", "not multiplies_bf16(device)", "False", "tests/test_device.py"
    ),
    "quick: norm forgotten": Bug("model/quick.py", "weight * norm.detach()", "weight", "tests/test_quick.py"),
    "loss: parts weigh alike": Bug(
        "model/loss.py",
        "use_reentrant=False) for part",
        "use_reentrant=False) * 2 for part",
        "tests/test_loss.py",
    ),
    "sharpen: the probe follows the eye": Bug(
        "trainer/regions.py", "(weight.detach() for", "(weight for", "tests/test_regions.py"
    ),
    "sharpen: the picture is a box": Bug(
        "trainer/regions.py", "inside &= ~inside.all(1, keepdim=True)", "pass", "tests/test_regions.py"
    ),
    "names: each place is called what the whole is": Bug(
        "model/words.py",
        "torch.cat([tokens[:, :1] + called[:, None], tokens[:, 1:]], dim=1)",
        "tokens + called[:, None]",
        "tests/test_names.py",
    ),
    "names: fine-tuning changes them": Bug(
        "model/words.py",
        'self.register_buffer("taught_names", names)',
        "self.taught_names = nn.Parameter(names)",
        "tests/test_names.py",
    ),
    "names: not in the configuration": Bug(
        "trainer/names.py", "taught=len(said)", "taught=0", "tests/test_names.py"
    ),
    "padding scored": Bug(
        "trainer/words.py", "(ids == self.vlm.config.pad_token_id) |", "", "tests/test_training.py"
    ),
    "workers heed signals": Bug(
        "dataset/batches/loader.py",
        "worker_init_fn=_heedless",
        "worker_init_fn=None",
        "-m slow tests/test_kills.py -k whole_group",
    ),
    # steps of one shape
    "the unwritten seen": Bug(
        "model/captured.py", "step.mask.zero_()", "step.mask.fill_(True)", "tests/test_quick.py"
    ),
    "an old cache's step": Bug(
        "model/captured.py", "self.step.keys is not cache.keys", "False", "tests/test_quick.py"
    ),
    # several processes
    "gradients of shards averaged": Bug(
        "trainer/shards.py",
        "set_gradient_divide_factor(1.0)",
        "set_gradient_divide_factor(2.0)",
        "-m slow tests/test_distributed.py -k shards_are",
    ),
    "shards clipped alone": Bug(
        "trainer/shards.py",
        "torch.stack(norms).norm()",
        "norms[0]",
        "-m slow tests/test_distributed.py -k shards_are",
    ),
    "a state of one's own shards": Bug(
        "trainer/checkpoint.py",
        "learnt = whole(learnt)",
        "pass",
        "-m slow tests/test_distributed.py -k another",
    ),
    # photographs
    "what is not there is said to be": Bug(
        "dataset/photo/looked.py",
        "there if truth else absent",
        "absent if truth else there",
        "tests/test_photo_looked.py",
    ),
    "a wrong colour is confirmed": Bug(
        "dataset/photo/looked.py",
        "words, asked, value == right",
        "words, asked, True",
        "tests/test_photo_looked.py",
    ),
    "a follow-up loses the turn before": Bug(
        "dataset/photo/looked.py", "earlier=turns[:-1]", "earlier=()", "tests/test_photo_looked.py"
    ),
    "conversations of a row see each other": Bug(
        "model/decoder.py",
        "(place[:, None] < ends[:, None, :]).tril()",
        "(place[:, None] == place[:, None]).expand(ends.shape[0], -1, len(place)).tril()",
        "tests/test_packing.py",
    ),
    "positions run on through a row": Bug(
        "model/decoder.py", "positions, mask = mask.sum(-1) - 1, mask", "mask = mask", "tests/test_packing.py"
    ),
    "the shared part ends too late": Bug(
        "dataset/batches/packing.py", "label != IGNORED) - 1", "label != IGNORED)", "tests/test_packing.py"
    ),
    "an adapter too strong": Bug(
        "model/lora.py", "config.lora_alpha / config.r", "config.lora_alpha", "tests/test_lora.py -k peft"
    ),
    "a vision encoder's adapter too strong": Bug(
        "model/efficientnet.py",
        "self.weight + STRENGTH * (",
        "self.weight + (",
        "tests/test_vision_adapter.py -k peft",
    ),
    "the vision encoder learns beside its adapter": Bug(
        "model/efficientnet.py",
        'parameter.requires_grad_(requires_grad and ".lora_" in name)',
        "pass",
        "tests/test_vision_adapter.py",
    ),
    "an adapter is not written": Bug(
        "model/files.py",
        'k.startswith("vision.") and lora.is_beside(k)',
        "False",
        "tests/test_vision_adapter.py",
    ),
    "merged, a vision encoder is still the package's": Bug(
        "model/files.py", 'changed.add("vision")', "pass", "tests/test_vision_adapter.py"
    ),
    "regions of another picture": Bug(
        "trainer/regions.py",
        'seen.index_select(0, batch["region_images"])',
        'seen.index_select(0, batch["region_images"].roll(1))',
        "tests/test_regions.py",
    ),
    "another file in a package": Bug(
        "model/bases.py", 'if _sum(path) != base["sha256"]:', "if False:", "tests/test_bases.py"
    ),
    "norms folded without their eps": Bug(
        "model/efficientnet.py", "variance + NORM_EPS", "variance", "tests/test_efficientnet.py -k package"
    ),
    "a warm-up longer than the run": Bug(
        "trainer/few.py", "min(args.warmup, max(1, round(SHARE * steps)))", "args.warmup", "tests/test_few.py"
    ),
    # other projects' files
    "an import that is not tried": Bug(
        "convert/incoming.py",
        "trial.expect_same(whole, kind, sources(kind, source, vision, tokenizer))",
        "pass",
        "tests/test_trial.py -k wrongly",
    ),
    "an eye drawn at random": Bug(
        "model/eyes.py",
        'if lacking := sorted(found["missing_keys"]):',
        "if False:",
        "tests/test_new_model.py -k random",
    ),
    "rows of q and k stay moved": Bug(
        "model/gguf_file.py", "return pairs.transpose(1, 2)", "return pairs", "tests/test_gguf.py -k F32"
    ),
    "rows of Qwen2 are put back": Bug(
        "model/gguf_file.py", '"qwen2": False', '"qwen2": True', "tests/test_gguf.py -k heads"
    ),
    "control tokens out of text": Bug(
        "convert/gguf_words.py", "if type not in no_words", "if True", "tests/test_gguf.py -k scored"
    ),
    "tiles in columns": Bug(
        "dataset/images/tiles.py",
        "for y in range(grid.rows) for x in range(grid.columns)",
        "for x in range(grid.columns) for y in range(grid.rows)",
        "tests/test_smolvlm.py -k pixels",
    ),
    "nanoVLM's whole picture last": Bug(
        "dataset/images/tiles.py",
        "whole + tiles if self.whole_first else tiles + whole",
        "tiles + whole",
        "tests/test_nanovlm.py -k test_tiles",
    ),
    "nanoVLM's whole picture in bytes": Bug(
        "dataset/images/tiles.py",
        "unrounded(image, side) if grid.rows else image",
        "image.resize((side, side), 2)",
        "tests/test_nanovlm.py -k test_tiles",
    ),
    "nanoVLM's rows rounded in another order": Bug(
        "dataset/images/tiles.py",
        "short * (longest / long) / side",
        "short * longest / long / side",
        "tests/test_nanovlm.py -k test_tiles",
    ),
    "several pictures without numbers": Bug(
        "dataset/chat/chat_format.py",
        "if self.numbered and count > 1",
        "if False",
        "tests/test_nanovlm.py -k of_tiles",
    ),
    "a short side that is odd": Bug(
        "dataset/images/tiles.py",
        "return number + number % 2",
        "return number",
        "tests/test_smolvlm.py -k pixels",
    ),
    "a break behind SmolVLM's picture": Bug(
        "dataset/chat/parts.py",
        "how.picture and how.line_break",
        "how.picture",
        "tests/test_smolvlm.py -k prompt",
    ),
    "tiles not counted by check": Bug(
        "dataset/check.py",
        "max_length, grids_of(record, preprocessor))",
        "max_length)",
        "tests/test_smolvlm.py -k check",
    ),
    "half a picture known": Bug(
        "scoring/memory.py", "own[-1] >= known or ", "", "tests/test_memory.py -k half"
    ),
    "a template not compared": Bug(
        "convert/template.py", "if theirs != ours:", "if False:", "tests/test_gguf_mistakes.py -k ChatML"
    ),
    "rows of q and k go out as they are": Bug(
        "model/gguf_file.py",
        "return halves.transpose(1, 2)",
        "return halves",
        "tests/test_gguf_out.py -k adapter",
    ),
    "a linear connector goes out with its GELU": Bug(
        "convert/gguf_eye.py", "[one, -one]", "[one, one]", "tests/test_gguf_out.py -k eye_by"
    ),
    "words cut otherwise": Bug(
        "convert/gguf_spelling.py", "if not odd:", "if True:", "tests/test_gguf_out.py -k no_way"
    ),
    "the end of a file": Bug(
        "model/gguf_file.py", "> len(self.data):", "< 0:", "tests/test_gguf_mistakes.py -k whole_file"
    ),
}


def found(bug: Bug, copy: Path) -> bool:
    """Whether the tests fail with the bug in its place. Raises ValueError where it cannot be planted."""
    path = copy / bug.file
    text = path.read_text()
    if text.count(bug.right) != 1:
        raise ValueError(f"{bug.file} holds {bug.right!r} {text.count(bug.right)} times")
    path.write_text(text.replace(bug.right, bug.wrong))
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *bug.tests.split()]
    env = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise ValueError(f"{bug.tests} did not end in {PATIENCE} s") from None
    finally:
        path.write_text(text)
    if done.returncode not in (0, 1):
        raise ValueError(f"pytest ended with {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}")
    return done.returncode == 1


@dataclass
class Args:
    names: tyro.conf.Positional[tuple[str, ...]] = ()
    """Bugs to plant (default: all)."""


@script
def main(argv: list[str] | None = None) -> None:
    names, missed = parse(Args, argv, __doc__).names, []
    if wrong := [name for name in names if name not in BUGS]:
        raise DataError(f"there is no bug {wrong[0]!r}; {nearest(wrong[0], BUGS) or 'BUGS names them'}")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(ROOT, copy, ignore=LEFT_BEHIND)
        for name in names or BUGS:
            try:
                verdict = "found" if found(BUGS[name], copy) else "NOT FOUND"
            except ValueError as error:
                verdict = f"NOT PLANTED: {error}"
            missed += [name] * (verdict != "found")
            print(f"{name:30} {verdict}", flush=True)
    print(f"{len(names or BUGS) - len(missed)} of {len(names or BUGS)} found")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
