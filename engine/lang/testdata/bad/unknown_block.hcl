stag "collect" "a" {}
top = 1
