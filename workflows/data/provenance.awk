# Shares of training pairs that are machine translations.
#
#   awk -f provenance.awk COMPOSITION
#
# In comes the composition of a sample stage; out come metrics with the dimension
# lang: what share of its pairs is neither original nor translated by people. Of
# English, which is translated from, there is none.

function field(text) {
	gsub(/^[^:]*: *"?|"?,?$/, "", text)
	return text
}

/"lang":/ { lang = field($0) }
/"origin":/ { origin = field($0) }
/"value":/ && lang != "en" {
	if (!(lang in pairs)) langs[++n] = lang
	pairs[lang] += field($0)
	if (origin != "original" && origin != "human") translated[lang] += field($0)
}

END {
	printf "["
	for (i = 1; i <= n; i++)
		printf "%s\n{\"lang\":\"%s\",\"metric\":\"machine-translated\",\"value\":%.12g}", (i > 1 ? "," : ""), langs[i], translated[langs[i]] / pairs[langs[i]]
	print "\n]"
}
