package hf

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// The kinds of modules of sentence-transformers that are known, in the only
// order in which they may stand.
const (
	moduleTransformer = "Transformer"
	modulePooling     = "Pooling"
	moduleDense       = "Dense"
	moduleNormalize   = "Normalize"
)

// modulesPackage is where sentence-transformers has them. Releases before 5.4
// call them sentence_transformers.models.Pooling, which later ones still read;
// those say sentence_transformers.sentence_transformer.modules.pooling.Pooling.
const modulesPackage = "sentence_transformers."

// module is an element of modules.json.
type module struct {
	Index int    `json:"idx"`
	Name  string `json:"name"`
	Path  string `json:"path"`
	Type  string `json:"type"`
}

// layout says in which folders of a model the parts are.
type layout struct {
	transformer string // config.json, model.safetensors and the tokenizer
	pooling     string // "": there is no modules.json
	dense       string // "": there is no dense layer
}

// readLayout reads modules.json. A folder without it is all one transformer.
func readLayout(dir string) (layout, error) {
	name := filepath.Join(dir, fileModules)
	var modules []module
	there, err := readOptional(name, &modules)
	if err != nil || !there {
		return layout{transformer: dir}, err
	}
	order := []string{moduleTransformer, modulePooling, moduleDense, moduleNormalize}
	found := make([]string, len(order))
	last := -1
	for _, m := range modules {
		kind := m.Type[strings.LastIndexByte(m.Type, '.')+1:]
		at := slices.Index(order, kind)
		if at < 0 || !strings.HasPrefix(m.Type, modulesPackage) {
			return layout{}, badf(name, "a module of type %q is not supported, want one of %s", m.Type, strings.Join(order, ", "))
		}
		if at <= last {
			return layout{}, badf(name, "the module %s after %s is not supported, want them in the order %s",
				kind, order[last], strings.Join(order, ", "))
		}
		last = at
		if m.Path != "" && !filepath.IsLocal(m.Path) {
			return layout{}, badf(name, "the module %s: the path %q leads out of the folder", kind, m.Path)
		}
		found[at] = filepath.Join(dir, m.Path)
	}
	if found[0] == "" || found[1] == "" {
		return layout{}, badf(name, "want the modules %s and %s, got %d modules", moduleTransformer, modulePooling, len(modules))
	}
	return layout{transformer: found[0], pooling: found[1], dense: found[2]}, nil
}

// writeModules writes modules.json and returns the layout that it says.
func (m *Model) writeModules(dir string) (layout, error) {
	l := layout{transformer: dir, pooling: filepath.Join(dir, "1_"+modulePooling)}
	kinds := []string{moduleTransformer, modulePooling, moduleNormalize}
	if m.Dense != nil {
		l.dense = filepath.Join(dir, "2_"+moduleDense)
		kinds = slices.Insert(kinds, 2, moduleDense)
	}
	var modules []module
	for i, kind := range kinds {
		path := ""
		if i > 0 {
			path = fmt.Sprintf("%d_%s", i, kind)
		}
		modules = append(modules, module{Index: i, Name: fmt.Sprint(i), Path: path, Type: modulesPackage + "models." + kind})
	}
	return l, writeJSON(filepath.Join(dir, fileModules), modules)
}

// poolingFile is 1_Pooling/config.json. Since release 5.4 it names the pooling,
// or a list of them; before, each has a switch.
type poolingFile struct {
	Dimension     int             `json:"word_embedding_dimension,omitempty"`
	NewDimension  int             `json:"embedding_dimension,omitempty"`
	Mode          json.RawMessage `json:"pooling_mode,omitempty"`
	CLS           bool            `json:"pooling_mode_cls_token"`
	Mean          bool            `json:"pooling_mode_mean_tokens"`
	Max           bool            `json:"pooling_mode_max_tokens"`
	MeanSqrt      bool            `json:"pooling_mode_mean_sqrt_len_tokens"`
	WeightedMean  bool            `json:"pooling_mode_weightedmean_tokens"`
	LastToken     bool            `json:"pooling_mode_lasttoken"`
	IncludePrompt bool            `json:"include_prompt"`
}

// modes returns the names of the poolings that are turned on.
func (f *poolingFile) modes() ([]string, error) {
	if len(f.Mode) > 0 && string(f.Mode) != "null" {
		var one string
		if json.Unmarshal(f.Mode, &one) == nil {
			return []string{one}, nil
		}
		var several []string
		if err := json.Unmarshal(f.Mode, &several); err != nil {
			return nil, fmt.Errorf("pooling_mode: %w", err)
		}
		return several, nil
	}
	var modes []string
	for _, mode := range []struct {
		on   bool
		name string
	}{
		{f.CLS, string(CLS)}, {f.Mean, string(Mean)}, {f.Max, "max"}, {f.MeanSqrt, "mean_sqrt_len_tokens"},
		{f.WeightedMean, "weightedmean"}, {f.LastToken, "lasttoken"},
	} {
		if mode.on {
			modes = append(modes, mode.name)
		}
	}
	return modes, nil
}

