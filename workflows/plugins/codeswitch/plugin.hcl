# Code-switched batches, for cross-lingual retrieval from pairs of one language
# (arXiv 2305.05295).
language = "go"
protocol = 1

case "given" {
  sampler = "codeswitch"
  inputs  = { lexicon = ["testdata/lexicon.jsonl"] }
}

case "learned" {
  sampler = "codeswitch"
  params  = { p = 0.8 }
  inputs  = { input = ["testdata/pairs.jsonl"] }
}
