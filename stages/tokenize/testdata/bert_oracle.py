"""BERT's tokenizer after google-research/bert's tokenization.py, line by line,
for the parity tests: bert_oracle.py VOCAB cased|uncased. A text is a line of
base64; out come the ids between [CLS] and [SEP]."""
import base64
import sys
import unicodedata


def load_vocab(path):
    with open(path, encoding="utf-8", newline="\n") as f:
        return {line.rstrip("\n"): i for i, line in enumerate(f)}


def is_whitespace(char):
    return char in " \t\n\r" or unicodedata.category(char) == "Zs"


def is_control(char):
    # The original: category in ("Cc", "Cf"); Hugging Face's: any C.
    return char not in "\t\n\r" and unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs")


def is_punctuation(char):
    cp = ord(char)
    if 33 <= cp <= 47 or 58 <= cp <= 64 or 91 <= cp <= 96 or 123 <= cp <= 126:
        return True
    return unicodedata.category(char).startswith("P")


def is_chinese_char(cp):
    return (0x4E00 <= cp <= 0x9FFF or 0x3400 <= cp <= 0x4DBF or 0x20000 <= cp <= 0x2A6DF
            or 0x2A700 <= cp <= 0x2B73F or 0x2B740 <= cp <= 0x2B81F or 0x2B820 <= cp <= 0x2CEAF
            or 0xF900 <= cp <= 0xFAFF or 0x2F800 <= cp <= 0x2FA1F)


def clean_text(text):
    output = []
    for char in text:
        cp = ord(char)
        if cp == 0 or cp == 0xFFFD or is_control(char):
            continue
        output.append(" " if is_whitespace(char) else char)
    return "".join(output)


def tokenize_chinese_chars(text):
    return "".join(f" {char} " if is_chinese_char(ord(char)) else char for char in text)


def strip_accents(text):
    return "".join(char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn")


def split_on_punc(text):
    output, start_new_word = [], True
    for char in text:
        if is_punctuation(char):
            output.append([char])
            start_new_word = True
        else:
            if start_new_word:
                output.append([])
            start_new_word = False
            output[-1].append(char)
    return ["".join(x) for x in output]


def basic_tokenize(text, lower):
    tokens = []
    for token in tokenize_chinese_chars(clean_text(text)).split():
        if lower:
            token = strip_accents(token.lower())
        tokens.extend(split_on_punc(token))
    return " ".join(tokens).split()


def wordpiece(token, vocab):
    chars = list(token)
    if len(chars) > 100:
        return ["[UNK]"]
    start, sub_tokens = 0, []
    while start < len(chars):
        end = len(chars)
        while start < end:
            substr = "".join(chars[start:end])
            if start > 0:
                substr = "##" + substr
            if substr in vocab:
                break
            end -= 1
        else:
            return ["[UNK]"]
        sub_tokens.append(substr)
        start = end
    return sub_tokens


vocab = load_vocab(sys.argv[1])
for line in sys.stdin:
    text = base64.b64decode(line).decode("utf-8", "ignore")
    words = basic_tokenize(text, sys.argv[2] == "uncased")
    print(*(vocab[piece] for word in words for piece in wordpiece(word, vocab)))
