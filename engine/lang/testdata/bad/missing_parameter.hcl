stage "sample" "a" { input = [] }
