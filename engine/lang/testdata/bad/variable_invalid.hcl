variable "scale" {
  default = "huge"
  validation {
    condition     = contains(["smoke", "small", "paper"], var.scale)
    error_message = "scale is smoke, small or paper."
  }
}
