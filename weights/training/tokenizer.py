"""Trains the byte-pair vocabulary, in the layout of CLIP's: lower case, `</w>` at a word's end, byte-level letters.

The names of things are seen often enough to become one token each; the keywords of emojilib give other words sensible
parts."""

import json
from pathlib import Path
from random import Random

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from artwork import keywords
from scenes import Studio

START, END = "<|startoftext|>", "<|endoftext|>"
# CLIP's pattern (openai/CLIP, simple_tokenizer.py): contractions, words, single digits, other signs.
PATTERN = rf"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{{L}}]+|[\p{{N}}]|[^\s\p{{L}}\p{{N}}]+"


def byte_letters() -> list[str]:
    """The 256 letters that stand for bytes, in the order of CLIP's vocabulary (GPT-2's bytes_to_unicode)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [*map(chr, printable), *(chr(256 + index) for index in range(len(others)))]


def _layout(model: models.BPE) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def train(studio: Studio, folder: Path, out: Path, captions: int = 20_000, size: int = 2_400) -> None:
    """Writes `tokenizer.json`."""
    random = Random(0)
    texts = [studio.plan(random).caption for _ in range(captions)]
    texts += [name for thing in studio.things for name in thing.names] * 20 + keywords(folder) * 3
    learning = _layout(models.BPE(end_of_word_suffix="</w>"))
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=byte_letters(), end_of_word_suffix="</w>", min_frequency=3, show_progress=False
    )
    learning.train_from_iterator(texts, trainer)
    merges = json.loads(learning.to_str())["model"]["merges"]
    merges = [tuple(merge) if isinstance(merge, list) else tuple(merge.split(" ")) for merge in merges]
    letters = byte_letters()
    tokens = letters + [letter + "</w>" for letter in letters] + [left + right for left, right in merges] + [START, END]
    numbers = {token: number for number, token in enumerate(tokens)}
    tokenizer = _layout(models.BPE(vocab=numbers, merges=merges, end_of_word_suffix="</w>", unk_token=END))
    tokenizer.add_special_tokens([START, END])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, numbers[START]), (END, numbers[END])]
    )
    tokenizer.save(str(out))
