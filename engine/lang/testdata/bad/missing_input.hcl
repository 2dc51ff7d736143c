stage "train" "a" { seed = 1 }
