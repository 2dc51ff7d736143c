"""SentencePiece's own answers, for the parity tests.

train MODEL OPTIONS   trains MODEL.model on the texts of standard input
encode MODEL          prints the ids of every text
convert MODEL         prints the tokenizer.json that transformers makes of XLM-R's model
time MODEL            prints the seconds for all texts on one thread

A text is a line of base64.
"""
import base64
import io
import json
import os
import sys
import time

os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"
import sentencepiece

mode, path = sys.argv[1:3]


def texts():
    return [base64.b64decode(line) for line in sys.stdin]


def convert():
    from sentencepiece import sentencepiece_model_pb2 as pb

    proto = pb.ModelProto()
    with open(path, "rb") as f:
        proto.ParseFromString(f.read())
    # XLMRobertaConverter of transformers.convert_slow_tokenizer.
    vocab = [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0]]
    vocab += [[p.piece, p.score] for p in proto.pieces[3:]] + [["<mask>", 0.0]]
    token = lambda i, content: dict(id=i, content=content, single_word=False, lstrip=content == "<mask>",
                                    rstrip=False, normalized=False, special=True)
    special = lambda i, content: {"SpecialToken": {"id": content, "type_id": 0}}
    charsmap = base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()
    print(json.dumps(dict(
        version="1.0", truncation=None, padding=None,
        added_tokens=[token(i, c) for i, c in enumerate(["<s>", "<pad>", "</s>", "<unk>"])] + [token(len(vocab) - 1, "<mask>")],
        normalizer=dict(type="Sequence", normalizers=[
            dict(type="Precompiled", precompiled_charsmap=charsmap),
            dict(type="Strip", strip_left=False, strip_right=True),
            dict(type="Replace", pattern=dict(Regex=" {2,}"), content="▁")]),
        pre_tokenizer=dict(type="Metaspace", replacement="▁", prepend_scheme="always", split=True),
        post_processor=dict(
            type="TemplateProcessing",
            single=[special(0, "<s>"), {"Sequence": {"id": "A", "type_id": 0}}, special(2, "</s>")],
            pair=[special(0, "<s>"), {"Sequence": {"id": "A", "type_id": 0}}, special(2, "</s>"),
                  {"Sequence": {"id": "B", "type_id": 0}}, special(2, "</s>")],
            special_tokens={"<s>": dict(id="<s>", ids=[0], tokens=["<s>"]),
                            "</s>": dict(id="</s>", ids=[2], tokens=["</s>"])}),
        decoder=dict(type="Metaspace", replacement="▁", prepend_scheme="always", split=True),
        model=dict(type="Unigram", unk_id=3, vocab=vocab, byte_fallback=False))))


if mode == "train":
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(t.decode() for t in texts()), model_writer=model, minloglevel=2, **json.loads(sys.argv[3]))
    with open(path, "wb") as f:
        f.write(model.getvalue())
elif mode == "convert":
    convert()
else:
    processor = sentencepiece.SentencePieceProcessor(model_file=path)
    all_texts = texts()
    start = time.perf_counter()
    ids = [processor.encode(t) for t in all_texts]
    if mode == "time":
        print(time.perf_counter() - start)
    else:
        for line in ids:
            print(*line)
