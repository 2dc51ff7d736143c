package convert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"repro/stages"
)

// The parts of SQuAD JSON that count; what is missing stays nil or empty.
type (
	squadArticle struct {
		Paragraphs []squadParagraph `json:"paragraphs"`
	}
	squadParagraph struct {
		Context   string          `json:"context"`
		Breaks    [][2]int        `json:"sentence_breaks"` // only in LAReQA, in code points
		Questions []squadQuestion `json:"qas"`
	}
	squadQuestion struct {
		ID      string        `json:"id"`
		Text    string        `json:"question"`
		Answers []squadAnswer `json:"answers"`
	}
	squadAnswer struct {
		Text  string `json:"text"`
		Start *int   `json:"answer_start"` // in code points
	}
)

// cutter says where the sentences of a paragraph are.
type cutter func(p squadParagraph, at offsets) ([]span, error)

func readSQuAD(file string, each func() error, logf func(string, ...any)) ([]paragraph, error) {
	return readArticles(file, "squad", each, logf, func(p squadParagraph, _ offsets) ([]span, error) {
		if p.Breaks != nil {
			return nil, errors.New(`it has sentence_breaks: the file looks like format "lareqa"`)
		}
		return splitSentences(p.Context), nil
	})
}

func readLAReQA(file string, each func() error, logf func(string, ...any)) ([]paragraph, error) {
	return readArticles(file, "lareqa", each, logf, func(p squadParagraph, at offsets) ([]span, error) {
		if p.Breaks == nil {
			return nil, errors.New(`no "sentence_breaks": the file looks like format "squad"`)
		}
		spans := make([]span, len(p.Breaks))
		for i, b := range p.Breaks {
			if b[0] < 0 || b[1] <= b[0] || b[1] > at.count() || i > 0 && b[0] < p.Breaks[i-1][1] {
				return nil, fmt.Errorf("sentence_breaks %d: [%d, %d] is empty, out of order or outside the context of %d code points", i, b[0], b[1], at.count())
			}
			spans[i] = span{at.byteOf(b[0]), at.byteOf(b[1])}
		}
		return spans, nil
	})
}

// readArticles reads SQuAD JSON article by article, so that no more than one
// is in memory beside what is kept of it.
func readArticles(file, format string, each func() error, logf func(string, ...any), cut cutter) ([]paragraph, error) {
	if guess := looksLike(file); guess != "" && guess != looksLikeSQuAD {
		return nil, fmt.Errorf("%w: %s is not of the format %q: it looks like %s", stages.ErrInput, file, format, guess)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	var (
		paragraphs []paragraph
		misplaced  int
	)
	err = eachArticle(json.NewDecoder(f), func(a squadArticle) error {
		for _, raw := range a.Paragraphs {
			p, astray, err := newParagraph(raw, cut)
			if err != nil {
				return fmt.Errorf("paragraph %d: %w", len(paragraphs), err)
			}
			paragraphs = append(paragraphs, p)
			misplaced += astray
			for range p.questions {
				if err := each(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", stages.ErrInput, file, err)
	}
	if misplaced > 0 {
		logf("%d answers are not what stands in the context at answer_start, which is taken as it is", misplaced)
	}
	return paragraphs, nil
}

// eachArticle walks {"data": [ARTICLE, …], …} and hands over the articles.
func eachArticle(dec *json.Decoder, yield func(squadArticle) error) error {
	if err := expect(dec, json.Delim('{')); err != nil {
		return err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return jsonError(dec, err)
		}
		if key != "data" {
			var skipped json.RawMessage
			if err := dec.Decode(&skipped); err != nil {
				return jsonError(dec, err)
			}
			continue
		}
		if err := expect(dec, json.Delim('[')); err != nil {
			return err
		}
		for dec.More() {
			var a squadArticle
			if err := dec.Decode(&a); err != nil {
				return jsonError(dec, err)
			}
			if err := yield(a); err != nil {
				return err
			}
		}
		if err := expect(dec, json.Delim(']')); err != nil {
			return err
		}
	}
	if err := expect(dec, json.Delim('}')); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("byte %d: something follows the JSON object", dec.InputOffset())
	}
	return nil
}

func expect(dec *json.Decoder, want json.Delim) error {
	token, err := dec.Token()
	if err != nil {
		return jsonError(dec, err)
	}
	if token != want {
		return fmt.Errorf("byte %d: found %v where %v has to be", dec.InputOffset(), token, want)
	}
	return nil
}

func jsonError(dec *json.Decoder, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("byte %d: the JSON ends too early: is the file complete?", dec.InputOffset())
	}
	return fmt.Errorf("after byte %d: %w", dec.InputOffset(), err)
}

// newParagraph checks raw and finds the sentence that answers each question;
// it counts the answers that are not at the place that is given for them.
func newParagraph(raw squadParagraph, cut cutter) (_ paragraph, misplaced int, _ error) {
	switch {
	case raw.Context == "":
		return paragraph{}, 0, errors.New(`no "context"`)
	case raw.Questions == nil:
		return paragraph{}, 0, errors.New(`no "qas"`)
	}
	at := newOffsets(raw.Context)
	spans, err := cut(raw, at)
	if err != nil {
		return paragraph{}, 0, err
	}
	p := paragraph{
		context:   raw.Context,
		sentences: make([]string, len(spans)),
		questions: make([]question, len(raw.Questions)),
	}
	for i, s := range spans {
		p.sentences[i] = raw.Context[s.start:s.end]
	}
	for i, q := range raw.Questions {
		if err := q.check(i); err != nil {
			return paragraph{}, 0, err
		}
		answer := q.Answers[0]
		gold := -1
		if start := *answer.Start; start >= 0 && start < at.count() {
			gold = sentenceAt(spans, at.byteOf(start), raw.Breaks != nil)
			if !strings.HasPrefix(raw.Context[at.byteOf(start):], answer.Text) {
				misplaced++
			}
		}
		if gold < 0 {
			return paragraph{}, 0, fmt.Errorf("question %q: answer_start %d is outside all sentences of a context of %d code points", q.ID, *answer.Start, at.count())
		}
		p.questions[i] = question{id: q.ID, text: q.Text, gold: gold}
	}
	return p, misplaced, nil
}

func (q squadQuestion) check(position int) error {
	switch {
	case q.ID == "":
		return fmt.Errorf(`question at position %d: no "id"`, position)
	case q.Text == "":
		return fmt.Errorf(`question %q: no "question"`, q.ID)
	case len(q.Answers) == 0:
		return fmt.Errorf("question %q: no answer; SQuAD 2.0 has such questions: leave them out first", q.ID)
	case q.Answers[0].Start == nil:
		return fmt.Errorf(`question %q: no "answer_start"`, q.ID)
	}
	return nil
}

// sentenceAt returns the position of the sentence that holds the byte at, or
// -1. Unless strict, the white space before a sentence belongs to it: cutting
// sentences leaves nothing else out.
func sentenceAt(spans []span, at int, strict bool) int {
	i := slices.IndexFunc(spans, func(s span) bool { return at < s.end })
	if i >= 0 && strict && at < spans[i].start {
		return -1
	}
	return i
}
