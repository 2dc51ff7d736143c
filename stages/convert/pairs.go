package convert

import "repro/stages/corpus"

// pairsOf returns the training pairs: by question in the order in which the
// languages first have it, then by language.
func pairsOf(langs []language, p params) []corpus.Pair {
	var pairs []corpus.Pair
	for first := range langs {
		for q := range langs[first].questions() {
			if hasAny(langs[:first], q.id) {
				continue
			}
			for _, lang := range langs[first:] {
				if at, ok := lang.at[q.id]; ok {
					pairs = append(pairs, pairOf(lang, at, p))
				}
			}
		}
	}
	return pairs
}

func hasAny(langs []language, id string) bool {
	for _, lang := range langs {
		if _, ok := lang.at[id]; ok {
			return true
		}
	}
	return false
}

func pairOf(lang language, at place, p params) corpus.Pair {
	par := lang.paragraphs[at.paragraph]
	q := lang.question(at)
	passage := par.context
	if p.Passage == "sentence" {
		passage = par.sentences[q.gold]
	}
	return corpus.Pair{
		Dataset: p.Dataset,
		ID:      q.id,
		Lang:    lang.code,
		Query:   q.text,
		Passage: passage,
		Origin:  p.Origin,
	}
}
