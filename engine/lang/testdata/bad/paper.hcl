paper "a" {
  tempalte = "a.tex"
  values   = ["a"]
}
paper "b" {
  template = ["b.tex"]
  values   = { nothing = null }
}
paper "c" {
  template = "c.tex"
  values   = { nested = { a = 1 } }
  table {}
}
