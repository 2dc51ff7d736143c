stage "train" "encoder" { batches = "b" }
report "map" {
  from    = stage.train.encoder.metrics
  rows    = ["sampler"]
  columns = ["setting"]
}
claim "unknown" {
  text = "x"
  count {
    report  = report.mapp
    of      = ["sampler"]
    exactly = 1
  }
}
