stage "collect" "a" {
  resources {
    cpu    = 2
    memory = "lots"
    gpus   = 1.5
  }
}
