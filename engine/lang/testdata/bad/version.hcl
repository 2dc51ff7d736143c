workflow "later" { requires = ">= 9.0" }
