stage "colect" "a" {}
