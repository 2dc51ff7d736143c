locals { a = local.b }
locals { b = stage.train.c.model }
stage "train" "c" { batches = local.a }
