stage "collect" "a" {
  url = "unclosed
}
