stage "collect" "a" { matrix = { lang = ["de", "en"] } }
stage "train" "b" { batches = stage.collect.a[*].file }
stage "exec" "c" {
  command = ["cat"]
  inputs  = { "../up" = "x" }
}
