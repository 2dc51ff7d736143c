stage "sample" "a" {
  sampler   = "x-y"
  input     = []
  batchsize = 5
}
