package hf

import (
	"fmt"
	"math"
	"path/filepath"
)

// The files of a model folder.
const (
	fileConfig  = "config.json" // also of the modules
	fileModules = "modules.json"
	fileText    = "sentence_bert_config.json"
	filePrompts = "config_sentence_transformers.json"
	fileWeights = "model.safetensors"
	fileIndex   = "model.safetensors.index.json"
	fileTorch   = "pytorch_model.bin" // pickled by Python
	fileTokens  = "tokenizer_config.json"
)

// plainLength bounds the texts of a folder that does not say how long they may
// be.
const plainLength = 512

// Open reads what the folder dir says about a model, but not its weights. A
// folder without modules.json is a plain encoder: it gets mean pooling, and
// texts of up to 512 tokens. Whether it normalises vectors is not looked at, as
// they are compared by cosine.
//
// A missing or damaged file, and a setting that would need another forward pass
// than this package describes, are errors that wrap stages.ErrInput and name
// the file and the setting.
func Open(dir string) (*Model, error) {
	l, err := readLayout(dir)
	if err != nil {
		return nil, err
	}
	m := &Model{Pooling: Mean}
	if m.Config, err = readConfig(filepath.Join(l.transformer, fileConfig)); err != nil {
		return nil, err
	}
	m.MaxLength = min(m.Config.MaxLength(), plainLength)
	if l.pooling != "" {
		if m.Pooling, err = readPooling(filepath.Join(l.pooling, fileConfig), m.Config.Hidden); err != nil {
			return nil, err
		}
		if m.MaxLength, err = readLength(l.transformer, m.Config.MaxLength()); err != nil {
			return nil, err
		}
	}
	if l.dense != "" {
		if m.Dense, err = readDense(filepath.Join(l.dense, fileConfig), m.Config.Hidden); err != nil {
			return nil, err
		}
	}
	m.Prompts, err = readPrompts(filepath.Join(dir, filePrompts))
	return m, err
}

// textFiles returns the names of the file about texts. Old releases of
// sentence-transformers named it for the encoder's family.
func textFiles() []string {
	return []string{
		fileText, "sentence_roberta_config.json", "sentence_distilbert_config.json", "sentence_camembert_config.json",
		"sentence_albert_config.json", "sentence_xlm-roberta_config.json", "sentence_xlnet_config.json",
	}
}

// textFile is sentence_bert_config.json.
type textFile struct {
	Length *int `json:"max_seq_length"`
	Lower  bool `json:"do_lower_case"`
}

func writeLength(name string, length int) error { return writeJSON(name, &textFile{Length: &length}) }

// readLength returns how many tokens a text may have, at most of limit. If
// sentence-transformers' file does not say it, the tokenizer's does.
func readLength(dir string, limit int) (int, error) {
	var text textFile
	for _, file := range textFiles() {
		name := filepath.Join(dir, file)
		there, err := readOptional(name, &text)
		switch {
		case err != nil:
			return 0, err
		case !there:
			continue
		case text.Lower:
			return 0, badf(name, "do_lower_case is true: not supported here. Set it in %s, where the tokenizer reads it", fileTokens)
		case text.Length != nil && *text.Length < 1:
			return 0, badf(name, "max_seq_length is %d, want at least 1", *text.Length)
		case text.Length != nil:
			return min(*text.Length, limit), nil
		}
		break
	}
	tokens := struct {
		Length float64 `json:"model_max_length"` // 1e30 if it has no limit
	}{math.MaxFloat64}
	name := filepath.Join(dir, fileTokens)
	if _, err := readOptional(name, &tokens); err != nil {
		return 0, err
	}
	if tokens.Length < 1 {
		return 0, badf(name, "model_max_length is %v, want at least 1", tokens.Length)
	}
	return int(min(tokens.Length, float64(limit))), nil
}

// The prompts that have a use here.
const (
	promptQuery   = "query"
	promptPassage = "passage"
)

// promptsFile is config_sentence_transformers.json.
type promptsFile struct {
	Prompts    map[string]string `json:"prompts"`
	Default    *string           `json:"default_prompt_name"`
	Similarity string            `json:"similarity_fn_name"`
}

// readPrompts returns the prompts of a model, nil if there are none. As in
// sentence-transformers, passages are put after the prompt "document" or
// "corpus" if there is no other, and what has no prompt after the default.
func readPrompts(name string) (map[string]string, error) {
	var f promptsFile
	if _, err := readOptional(name, &f); err != nil {
		return nil, err
	}
	fill := func(to string, from ...string) {
		for _, key := range from {
			if _, ok := f.Prompts[to]; ok {
				return
			}
			if text, ok := f.Prompts[key]; ok {
				f.Prompts[to] = text
			}
		}
	}
	fill(promptPassage, "document", "corpus")
	if f.Default != nil {
		if _, ok := f.Prompts[*f.Default]; !ok {
			return nil, badf(name, "default_prompt_name is %q, which is not among the prompts", *f.Default)
		}
		fill(promptQuery, *f.Default)
		fill(promptPassage, *f.Default)
	}
	if len(f.Prompts) == 0 {
		return nil, nil
	}
	return f.Prompts, nil
}

func writePrompts(name string, prompts map[string]string) error {
	if prompts == nil {
		prompts = map[string]string{} // null is no object
	}
	return writeJSON(name, &promptsFile{Prompts: prompts, Similarity: "cosine"})
}

// check tells whether the model can be built.
func (m *Model) check() error {
	if err := m.Config.Check(); err != nil {
		return err
	}
	if m.Pooling != CLS && m.Pooling != Mean {
		return fmt.Errorf("the pooling %q is not supported, want %s or %s", m.Pooling, CLS, Mean)
	}
	if most := m.Config.MaxLength(); m.MaxLength < 1 || m.MaxLength > most {
		return fmt.Errorf("texts of up to %d tokens, want 1 to %d", m.MaxLength, most)
	}
	if m.Dense != nil {
		return m.Dense.check(m.Config.Hidden)
	}
	return nil
}
