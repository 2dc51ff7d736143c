package convert

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"repro/stages"
)

// The output ports.
const (
	portPairs     = "pairs"
	portRetrieval = "retrieval"
)

// New returns the stage "convert".
func New() stages.Stage { return stage{} }

type stage struct{}

type params struct {
	Format       string   `json:"format"`
	Dataset      string   `json:"dataset"`
	Langs        []string `json:"langs"`
	Passage      string   `json:"passage"`
	Origin       string   `json:"origin"`
	DedupQueries bool     `json:"dedup_queries"`
	Retrieval    bool     `json:"retrieval"`

	own json.RawMessage // what the format alone reads
}

// Spec implements stages.Stage.
func (stage) Spec() stages.Spec {
	spec := stages.Spec{
		Kind:    "convert",
		Version: "1",
		Doc:     "Turns published datasets into training pairs and retrieval sets.",
		Params: []stages.Param{
			{Name: "format", Type: "string", Doc: "What the input is."},
			{Name: "dataset", Type: "string", Doc: "Name of the dataset, written to each pair."},
			{Name: "langs", Type: "list(string)", Doc: "Language of each input, ISO 639-1, in the order of input."},
			{Name: "passage", Type: "string", Default: `"sentence"`, Doc: `Passage of a pair: "sentence" (the one that holds the beginning of the answer) or "paragraph"; only for the formats "squad" and "lareqa".`},
			{Name: "origin", Type: "string", Default: `"original"`, Doc: "How the text came to be, written to each pair."},
			{Name: "dedup_queries", Type: "bool", Default: "false", Doc: "Keeps only the first of the queries of a language with equal text in the retrieval set; pairs and candidates stay."},
			{Name: "retrieval", Type: "bool", Default: "true", Doc: "Whether to write the retrieval set: false spares its size for data that is only trained on."},
		},
		Choice: &stages.Choice{Param: "format"},
		Inputs: []stages.Port{
			{Name: "input", Arity: stages.List, Doc: "One file for each language, or a folder with that file alone; for the format \"beir\" a folder in its layout."},
		},
		Outputs: []stages.Port{
			{Name: portPairs, Doc: "Training pairs as JSON Lines: by question in order of first appearance, then by language in the order of langs."},
			{Name: portRetrieval, Dir: true, Doc: "Retrieval set in BEIR layout: every sentence is a candidate; a query's answers in all languages are relevant."},
		},
	}
	for _, f := range formats {
		spec.Choice.Variants = append(spec.Choice.Variants, stages.Variant{Name: f.name, Doc: f.doc, Params: f.params})
	}
	return spec
}

// Check implements stages.Checker.
func (stage) Check(raw json.RawMessage) error {
	_, _, err := decode(raw)
	return err
}

// Outputs implements stages.Outputter: what a format does not have, and the
// retrieval set where it is not wanted, is no port.
func (s stage) Outputs(raw json.RawMessage) ([]stages.Port, error) {
	p, f, err := decode(raw)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(s.Spec().Outputs, func(port stages.Port) bool {
		return port.Name == portPairs && !f.pairs || port.Name == portRetrieval && (!f.retrieval || !p.Retrieval)
	}), nil
}

func decode(raw json.RawMessage) (p params, f format, err error) {
	name, shared, own, err := stage{}.Spec().SplitParams(raw)
	if err != nil {
		return p, f, err
	}
	if err := stages.DecodeParams(shared, &p); err != nil {
		return p, f, err
	}
	p.own = own
	n := slices.IndexFunc(formats, func(f format) bool { return f.name == name })
	if n < 0 {
		names := make([]string, len(formats))
		for i, f := range formats {
			names[i] = f.name
		}
		return p, f, &stages.ParamError{Param: "format", Problem: fmt.Sprintf("unknown format %q", name),
			Hint: "Formats are " + strings.Join(names, ", ") + "."}
	}
	f = formats[n]
	if err := p.check(); err != nil {
		return p, f, err
	}
	if f.check != nil {
		err = f.check(p)
	}
	return p, f, err
}

func (p params) check() error {
	if p.Dataset == "" {
		return &stages.ParamError{Param: "dataset", Problem: "is empty"}
	}
	if p.Passage != "sentence" && p.Passage != "paragraph" {
		return &stages.ParamError{Param: "passage", Problem: fmt.Sprintf("unknown passage %q", p.Passage),
			Hint: "It is sentence or paragraph."}
	}
	if len(p.Langs) == 0 {
		return &stages.ParamError{Param: "langs", Problem: "is empty", Hint: "Name the language of each input file."}
	}
	for i, lang := range p.Langs {
		if lang == "" || strings.ContainsFunc(lang, badInID) || strings.Contains(lang, ":") {
			return &stages.ParamError{Param: "langs", Problem: fmt.Sprintf("%q is not a language", lang), Hint: `Use ISO 639-1: "de".`}
		}
		if slices.Contains(p.Langs[:i], lang) {
			return &stages.ParamError{Param: "langs", Problem: fmt.Sprintf("%q occurs twice", lang), Hint: "Give one file for each language."}
		}
	}
	return nil
}

// badInID reports whether r would break the tab-separated judgements of a
// retrieval set, or the tools that split them at any white space.
func badInID(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// Run implements stages.Stage.
func (stage) Run(ctx context.Context, job *stages.Job) error {
	p, f, err := decode(job.Params)
	if err != nil {
		return err
	}
	inputs := job.Paths("input")
	if len(inputs) != len(p.Langs) {
		return &stages.ParamError{Param: "langs", Problem: fmt.Sprintf("names %d languages for %d inputs", len(p.Langs), len(inputs)),
			Hint: "Give one language for each file, in the same order."}
	}
	if !f.folders {
		if inputs, err = filesOf(inputs); err != nil {
			return err
		}
	}
	return f.convert(ctx, job, p, inputs)
}

// filesOf returns the inputs with each folder replaced by the one file in it:
// what collect unpacks is a folder.
func filesOf(inputs []string) ([]string, error) {
	files := slices.Clone(inputs)
	for i, name := range inputs {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			continue
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, err
		}
		if len(entries) != 1 || !entries[0].Type().IsRegular() {
			return nil, fmt.Errorf("%w: input %d: %s is a folder, and not of one file: let collect unpack only that with include and strip", stages.ErrInput, i, name)
		}
		files[i] = filepath.Join(name, entries[0].Name())
	}
	return files, nil
}
