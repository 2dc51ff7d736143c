package search

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode"

	"repro/stages"
	"repro/stages/corpus"
)

// ids are identifiers, one behind the other: millions of them in little memory.
type ids struct {
	text []byte
	ends []uint64
}

func (s *ids) add(id string) {
	s.text = append(s.text, id...)
	s.ends = append(s.ends, uint64(len(s.text)))
}

func (s *ids) get(i int) string {
	start := uint64(0)
	if i > 0 {
		start = s.ends[i-1]
	}
	return string(s.text[start:s.ends[i]])
}

func (s *ids) len() int { return len(s.ends) }

// readIDs reads the identifiers of a file of a retrieval set, and tells of each.
func readIDs(dir, file string, each func(i int, id string) error) (*ids, error) {
	s := &ids{}
	err := corpus.ReadLines(filepath.Join(dir, file), func(v struct {
		ID string `json:"_id"`
	},
	) error {
		if v.ID == "" || strings.ContainsFunc(v.ID, unicode.IsSpace) {
			return fmt.Errorf("%w: _id %q is empty or has white space, and cannot stand in a TREC file", stages.ErrInput, v.ID)
		}
		s.add(v.ID)
		return each(s.len()-1, v.ID)
	})
	return s, err
}
