"""Trains a model folder on batches of ids, for parity_test.go to compare with.

    oracle.py CASES.json

Each case names a model folder, batches and parameters. Into its folder "out" go
float32.safetensors and float64.safetensors, and, where it is installed,
transformers.safetensors by transformers' own model: of the initial weights the
vectors of the first batch and the gradient of the first step; of all steps the
losses and gradient norms; then the weights and the vectors that they give.
"""

import importlib.util
import json
import math
import os
import sys

import torch

from model import TextEncoder, Transformers, info_nce, optimiser, rate, save_safetensors


def vectors(model, batch):
    return torch.cat([model.encode(batch["queries"]), model.encode(batch["passages"])])


def train(case, model):
    dtype = next(model.parameters()).dtype
    out = {"vectors": vectors(model, case["batches"][0])}
    scale = torch.nn.Parameter(torch.tensor([-math.log(case["temperature"])], dtype=dtype), requires_grad=case["learn_temperature"])
    named = model.names()
    if case["learn_temperature"]:
        named["log_scale"] = scale
    o = optimiser(named, case["weight_decay"])
    losses, norms = [], []
    batches, window = case["batches"], case["accumulate"]
    for first in range(0, len(batches), window):
        o.zero_grad()
        for b in batches[first : first + window]:
            loss = info_nce(model.encode(b["queries"]), model.encode(b["passages"]), scale.exp(), b["masked"])
            (loss / window).backward()
            losses.append(loss.detach())
        if first == 0:
            out.update({"grad." + n: p.grad.clone() for n, p in named.items()})
        norms.append(torch.nn.utils.clip_grad_norm_(named.values(), case["clip_norm"] or math.inf))
        for group in o.param_groups:
            group["lr"] = rate(case["learning_rate"], case["warmup"], case["schedule"], first, len(batches))
        o.step()
        with torch.no_grad():
            scale.clamp_(max=math.log(100))
    out.update({"weight." + n: p for n, p in named.items()})
    out.update({"losses": torch.stack(losses), "norms": torch.stack(norms), "trained": vectors(model, batches[0])})
    return out


def main(cases):
    torch.set_num_threads(1)
    for case in cases:
        folder = case["model"]
        models = {"float32": TextEncoder(folder), "float64": TextEncoder(folder).double()}
        if importlib.util.find_spec("transformers"):
            models["transformers"] = TextEncoder(folder, Transformers(folder))
        for name, model in models.items():
            model.eval()
            save_safetensors(os.path.join(case["out"], name + ".safetensors"), train(case, model))


if __name__ == "__main__":
    with open(sys.argv[1]) as f:
        main(json.load(f))
    print(torch.__version__)
