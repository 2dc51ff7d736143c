package translate

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"repro/stages"
	"repro/stages/corpus"
)

// Options changes where things are and what is reused, never what comes out.
type Options struct {
	Memory   Memory        // translations of earlier runs; nil for none
	Apertium string        // Apertium's data folder; "" for share/apertium beside the program's bin
	Grace    time.Duration // between SIGTERM and SIGKILL of cancelled programs; 0 means 5 s
}

// Stage is the `translate` stage.
type Stage struct {
	options  Options
	digests  digests // of the content of programs and data
	versions digests // what programs say of themselves
}

// New returns the `translate` stage.
func New(options Options) *Stage { return &Stage{options: options} }

// Spec implements stages.Stage.
func (*Stage) Spec() stages.Spec {
	return stages.Spec{
		Kind:    "translate",
		Version: "1",
		Doc:     "Translates training pairs into another language, each distinct text once.",
		Params: []stages.Param{
			{Name: "from", Type: "string", Doc: "The language to translate from, as ISO 639-1; pairs in other languages are left out."},
			{Name: "to", Type: "string", Doc: "The language to translate into, as ISO 639-1."},
			{Name: "engine", Type: "string", Default: `"apertium"`, Doc: "What translates: apertium, or command for a program of your own."},
			{Name: "via", Type: "list(string)", Default: "[]", Doc: "Languages to go through, in order, where Apertium has no pair for the direct way."},
			{Name: "command", Type: "list(string)", Default: "[]", Doc: "For the engine command: a program that reads a text per line and writes its translation per line, the same on every run and for every line by itself. The program is a name in PATH or an absolute path; it and each file that an argument names by absolute path, also as --flag=/path, are part of the key, and no argument may name a folder."},
		},
		Inputs:  []stages.Port{{Name: "input", Doc: "Training pairs as JSON Lines."}},
		Outputs: []stages.Port{{Name: "pairs", Doc: "The pairs in the other language as JSON Lines, with the same identifiers in the same order."}},
	}
}

// params is what a workflow says of a translate stage.
type params struct {
	From    string   `json:"from"`
	To      string   `json:"to"`
	Engine  string   `json:"engine"`
	Via     []string `json:"via"`
	Command []string `json:"command"`
}

var languageCode = regexp.MustCompile(`^[a-z]{2,3}$`)

func parse(raw json.RawMessage) (*params, error) {
	p := &params{}
	if err := stages.DecodeParams(raw, p); err != nil {
		return nil, err
	}
	way := p.way()
	for i, lang := range way {
		param := "via"
		switch i {
		case 0:
			param = "from"
		case len(way) - 1:
			param = "to"
		}
		if !languageCode.MatchString(lang) {
			return nil, &stages.ParamError{Param: param, Problem: fmt.Sprintf("%q is no language code", lang), Hint: `Use ISO 639-1: "en", "pt".`}
		}
		if i > 0 && lang == way[i-1] {
			return nil, &stages.ParamError{Param: param, Problem: fmt.Sprintf("there is nothing to translate from %s to %s", lang, lang)}
		}
	}
	switch p.Engine {
	case "apertium":
		if len(p.Command) > 0 {
			return nil, &stages.ParamError{Param: "command", Problem: "is not used by the engine apertium", Hint: `Set engine = "command".`}
		}
	case "command":
		if err := checkCommand(p.Command); err != nil {
			return nil, err
		}
		if len(p.Via) > 0 {
			return nil, &stages.ParamError{Param: "via", Problem: "is not used by the engine command"}
		}
	default:
		return nil, &stages.ParamError{Param: "engine", Problem: fmt.Sprintf("%q is neither apertium nor command", p.Engine)}
	}
	return p, nil
}

// way returns the languages in order: from, via, to.
func (p *params) way() []string {
	return append(append([]string{p.From}, p.Via...), p.To)
}

