# Languages drawn by temperature: the larger ones more often, but less so than
# their size would have it (arXiv 1907.05019).
language    = "python"
interpreter = "/usr/bin/python3"
file        = "temperature.py"
protocol    = 1
