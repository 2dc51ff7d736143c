package translate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"repro/stages"
	"repro/stages/command"
)

// Chunk sizes in bytes. A pipeline takes some 0.2 s of CPU time to load its
// dictionaries, about as long as the translation of 10 kB: chunks should be
// much larger, and yet so many that all threads have work and progress shows.
const (
	minChunk = 16 << 10
	maxChunk = 128 << 10
)

// pipeline is an Apertium mode as it is run here.
//
// The texts of a chunk go through its programs in one stream, with a NUL after
// each, at which the programs flush their output and forget the text. One of
// them does not quite: when apertium-tagger 3.8 meets a word that is ambiguous
// in a way that its model has not seen, it overwrites what the model says of
// unknown words, for the rest of its life. Every later text with an unknown
// word can come out differently, so that a translation would depend on the
// texts before it, on the number of threads and on what a Memory knows.
//
// So the tagger runs apart. Asked for warnings, it names such words; the texts
// that hold one get a tagger each, the others one in common that never meets
// such a word. The result is what `apertium -u` prints for each text alone.
type pipeline struct {
	job   *stages.Job
	grace time.Duration
	parts []part
}

// part is a shell pipeline of some of a mode's programs, or a tagger by itself.
type part struct {
	script string
	tagger bool
}

// argv runs the part in a shell as the apertium script does: $1 is the option
// for unknown words, where -n leaves them without a mark; $2 an option of the
// tagger that is not used. A tagger is started often, so its shell is the
// quickest one and makes way for it.
func (p part) argv() []string {
	if p.tagger {
		return []string{"sh", "-c", "exec " + p.script, "sh", "-n"}
	}
	return []string{"bash", "-o", "pipefail", "-c", p.script, "bash", "-n"}
}

// loadPipeline reads the mode file: apertium-wblank-mode prints the mode's
// shell pipeline with the option -z at each program that needs it to flush at
// every NUL, as the apertium script itself does.
func loadPipeline(ctx context.Context, job *stages.Job, mode string, grace time.Duration) (*pipeline, error) {
	p := &pipeline{job: job, grace: grace}
	var out bytes.Buffer
	if err := p.run(ctx, []string{"apertium-wblank-mode", "-z", mode}, nil, &out, job.Log); err != nil {
		return nil, err
	}
	for _, program := range programs(out.String()) {
		tagger := strings.HasPrefix(program, "apertium-tagger ")
		if tagger {
			program = strings.Replace(program, "apertium-tagger ", "apertium-tagger -d ", 1)
		}
		last := len(p.parts) - 1
		if last >= 0 && !tagger && !p.parts[last].tagger {
			p.parts[last].script += " | " + program
		} else {
			p.parts = append(p.parts, part{script: program, tagger: tagger})
		}
	}
	if len(p.parts) == 0 {
		return nil, fmt.Errorf("%s names no programs", mode)
	}
	return p, nil
}

// programs splits the text of a mode file.
func programs(mode string) []string {
	var all []string
	for program := range strings.SplitSeq(strings.TrimSpace(mode), "|") {
		if program = strings.TrimSpace(program); program != "" {
			all = append(all, program)
		}
	}
	return all
}

// translate splits texts into chunks and translates as many at once as the job
// has threads.
func (p *pipeline) translate(ctx context.Context, texts []string, done func(first int, translations []string)) error {
	var size int
	for _, text := range texts {
		size += len(text)
	}
	limit := min(max(size/p.job.Threads, minChunk), maxChunk)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(p.job.Threads)
	for first := 0; first < len(texts) && groupCtx.Err() == nil; {
		end, size := first, 0
		for end < len(texts) && size < limit {
			size += len(texts[end])
			end++
		}
		from := first
		group.Go(func() error {
			translations, err := p.chunk(groupCtx, texts[from:end])
			if err == nil {
				done(from, translations)
			}
			return err
		})
		first = end
	}
	return errors.Join(group.Wait(), ctx.Err())
}

