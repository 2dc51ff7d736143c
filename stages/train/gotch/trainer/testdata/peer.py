"""Takes training steps as long as bench_test.go asks for them, and says how long
they took.

    peer.py JOB.json

It prints a line of JSON about itself, and then, for each line "PADDING STEPS" of
standard input, one with the seconds and the seconds of CPU that so many steps
took. PADDING says how a batch is padded: "longest" takes the questions, and then
the passages, padded to the longest of them, as transformers' collator does;
"chunks" takes the groups of texts that the job names, each padded to its longest.
"""

import importlib.util
import json
import math
import sys
import time

import torch

from model import TextEncoder, Transformers, info_nce, optimiser


def main(job):
    torch.set_num_threads(job["threads"])
    device, cuda = job["device"], job["device"] == "cuda"
    plain = not (cuda and importlib.util.find_spec("transformers"))
    model = TextEncoder(job["model"], None if plain else Transformers(job["model"])).to(device).train()
    named = model.names()
    o = optimiser(named, 0.01, **({"fused": True} if cuda else {}))
    for group in o.param_groups:
        group["lr"] = 1e-5
    params = list(named.values())
    batches = job["batches"]
    for b in batches:  # padded in advance, as by the workers of a data loader
        texts = b["queries"] + b["passages"]
        order = [i for chunk in b["chunks"] for i in chunk]
        b["place"] = torch.tensor(sorted(range(len(order)), key=order.__getitem__))
        b["padded"] = {
            "longest": [model.collate(b["queries"]), model.collate(b["passages"])],
            "chunks": [model.collate([texts[i] for i in chunk]) for chunk in b["chunks"]],
        }

    def vectors(b, padding):
        parts = [model(ids.to(device), real.to(device)) for ids, real in b["padded"][padding]]
        if padding == "longest":
            return parts
        return torch.cat(parts).index_select(0, b["place"].to(device)).split([len(b["queries"]), len(b["passages"])])

    def step(b, padding):
        o.zero_grad()
        with torch.autocast(device, dtype=torch.bfloat16, enabled=job["bfloat16"]):
            q, p = vectors(b, padding)
        loss = info_nce(q, p, 1 / 0.05, b["masked"])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        o.step()
        return loss.detach()

    def finish(loss):
        if not math.isfinite(loss.item()):
            sys.exit("peer.py: the loss is %r" % loss.item())

    about = "PyTorch %s" % torch.__version__
    if not plain:
        import transformers

        about += ", transformers %s" % transformers.__version__
    print(json.dumps({"about": about}), flush=True)
    for line in sys.stdin:
        padding, steps = line.split()
        began, cpu = time.perf_counter(), time.process_time()
        for k in range(int(steps)):
            loss = step(batches[k % len(batches)], padding)
        finish(loss)
        print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}), flush=True)


if __name__ == "__main__":
    with open(sys.argv[1]) as f:
        main(json.load(f))
