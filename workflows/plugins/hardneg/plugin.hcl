# Hard negatives, mined by BM25 or with a model that was trained before, and
# batches that have them (DPR, arXiv 2004.04906).
language = "go"
protocol = 1

case "mined" {
  sampler = "hardneg"
  params  = { count = 2 }
  inputs  = { input = ["testdata/pairs.jsonl"], negatives = ["testdata/negatives.jsonl"] }
}

case "bm25" {
  kind   = "hardneg-mine"
  params = { depth = 3 }
  inputs = { input = ["testdata/pairs.jsonl"] }
}

case "pairs" {
  kind   = "hardneg-set"
  inputs = { input = ["testdata/pairs.jsonl"] }
}
