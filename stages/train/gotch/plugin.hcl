# The plugin "transformer". `just gotch` puts this file, the program and the
# libtorch wrapper that it was fitted with into one folder.
protocol = 1
language = "binary"
file     = "repro-gotch"

# Where CUDA's libraries are and how long a machine stays are facts of a machine.
machine_env = ["LD_LIBRARY_PATH", "REPRO_CHECKPOINT_EVERY"]
