package convert

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"repro/stages"
	"repro/stages/corpus"
)

// language is what one input file holds.
type language struct {
	code       string
	paragraphs []paragraph
	at         map[string]place // question id → where it is
}

// paragraph is a text with its candidates and the questions about it. The
// candidates share the memory of context.
type paragraph struct {
	context   string
	sentences []string
	questions []question
}

type question struct {
	id, text string
	gold     int // position in sentences of the one that answers
}

// place is an index in paragraphs and one in its questions.
type place struct{ paragraph, question int }

// questions yields all questions in the order of the file.
func (l *language) questions() iter.Seq[question] {
	return func(yield func(question) bool) {
		for _, p := range l.paragraphs {
			for _, q := range p.questions {
				if !yield(q) {
					return
				}
			}
		}
	}
}

func (l *language) question(at place) question {
	return l.paragraphs[at.paragraph].questions[at.question]
}

// reader reads a file of one format; each is told of every question read and
// gives up when it returns an error.
type reader func(file string, each func() error, logf func(format string, args ...any)) ([]paragraph, error)

// questionsBy converts questions with answers that read finds in a file.
func questionsBy(read reader) converter {
	return func(ctx context.Context, job *stages.Job, p params, files []string) error {
		langs, err := readLanguages(ctx, job, p, read, files)
		if err != nil {
			return err
		}
		pairs := pairsOf(langs, p)
		job.Logf("%d pairs of %d languages", len(pairs), len(langs))
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := corpus.WriteLines(job.Out[portPairs], pairs); err != nil {
			return err
		}
		if !p.Retrieval {
			return nil
		}
		set := setOf(langs, p.DedupQueries)
		job.Logf("%d candidates, %d queries, %d judgements", len(set.Docs), len(set.Queries), len(set.Qrels))
		if err := ctx.Err(); err != nil {
			return err
		}
		return corpus.WriteSet(job.Out[portRetrieval], set)
	}
}

// readLanguages reads all files, as many at once as the job has threads.
func readLanguages(ctx context.Context, job *stages.Job, p params, read reader, files []string) ([]language, error) {
	var (
		mu   sync.Mutex
		done int64
	)
	langs := make([]language, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, job.Threads))
	for i, file := range files {
		group.Go(func() error {
			each := func() error {
				mu.Lock()
				defer mu.Unlock()
				done++
				job.Progress(done, 0, "questions")
				return ctx.Err()
			}
			logf := func(format string, args ...any) { job.Logf(p.Langs[i]+": "+format, args...) }
			paragraphs, err := read(file, each, logf)
			if ctx.Err() != nil {
				return ctx.Err() // and not a fault of the file
			}
			if err != nil {
				return fmt.Errorf("input %d (%s): %w", i, p.Langs[i], err)
			}
			at, err := index(paragraphs)
			if err != nil {
				return fmt.Errorf("input %d (%s): %w: %s: %w", i, p.Langs[i], stages.ErrInput, file, err)
			}
			langs[i] = language{code: p.Langs[i], paragraphs: paragraphs, at: at}
			return nil
		})
	}
	return langs, group.Wait()
}

// index finds the questions by id; it refuses ids that cannot be one, and none.
func index(paragraphs []paragraph) (map[string]place, error) {
	at := map[string]place{}
	for p := range paragraphs {
		for q, question := range paragraphs[p].questions {
			if strings.ContainsFunc(question.id, badInID) {
				return nil, fmt.Errorf("paragraph %d: question %q: white space in its id", p, question.id)
			}
			if first, twice := at[question.id]; twice {
				return nil, fmt.Errorf("paragraph %d: question %q: its id occurs already in paragraph %d", p, question.id, first.paragraph)
			}
			at[question.id] = place{p, q}
		}
	}
	if len(at) == 0 {
		return nil, errors.New("it has no questions")
	}
	return at, nil
}