// origin says how the texts come to be.
func (p *params) origin() string {
	if p.Engine == "command" {
		return "command " + filepath.Base(p.Command[0])
	}
	return "apertium " + strings.Join(p.way(), "→")
}

// Check implements stages.Checker.
func (*Stage) Check(raw json.RawMessage) error {
	_, err := parse(raw)
	return err
}

// Tools implements stages.Tooled: the versions of Apertium's programs and a
// digest of each direction's data, or a digest of the command's files. Without
// them the key cannot be known, so there is none if a program is missing.
func (s *Stage) Tools(ctx context.Context, raw json.RawMessage) (map[string]string, error) {
	p, err := parse(raw)
	if err != nil {
		return nil, err
	}
	steps, err := s.steps(ctx, p)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, step := range steps {
		maps.Copy(all, step.tools)
	}
	return all, nil
}

// step is the translation from one language into the next.
type step struct {
	name  string            // "apertium en→es"
	argv  []string          // the program, for the engine command
	tools map[string]string // versions and digests of the programs and their data

	// run translates texts, which are distinct, not empty and have no space at
	// their ends. It calls done with the translations of texts[first:], in any
	// order and possibly concurrently, as soon as they are certain.
	run func(ctx context.Context, job *stages.Job, texts []string, done func(first int, translations []string)) error
}

func (s *Stage) steps(ctx context.Context, p *params) ([]step, error) {
	if p.Engine == "command" {
		only, err := s.commandStep(p)
		return []step{only}, err
	}
	way := p.way()
	steps := make([]step, 0, len(way)-1)
	for i := range way[1:] {
		next, err := s.apertiumStep(ctx, way[i], way[i+1])
		if err != nil {
			return nil, err
		}
		steps = append(steps, next)
	}
	return steps, nil
}

// Run implements stages.Stage.
func (s *Stage) Run(ctx context.Context, job *stages.Job) error {
	p, err := parse(job.Params)
	if err != nil {
		return err
	}
	pairs, err := load(ctx, job.Path("input"), p.From)
	if err != nil {
		return err
	}
	steps, err := s.steps(ctx, p)
	if err != nil {
		return err
	}
	texts := make([]string, 0, 2*len(pairs))
	for _, pair := range pairs {
		texts = append(append(texts, pair.Query, pair.Passage), pair.Negatives...)
	}
	t := &translation{Stage: s, job: job, steps: len(steps)}
	for t.before, t.step = range steps {
		if texts, err = t.all(ctx, texts); err != nil {
			return err
		}
	}
	for i := range pairs {
		pairs[i].Query, pairs[i].Passage, texts = texts[0], texts[1], texts[2:]
		texts = texts[copy(pairs[i].Negatives, texts):]
		pairs[i].Lang = p.To
		pairs[i].Origin = origin(pairs[i].Origin, p.origin())
	}
	return corpus.WriteLines(job.Out["pairs"], pairs)
}

// origin adds a translation to what a pair went through before.
func origin(before, now string) string {
	if before == "" || before == "original" {
		return now
	}
	return before + "; " + now
}

// load returns the pairs in the given language.
func load(ctx context.Context, name, lang string) ([]corpus.Pair, error) {
	var pairs []corpus.Pair
	others := map[string]bool{}
	err := corpus.ReadLines(name, func(p corpus.Pair) error {
		if p.Lang == lang {
			pairs = append(pairs, p)
		} else {
			others[p.Lang] = true
		}
		return ctx.Err()
	})
	switch {
	case err != nil:
		return nil, err
	case len(pairs) > 0:
		return pairs, nil
	case len(others) == 0:
		return nil, fmt.Errorf("%w: %s holds no pairs", stages.ErrInput, name)
	}
	return nil, fmt.Errorf("%w: %s holds no pairs in %q, only in %s", stages.ErrInput, name, lang, strings.Join(slices.Sorted(maps.Keys(others)), ", "))
}
