package convert

import (
	"fmt"

	"repro/stages/corpus"
)

// setOf returns the retrieval set. Candidates are "LANG:PARAGRAPH:POSITION" and
// are not deduplicated; queries are "LANG:QUESTION". The relevant candidates of
// a query are those that answer the question of the same id in each language
// that has it, so that an evaluation may pick the languages of queries and
// candidates as it likes.
//
// With dedup, only the first query with a given text (byte for byte) stays in a
// language. The paper's printed XQuAD-R figures are multiples of 1/n for just
// that n. What a dropped query asked for stays relevant to its versions in
// other languages.
func setOf(langs []language, dedup bool) *corpus.Set {
	set := &corpus.Set{}
	first := make([][]int, len(langs)) // of each paragraph, the place of its first candidate in set.Docs
	for i, lang := range langs {
		first[i] = make([]int, len(lang.paragraphs))
		for n, par := range lang.paragraphs {
			first[i][n] = len(set.Docs)
			for position, sentence := range par.sentences {
				id := fmt.Sprintf("%s:%d:%d", lang.code, n, position)
				set.Docs = append(set.Docs, corpus.Doc{ID: id, Text: sentence, Lang: lang.code})
			}
		}
	}
	for _, lang := range langs {
		texts := map[string]bool{}
		for q := range lang.questions() {
			if dedup && texts[q.text] {
				continue
			}
			texts[q.text] = true
			query := corpus.Query{ID: lang.code + ":" + q.id, Text: q.text, Lang: lang.code, Question: q.id}
			set.Queries = append(set.Queries, query)
			for i, other := range langs {
				if at, ok := other.at[q.id]; ok {
					gold := first[i][at.paragraph] + other.question(at).gold
					set.Qrels = append(set.Qrels, corpus.Qrel{Query: query.ID, Doc: set.Docs[gold].ID, Score: 1})
				}
			}
		}
	}
	return set
}
