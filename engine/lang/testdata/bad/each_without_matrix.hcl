stage "collect" "a" { url = each.lang }
locals { x = each.y }
