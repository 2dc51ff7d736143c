variable "needed" {}
stage "collect" "a" { url = var.needed }
