"""BERT and XLM-R dual encoders and their training in plain PyTorch.

Written from the papers (arXiv 1810.04805, 1911.02116, 2007.01852, 1711.05101) and
the semantics of transformers' modeling_bert.py and modeling_xlm_roberta.py and
sentence-transformers' Pooling, Dense and Normalize: what an experienced user of
PyTorch would write where those packages are missing. Modules are named so that
state_dict has the names of the files.
"""

import ctypes
import json
import math
import os
import struct

import torch
from torch import nn
from torch.nn import functional as F

TYPES = {"F32": torch.float32, "F64": torch.float64}


def load_safetensors(path):
    with open(path, "rb") as f:
        (n,) = struct.unpack("<Q", f.read(8))
        header, body = json.loads(f.read(n)), bytearray(f.read())
    header.pop("__metadata__", None)
    tensors = {}
    for name, t in header.items():
        begin, end = t["data_offsets"]
        tensors[name] = torch.frombuffer(body[begin:end], dtype=TYPES[t["dtype"]]).reshape(t["shape"])
    return tensors


def save_safetensors(path, tensors):
    header, parts, at = {}, [], 0
    names = {t: n for n, t in TYPES.items()}
    for name, t in tensors.items():
        t = t.detach().cpu().contiguous()
        size = t.numel() * t.element_size()
        header[name] = {"dtype": names[t.dtype], "shape": list(t.shape), "data_offsets": [at, at + size]}
        parts.append(ctypes.string_at(t.data_ptr(), size))
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


class Embeddings(nn.Module):
    def __init__(self, c):
        super().__init__()
        # BERT's positions count from 0. XLM-R's are those of fairseq: padding has
        # the position of its id, and tokens count from the next.
        self.fairseq = c["model_type"] != "bert"
        self.pad = c["pad_token_id"]
        self.word_embeddings = nn.Embedding(c["vocab_size"], c["hidden_size"], padding_idx=self.pad)
        self.position_embeddings = nn.Embedding(c["max_position_embeddings"], c["hidden_size"])
        self.token_type_embeddings = nn.Embedding(c["type_vocab_size"], c["hidden_size"])
        self.LayerNorm = nn.LayerNorm(c["hidden_size"], eps=c["layer_norm_eps"])
        self.dropout = nn.Dropout(c["hidden_dropout_prob"])

    def forward(self, ids):
        if self.fairseq:
            real = ids.ne(self.pad).long()
            positions = torch.cumsum(real, dim=1) * real + self.pad
        else:
            positions = torch.arange(ids.shape[1], device=ids.device).unsqueeze(0)
        x = self.word_embeddings(ids) + self.token_type_embeddings(torch.zeros_like(ids))
        return self.dropout(self.LayerNorm(x + self.position_embeddings(positions)))


class SelfAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        h = c["hidden_size"]
        self.heads, self.size = c["num_attention_heads"], h // c["num_attention_heads"]
        self.query, self.key, self.value = nn.Linear(h, h), nn.Linear(h, h), nn.Linear(h, h)
        self.p = c["attention_probs_dropout_prob"]

    def split(self, x):  # [batch, length, hidden] to [batch, heads, length, size]
        return x.view(x.shape[0], x.shape[1], self.heads, self.size).permute(0, 2, 1, 3)

    def forward(self, x, mask):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        p = self.p if self.training else 0.0
        if hasattr(F, "scaled_dot_product_attention") and x.dtype != torch.float64:
            context = F.scaled_dot_product_attention(q, k, v, attn_mask=None if mask is None else mask.to(q.dtype), dropout_p=p)
        else:
            scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(self.size)
            if mask is not None:
                scores = scores + mask
            context = torch.matmul(F.dropout(F.softmax(scores, dim=-1), p, self.training), v)
        context = context.permute(0, 2, 1, 3).contiguous()
        return context.view(x.shape)


class Residual(nn.Module):
    """What is behind attention and behind the feed-forward network."""

    def __init__(self, size, c):
        super().__init__()
        self.dense = nn.Linear(size, c["hidden_size"])
        self.LayerNorm = nn.LayerNorm(c["hidden_size"], eps=c["layer_norm_eps"])
        self.dropout = nn.Dropout(c["hidden_dropout_prob"])

    def forward(self, x, before):
        return self.LayerNorm(self.dropout(self.dense(x)) + before)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.self = SelfAttention(c)
        self.output = Residual(c["hidden_size"], c)

    def forward(self, x, mask):
        return self.output(self.self(x, mask), x)


class Intermediate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.dense = nn.Linear(c["hidden_size"], c["intermediate_size"])
        self.activation = {"gelu": F.gelu, "relu": F.relu}[c["hidden_act"]]

    def forward(self, x):
        return self.activation(self.dense(x))


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.attention = Attention(c)
        self.intermediate = Intermediate(c)
        self.output = Residual(c["intermediate_size"], c)

    def forward(self, x, mask):
        x = self.attention(x, mask)
        return self.output(self.intermediate(x), x)


class Encoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.layer = nn.ModuleList(Layer(c) for _ in range(c["num_hidden_layers"]))


class Body(nn.Module):
    """The states behind the last layer, as BertModel and XLMRobertaModel."""

    def __init__(self, c):
        super().__init__()
        self.embeddings = Embeddings(c)
        self.encoder = Encoder(c)

    def forward(self, ids, real):
        x = self.embeddings(ids)
        mask = None
        if not real.all():
            mask = (1.0 - real.to(x.dtype))[:, None, None, :] * torch.finfo(x.dtype).min
        for layer in self.encoder.layer:
            x = layer(x, mask)
        return x


class Transformers(nn.Module):
    """The same by Hugging Face's transformers."""

    def __init__(self, folder):
        super().__init__()
        from transformers import AutoModel

        self.model = AutoModel.from_pretrained(folder, add_pooling_layer=False).float()

    def forward(self, ids, real):
        return self.model(input_ids=ids, attention_mask=real.long()).last_hidden_state


class TextEncoder(nn.Module):
    """Vectors of texts, of length 1, by the weights in a folder."""

    def __init__(self, folder, body=None):
        super().__init__()
        with open(os.path.join(folder, "config.json")) as f:
            self.config = json.load(f)
        self.body = body
        if body is None:
            self.body = Body(self.config)
            self.body.load_state_dict(load_safetensors(os.path.join(folder, "model.safetensors")))
        self.cls, self.linear = False, None
        with open(os.path.join(folder, "modules.json")) as f:
            modules = json.load(f)
        for m in modules:
            path = os.path.join(folder, m["path"])
            if m["type"].endswith(".Pooling"):
                with open(os.path.join(path, "config.json")) as f:
                    self.cls = json.load(f)["pooling_mode_cls_token"]
            if m["type"].endswith(".Dense"):
                w = load_safetensors(os.path.join(path, "model.safetensors"))
                self.linear = nn.Linear(*reversed(w["linear.weight"].shape))
                self.linear.load_state_dict({n.replace("linear.", ""): t for n, t in w.items()})

    def names(self):
        """The parameters by their names in the files."""
        prefixes = {"body.model.": "", "body.": "", "linear.": "dense.linear."}
        named = {}
        for name, p in self.named_parameters():
            prefix = next(k for k in prefixes if name.startswith(k))
            named[prefixes[prefix] + name[len(prefix) :]] = p
        return named

    def forward(self, ids, real):
        x = self.body(ids, real)
        if self.cls:
            x = x[:, 0]
        else:
            m = real.unsqueeze(-1).to(x.dtype)
            x = (x * m).sum(1) / m.sum(1).clamp(min=1e-9)
        if self.linear is not None:
            x = torch.tanh(self.linear(x))
        return F.normalize(x.float() if x.dtype == torch.bfloat16 else x, p=2, dim=1)

    def collate(self, texts, device="cpu"):
        """Ids padded to the longest text, and which of them are real."""
        longest = max(len(t) for t in texts)
        pad = self.config["pad_token_id"]
        ids = torch.tensor([t + [pad] * (longest - len(t)) for t in texts])
        real = torch.arange(longest)[None, :] < torch.tensor([len(t) for t in texts])[:, None]
        return ids.to(device), real.to(device)

    def encode(self, texts, device="cpu"):
        return self(*self.collate(texts, device))


def info_nce(queries, passages, scale, masked):
    """Mean cross-entropy of each query's own passage among all that are not masked."""
    scores = torch.matmul(queries, passages.t()) * scale
    if masked:
        off = torch.zeros(scores.shape, dtype=torch.bool)
        rows, columns = zip(*masked)
        off[list(rows), list(columns)] = True
        scores = scores.masked_fill(off.to(scores.device), float("-inf"))
    return F.cross_entropy(scores, torch.arange(len(queries), device=scores.device))


def optimiser(named, decay, **options):
    """AdamW that decays weights, but not biases, layer norms and the temperature."""
    no = [p for n, p in named.items() if n.endswith("bias") or "LayerNorm" in n or n == "log_scale"]
    skip = {id(p) for p in no}
    yes = [p for p in named.values() if id(p) not in skip]
    return torch.optim.AdamW([{"params": yes, "weight_decay": decay}, {"params": no, "weight_decay": 0.0}], lr=0.0, **options)


def rate(peak, warmup, schedule, step, steps):
    """Linear warm-up that reaches the peak in its last step, and then the schedule."""
    if step < warmup:
        return peak * (step + 1) / warmup
    left = (steps - step) / (steps - warmup)
    return peak * {"constant": 1.0, "linear": left, "cosine": 0.5 * (1.0 + math.cos(math.pi * (1.0 - left)))}[schedule]
