report "a" {
  from   = ["file.json"]
  rows   = ["x"]
  best   = "largest"
  colums = ["y"]
}
