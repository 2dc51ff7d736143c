# Means of mAP over pairs of languages, by group of pairs, and what is gained on
# a reference.
#
#   awk -v low="ar hi vi" -f groups.awk METRICS REFERENCE
#
# In come two files of metrics from evaluate, which has a record a line; out
# come metrics (docs/formats.md) with the dimensions setting and group: whether
# the question's and the passage's language is one of low. A mean gives every
# pair of languages the same weight.

function field(name,    text) {
	if (!match($0, "\"" name "\":(\"[^\"]*\"|[-+.0-9e]+)")) return ""
	text = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
	gsub(/"/, "", text)
	return text
}

function kind(lang) { return (" " low " ") ~ (" " lang " ") ? "low" : "rest" }

BEGIN { while ((getline < ARGV[2]) > 0) if (field("metric") == "map") reference[pair()] = field("value"); ARGV[2] = "" }

function pair() { return field("setting") " " field("query_lang") " " field("doc_lang") }

field("metric") == "map" {
	group = kind(field("query_lang"))
	if (field("setting") == "cross-lingual") group = group " → " kind(field("doc_lang"))
	key = "\"setting\":\"" field("setting") "\",\"group\":\"" group "\""
	if (!(key in count)) keys[++n] = key
	count[key]++
	sum[key] += field("value")
	gain[key] += field("value") - reference[pair()]
}

END {
	printf "["
	for (i = 1; i <= n; i++) {
		key = keys[i]
		printf "%s\n{%s,\"metric\":\"map\",\"value\":%.12g}", (i > 1 ? "," : ""), key, sum[key] / count[key]
		printf ",\n{%s,\"metric\":\"map-gain\",\"value\":%.12g}", key, gain[key] / count[key]
	}
	print "\n]"
}
