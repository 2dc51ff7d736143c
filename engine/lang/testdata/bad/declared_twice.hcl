stage "collect" "a" {}
stage "collect" "a" {}
variable "v" { default = 1 }
variable "v" { default = 2 }
