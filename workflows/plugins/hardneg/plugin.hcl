# Hard negatives, mined with BM25 or with a model that was trained before, and
# batches that have them (DPR, arXiv 2004.04906).
language = "go"
protocol = 1
