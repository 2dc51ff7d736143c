# Code-switched batches for cross-lingual retrieval without translated pairs
# (arXiv 2305.05295).
language = "go"
protocol = 1
