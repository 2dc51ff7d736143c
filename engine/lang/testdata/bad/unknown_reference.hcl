locals { languages = ["de"] }
stage "sample" "a" {
  sampler = x-y
  langs   = local.langages
  input   = [stage.collect.texts.file, variable.a]
}
