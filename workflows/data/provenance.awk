# Shares of training pairs that are machine translations.
#
#   awk -f provenance.awk COMPOSITION
#
# In comes the composition of a sample stage; out come metrics with the dimensions
# dataset and lang: what share of its pairs is neither original nor translated by
# people. Of English, which is translated from, there is none.

function field(text) {
	gsub(/^[^:]*: *"?|"?,?$/, "", text)
	return text
}

/"dataset":/ { dataset = field($0) }
/"lang":/ { lang = field($0) }
/"origin":/ { origin = field($0) }
/"value":/ && lang != "en" {
	place = "\"dataset\":\"" dataset "\",\"lang\":\"" lang "\""
	if (!(place in pairs)) places[++n] = place
	pairs[place] += field($0)
	if (origin != "original" && origin != "human") translated[place] += field($0)
}

END {
	printf "["
	for (i = 1; i <= n; i++)
		printf "%s\n{%s,\"metric\":\"machine-translated\",\"value\":%.12g}", (i > 1 ? "," : ""), places[i], translated[places[i]] / pairs[places[i]]
	print "\n]"
}
