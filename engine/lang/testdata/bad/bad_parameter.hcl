stage "sample" "a" {
  sampler    = "x-y"
  input      = []
  batch_size = 0
}
