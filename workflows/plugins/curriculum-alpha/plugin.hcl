# The hybrid with an α that moves over the steps: monolingual batches at first,
# cross-lingual ones later, or whatever start and end say.
language    = "python"
interpreter = "/usr/bin/python3"
file        = "curriculum_alpha.py"
protocol    = 1