// readPooling reads 1_Pooling/config.json, for token vectors of hidden values.
func readPooling(name string, hidden int) (Pooling, error) {
	f := poolingFile{IncludePrompt: true}
	if err := readJSON(name, &f); err != nil {
		return "", err
	}
	if got := max(f.Dimension, f.NewDimension); got != hidden {
		return "", badf(name, "word_embedding_dimension is %d, but hidden_size is %d", got, hidden)
	}
	if !f.IncludePrompt {
		return "", badf(name, "include_prompt is false: pooling without the prompt's tokens is not supported")
	}
	modes, err := f.modes()
	if err != nil {
		return "", badf(name, "%w", err)
	}
	if len(modes) != 1 {
		return "", badf(name, "want exactly one pooling, %s or %s, got %q", CLS, Mean, modes)
	}
	switch p := Pooling(modes[0]); p {
	case CLS, Mean:
		return p, nil
	default:
		return "", badf(name, "the pooling %q is not supported, want %s or %s", p, CLS, Mean)
	}
}

// write writes 1_Pooling/config.json in the form that all releases read.
func (p Pooling) write(name string, hidden int) error {
	return writeJSON(name, &poolingFile{Dimension: hidden, CLS: p == CLS, Mean: p == Mean, IncludePrompt: true})
}

// denseFile is 2_Dense/config.json.
type denseFile struct {
	In         int    `json:"in_features"`
	Out        int    `json:"out_features"`
	Bias       bool   `json:"bias"`
	Activation string `json:"activation_function"`

	// What would change the forward pass, and is refused.
	Input    string `json:"module_input_name,omitempty"`
	Output   string `json:"module_output_name,omitempty"`
	Residual bool   `json:"use_residual,omitempty"`
}

// The activations of a dense layer, as sentence-transformers names them.
const (
	torchTanh     = "torch.nn.modules.activation.Tanh"
	torchIdentity = "torch.nn.modules.linear.Identity"
	tanh          = "tanh"
	identity      = "identity"
	pooledVector  = "sentence_embedding" // what a dense layer reads and writes
)

// readDense reads 2_Dense/config.json, for pooled vectors of hidden values.
func readDense(name string, hidden int) (*Dense, error) {
	f := denseFile{Bias: true, Activation: torchTanh, Input: pooledVector, Output: pooledVector}
	if err := readJSON(name, &f); err != nil {
		return nil, err
	}
	d := &Dense{In: f.In, Out: f.Out, Bias: f.Bias}
	switch f.Activation {
	case torchTanh:
		d.Activation = tanh
	case torchIdentity:
		d.Activation = identity
	default:
		return nil, badf(name, "activation_function %q is not supported, want %q or %q", f.Activation, torchTanh, torchIdentity)
	}
	switch {
	case f.Input != pooledVector:
		return nil, badf(name, "module_input_name %q is not supported, want %q", f.Input, pooledVector)
	case f.Output != pooledVector:
		return nil, badf(name, "module_output_name %q is not supported, want %q", f.Output, pooledVector)
	case f.Residual:
		return nil, badf(name, "use_residual is true: a residual connection is not supported")
	}
	if err := d.check(hidden); err != nil {
		return nil, badf(name, "%w", err)
	}
	return d, nil
}

// check tells whether the layer can be built after pooled vectors of hidden
// values.
func (d *Dense) check(hidden int) error {
	const most = 1 << 16
	switch {
	case d.In != hidden:
		return fmt.Errorf("in_features is %d, but hidden_size is %d", d.In, hidden)
	case d.Out < 1 || d.Out > most:
		return fmt.Errorf("out_features is %d, want 1 to %d", d.Out, most)
	case d.Activation != tanh && d.Activation != identity:
		return fmt.Errorf("the activation %q is not supported, want %s or %s", d.Activation, tanh, identity)
	}
	return nil
}

// write writes 2_Dense/config.json.
func (d *Dense) write(name string) error {
	activation := torchTanh
	if d.Activation == identity {
		activation = torchIdentity
	}
	return writeJSON(name, &denseFile{In: d.In, Out: d.Out, Bias: d.Bias, Activation: activation})
}
