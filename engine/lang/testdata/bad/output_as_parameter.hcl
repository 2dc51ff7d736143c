stage "collect" "a" { url = "u" }
stage "collect" "b" { url = stage.collect.a.file }
