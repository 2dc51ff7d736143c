stage "collect" "a" { matrix = { lang = ["de", "en"] } }
stage "train" "b" { batches = stage.collect.a["fr"].file }
stage "train" "c" {
  matrix  = { lang = ["de", "el"] }
  batches = stage.collect.a[each.lang].file
}
stage "train" "d" { batches = stage.collect.a[{ language = "de" }].file }
