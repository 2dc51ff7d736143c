package convert

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"repro/stages"
	"repro/stages/corpus"
)

// convertNLI writes the pairs of premises and what they entail: by id in order
// of first appearance, then by language.
func convertNLI(ctx context.Context, job *stages.Job, p params, files []string) error {
	langs := make([][]corpus.Pair, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, job.Threads))
	for i, file := range files {
		group.Go(func() error {
			n := &inference{each: ctx.Err, ids: map[string]bool{}, contradictions: map[string][]string{}}
			if err := n.read(file); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return fmt.Errorf("input %d (%s): %w", i, p.Langs[i], err)
			}
			for k := range n.pairs {
				n.pairs[k].Dataset, n.pairs[k].Lang, n.pairs[k].Origin = p.Dataset, p.Langs[i], p.Origin
			}
			langs[i] = n.pairs
			n.log(job, p.Langs[i])
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var order []string
	versions := map[string][]corpus.Pair{}
	for _, pairs := range langs {
		for _, pair := range pairs {
			if versions[pair.ID] == nil {
				order = append(order, pair.ID)
			}
			versions[pair.ID] = append(versions[pair.ID], pair)
		}
	}
	var pairs []corpus.Pair
	for _, id := range order {
		pairs = append(pairs, versions[id]...)
	}
	return corpus.WriteLines(job.Out[portPairs], pairs)
}

// inference is what a file of natural language inference says.
type inference struct {
	each           func() error  // is told of every line and ends the reading with an error
	pairs          []corpus.Pair // premise, hypothesis and, in the end, negatives
	ids            map[string]bool
	contradictions map[string][]string // by premise
	left           struct{ neutral, unlabelled, empty int }
}

// The labels of SNLI and MultiNLI. Where the annotators did not agree, the label
// is a dash.
const (
	labelEntailment    = "entailment"
	labelNeutral       = "neutral"
	labelContradiction = "contradiction"
	labelNone          = "-"
)

// csvHead is what SimCSE's file of triplets begins with.
const csvHead = "sent0,sent1"

func (n *inference) read(file string) error {
	guess := looksLike(file)
	if guess != "" && guess != formatNLI {
		return fmt.Errorf("%w: %s is not of the format \"nli\": it looks like %s", stages.ErrInput, file, guess)
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	head := make([]byte, len(csvHead))
	if _, err := io.ReadFull(f, head); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if string(head) == csvHead {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		err = n.readTriplets(file, f)
	} else {
		err = n.readLabelled(file)
	}
	if err == nil && len(n.pairs) == 0 {
		err = fmt.Errorf("%w: %s: nothing in it is an entailment", stages.ErrInput, file)
	}
	return err
}

// readLabelled reads JSON Lines in which each line relates two sentences.
func (n *inference) readLabelled(file string) error {
	line := 0
	err := corpus.ReadLines(file, func(v struct {
		Premise    string `json:"sentence1"`
		Hypothesis string `json:"sentence2"`
		Label      string `json:"gold_label"`
		ID         string `json:"pairID"`
	},
	) error {
		line++
		premise, hypothesis := strings.TrimSpace(v.Premise), strings.TrimSpace(v.Hypothesis)
		switch {
		case !slices.Contains([]string{labelEntailment, labelNeutral, labelContradiction, labelNone}, v.Label):
			return fmt.Errorf(`%w: gold_label is %q, and not entailment, neutral, contradiction or -`, stages.ErrInput, v.Label)
		case premise == "" || hypothesis == "":
			n.left.empty++
		case v.Label == labelNone:
			n.left.unlabelled++
		case v.Label == labelNeutral:
			n.left.neutral++
		case v.Label == labelContradiction:
			if !slices.Contains(n.contradictions[premise], hypothesis) {
				n.contradictions[premise] = append(n.contradictions[premise], hypothesis)
			}
		default:
			id := v.ID
			if id == "" || n.ids[id] || strings.ContainsFunc(id, badInID) { // nobody promises that it names one line
				id = strings.Join(append(strings.Fields(id), strconv.Itoa(line)), ":")
			}
			return n.add(corpus.Pair{ID: id, Query: premise, Passage: hypothesis})
		}
		return n.each()
	})
	for i, pair := range n.pairs {
		for _, text := range n.contradictions[pair.Query] {
			if text != pair.Passage {
				n.pairs[i].Negatives = append(n.pairs[i].Negatives, text)
			}
		}
	}
	return err
}

// readTriplets reads CSV with the columns sent0, sent1 and hard_neg: a premise,
// what it entails and what contradicts it, which may be missing.
func (n *inference) readTriplets(name string, f io.Reader) error {
	r := csv.NewReader(f)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("%w: %s: %w", stages.ErrInput, name, err)
	}
	if len(header) < 2 || header[0] != "sent0" || header[1] != "sent1" {
		return fmt.Errorf("%w: %s: its columns are %s, and not sent0, sent1 and hard_neg", stages.ErrInput, name, strings.Join(header, ", "))
	}
	negative := slices.Index(header, "hard_neg")
	for row := 1; ; row++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %s: %w", stages.ErrInput, name, err) // the error has the line
		}
		pair := corpus.Pair{ID: strconv.Itoa(row), Query: strings.TrimSpace(record[0]), Passage: strings.TrimSpace(record[1])}
		if negative >= 0 {
			if text := strings.TrimSpace(record[negative]); text != "" && text != pair.Passage {
				pair.Negatives = []string{text}
			}
		}
		if !utf8.ValidString(strings.Join(record, "")) {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("%w: %s:%d: it is not UTF-8", stages.ErrInput, name, line)
		}
		if pair.Query == "" || pair.Passage == "" {
			n.left.empty++
			continue
		}
		if err := n.add(pair); err != nil {
			return err
		}
	}
}

func (n *inference) add(pair corpus.Pair) error {
	n.ids[pair.ID] = true
	n.pairs = append(n.pairs, pair)
	return n.each()
}

func (n *inference) log(job *stages.Job, lang string) {
	with := 0
	for _, pair := range n.pairs {
		if len(pair.Negatives) > 0 {
			with++
		}
	}
	job.Logf("%s: %d pairs, %d of them with negatives; left out: %d neutral, %d without a label, %d with an empty sentence",
		lang, len(n.pairs), with, n.left.neutral, n.left.unlabelled, n.left.empty)
}
