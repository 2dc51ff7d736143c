stage "collect" "a" { url = "u" }
stage "train" "b" { batches = stage.collect.a.files }
