"""A small lower-casing byte-pair tokenizer, made from the captions; saved as tokenizer.json."""

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

START, END = "<|startoftext|>", "<|endoftext|>"


def make_tokenizer(captions, size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=[START, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sorted(captions), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        special_tokens=[(START, tokenizer.token_to_id(START)), (END, tokenizer.token_to_id(END))],
    )
    return tokenizer


def read_tokenizer(text):
    return Tokenizer.from_str(text)


def end_of(tokenizer):
    return tokenizer.token_to_id(END)


def encode(tokenizer, texts, max_tokens):
    """Lists of ids to one rectangle, padded with the end token; a long text keeps its end token."""
    end = end_of(tokenizer)
    rows = []
    for encoding in tokenizer.encode_batch(list(texts)):
        ids = encoding.ids
        rows.append(ids if len(ids) <= max_tokens else ids[: max_tokens - 1] + [end])
    length = max(len(ids) for ids in rows)
    return [ids + [end] * (length - len(ids)) for ids in rows]
