stage "train" "encoder" { batches = "b" }
report "map" {
  from    = stage.train.encoder.metrics
  rows    = ["sampler"]
  columns = ["setting"]
  average = ["query_lang"]
}
claim "empty" {}
claim "typos" {
  txt = "x"
  compares {}
  compare {
    report   = "map"
    dimm     = "sampler"
    test     = "wilcoxon"
    level    = 2
    not_worse = "perhaps"
  }
  trend {
    report    = stage.train.encoder.metrics
    along     = "sampler"
    order     = ["a"]
    direction = "up"
  }
  threshold {
    report = report.map
    block {}
  }
}
claim "misfits" {
  text = "x"
  compare {
    report = report.map
    dim    = "samplers"
    better = "hybrid"
    than   = ["x-y", "hybrid"]
    unit   = "query_language"
  }
  compare {
    report = report.map
    dim    = "sampler"
    better = "hybrid"
    than   = "x-y"
    unit   = "query_lang"
    test   = "bootstrap"
  }
  count {
    report = report.map
    of     = ["query_lang"]
  }
}
claim "contradictions" {
  text = "x"
  threshold {
    report   = report.map
    at_least = 0.5
    at_most  = 0.4
  }
  threshold {
    report   = report.map
    exactly  = 0.5
    at_least = 0.1
  }
  count {
    report  = report.map
    of      = ["sampler", "setting", "sampler"]
    exactly = 2
  }
  trend {
    report    = report.map
    along     = "sampler"
    order     = ["a", "b", "a"]
    direction = "rising"
  }
  compare {
    report = report.map
    dim    = "sampler"
    better = "a"
    than   = ["b", "b"]
  }
}
