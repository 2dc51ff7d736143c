# Shares of a sample stage's batches by the languages of their rows.
#
#   awk -f batches.awk BATCHES
#
# In comes batches.jsonl (docs/formats.md), which has a batch a line; out come
# metrics with the dimension batches: monolingual, if all questions and passages
# are in one language, cross-lingual, if each question is in another language
# than its passage, else mixed. The rows count, and not what the sampler says of
# how it drew them.

{
	n = split($0, rows, "\"query\":\"")
	same = other = languages = 0
	split("", seen)
	for (i = 2; i <= n; i++) {
		split(rows[i], parts, "\"") # QUERY , passage : PASSAGE
		if (parts[1] == parts[5]) same++; else other++
		if (!(parts[1] in seen)) { seen[parts[1]]; languages++ }
	}
	count[other == 0 && languages == 1 ? "monolingual" : same == 0 && other > 0 ? "cross-lingual" : "mixed"]++
}

END {
	n = split("monolingual cross-lingual mixed", kinds, " ")
	for (i = 1; i <= n; i++)
		printf "%s\n{\"batches\":\"%s\",\"metric\":\"share\",\"value\":%.12g}", (i == 1 ? "[" : ","), kinds[i], count[kinds[i]] / NR
	print "\n]"
}
