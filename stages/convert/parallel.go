package convert

import (
	"fmt"

	"repro/stages"
	"repro/stages/corpus"
)

// parallelLine is one line of the format "parallel".
type parallelLine struct {
	ID       string `json:"id"`
	Question string `json:"question"`
	Passage  string `json:"passage"`
}

// readParallel reads JSON Lines. Lines with the same passage become one
// paragraph: as two candidates of equal text, one would count as wrong.
func readParallel(file string, each func() error, _ func(string, ...any)) ([]paragraph, error) {
	if guess := looksLike(file); guess != "" && guess != `format "parallel"` {
		return nil, fmt.Errorf("%w: %s is not of the format \"parallel\": it looks like %s", stages.ErrInput, file, guess)
	}
	var paragraphs []paragraph
	byPassage := map[string]int{}
	ids := map[string]bool{}
	err := corpus.ReadLines(file, func(line parallelLine) error {
		switch {
		case line.ID == "":
			return fmt.Errorf(`%w: no "id"`, stages.ErrInput)
		case line.Question == "":
			return fmt.Errorf(`%w: question %q: no "question"`, stages.ErrInput, line.ID)
		case line.Passage == "":
			return fmt.Errorf(`%w: question %q: no "passage"`, stages.ErrInput, line.ID)
		case ids[line.ID]:
			return fmt.Errorf("%w: question %q: its id occurs already further up", stages.ErrInput, line.ID)
		}
		ids[line.ID] = true
		n, known := byPassage[line.Passage]
		if !known {
			n = len(paragraphs)
			byPassage[line.Passage] = n
			paragraphs = append(paragraphs, paragraph{context: line.Passage, sentences: []string{line.Passage}})
		}
		paragraphs[n].questions = append(paragraphs[n].questions, question{id: line.ID, text: line.Question})
		return each()
	})
	return paragraphs, err
}