// chunk translates some texts. When a program crashes or mixes texts up, it
// halves them until the text to blame stands alone.
func (p *pipeline) chunk(ctx context.Context, texts []string) ([]string, error) {
	pieces := make([]string, len(texts))
	for i, text := range texts {
		pieces[i] = escape(text)
	}
	var err error
	for _, part := range p.parts {
		if part.tagger {
			pieces, err = p.tag(ctx, part, pieces)
		} else {
			pieces, _, err = p.batch(ctx, part, pieces)
		}
		if err != nil {
			break
		}
	}
	switch {
	case err == nil:
		for i, piece := range pieces {
			pieces[i] = unescape(piece)
		}
		return pieces, nil
	case ctx.Err() != nil:
		return nil, err
	case len(texts) == 1:
		return nil, fmt.Errorf("translate %q: %w", texts[0], err)
	}
	p.job.Logf("translate %d texts: %v; trying each half of them", len(texts), err)
	half := len(texts) / 2
	left, err := p.chunk(ctx, texts[:half])
	if err != nil {
		return nil, err
	}
	right, err := p.chunk(ctx, texts[half:])
	return append(left, right...), err
}

// unseen is the warning of apertium-tagger of which the type comment speaks.
var unseen = regexp.MustCompile(`A new ambiguity class was found[\s\S]*?Word '(.*)'\.\n`)

// tag runs a tagger over the pieces so that none affects another.
func (p *pipeline) tag(ctx context.Context, tagger part, pieces []string) ([]string, error) {
	tagged, warnings, err := p.batch(ctx, tagger, pieces)
	if err != nil {
		return nil, err
	}
	found := unseen.FindAllStringSubmatch(warnings, -1)
	if len(found) == 0 {
		return tagged, nil
	}
	words := map[string]bool{}
	for _, match := range found {
		words[match[1]] = true
	}
	var alone, together []int
	for i, piece := range pieces {
		if holds(piece, words) {
			alone = append(alone, i)
		} else {
			together = append(together, i)
		}
	}
	rest := make([]string, len(together))
	for k, i := range together {
		rest[k] = pieces[i]
	}
	if rest, warnings, err = p.batch(ctx, tagger, rest); err != nil {
		return nil, err
	}
	for k, i := range together {
		tagged[i] = rest[k]
	}
	if unseen.MatchString(warnings) {
		// A word is not named as the stream spells it.
		alone = append(alone, together...)
	}
	for _, i := range alone {
		one, _, err := p.batch(ctx, tagger, pieces[i:i+1])
		if err != nil {
			return nil, err
		}
		tagged[i] = one[0]
	}
	return tagged, nil
}

// word finds the spelling of each word in a stream of analyses: ^word/…$.
var word = regexp.MustCompile(`\^((?:\\.|[^\\/^$])*)[/$]`)

func holds(piece string, words map[string]bool) bool {
	for _, match := range word.FindAllStringSubmatch(piece, -1) {
		if words[match[1]] {
			return true
		}
	}
	return false
}

// batch sends the pieces through a part, each with a NUL after it. It also
// returns what the programs wrote to standard error.
func (p *pipeline) batch(ctx context.Context, through part, pieces []string) ([]string, string, error) {
	if len(pieces) == 0 {
		return nil, "", ctx.Err()
	}
	in := strings.NewReader(strings.Join(pieces, "\x00") + "\x00")
	var out, warnings bytes.Buffer
	if err := p.run(ctx, through.argv(), in, &out, &warnings); err != nil {
		if ctx.Err() == nil && warnings.Len() > 0 {
			err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(warnings.Bytes()[:min(warnings.Len(), 1000)]))
		}
		return nil, "", err
	}
	// At the end of their input some programs write one more NUL.
	got := strings.Split(out.String(), "\x00")
	if len(got) <= len(pieces) || strings.Join(got[len(pieces):], "") != "" {
		return nil, "", fmt.Errorf("got %d texts back, not %d, from %s", len(got)-1, len(pieces), through.script)
	}
	return got[:len(pieces)], warnings.String(), nil
}

func (p *pipeline) run(ctx context.Context, argv []string, in io.Reader, out, errOut io.Writer) error {
	return command.Run(ctx, command.Cmd{
		Argv: argv, Dir: p.job.Dir, Env: command.Environ(p.job.Dir, nil),
		Stdin: in, Stdout: out, Stderr: errOut, Grace: p.grace,
	})
}
