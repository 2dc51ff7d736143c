stage "collect" "a" { matrix = { lang = "de" } }
stage "collect" "b" { matrix = { lang = ["de", "de"] } }
stage "collect" "c" { matrix = ["de"] }
stage "collect" "d" { matrix = { lang = [each.lang] } }
