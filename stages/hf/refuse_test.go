package hf_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"repro/stages"
	"repro/stages/hf"
	"repro/stages/tensor"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	config := func(old, replacement string) map[string]string {
		if !strings.Contains(labseJSON, old) {
			t.Fatalf("no %s in config.json", old)
		}
		return with(labseFiles(), "config.json", strings.Replace(labseJSON, old, replacement, 1))
	}
	module := func(old, replacement string) map[string]string {
		if !strings.Contains(modulesJSON, old) {
			t.Fatalf("no %s in modules.json", old)
		}
		return with(labseFiles(), "modules.json", strings.Replace(modulesJSON, old, replacement, 1))
	}
	file := func(name, content string) map[string]string { return with(labseFiles(), name, content) }
	for name, test := range map[string]struct {
		files map[string]string
		where string // the file that the error names
		want  string
	}{
		"another family":     {config(`"bert"`, `"t5"`), "config.json", `model_type "t5" is not supported, want one of bert, xlm-roberta, roberta, camembert`},
		"no family":          {config(`"model_type": "bert",`, ``), "config.json", `model_type "" is not supported`},
		"no vocabulary":      {config(`"vocab_size": 11`, `"vocab": 11`), "config.json", "vocab_size is 0, want 1 to"},
		"no layers":          {config(`"num_hidden_layers": 1`, `"num_hidden_layers": 0`), "config.json", "num_hidden_layers is 0, want 1 to"},
		"negative":           {config(`"intermediate_size": 6`, `"intermediate_size": -6`), "config.json", "intermediate_size is -6, want 1 to"},
		"absurd":             {config(`"vocab_size": 11`, `"vocab_size": 4000000000`), "config.json", "vocab_size is 4000000000, want 1 to 16777216"},
		"beyond numbers":     {config(`"vocab_size": 11`, `"vocab_size": 1e30`), "config.json", "cannot unmarshal"},
		"no types":           {config(`"type_vocab_size": 2`, `"type_vocab_size": 0`), "config.json", "type_vocab_size is 0, want 1 to"},
		"heads":              {config(`"num_attention_heads": 2`, `"num_attention_heads": 3`), "config.json", "hidden_size is 4, want a multiple of num_attention_heads, which is 3"},
		"activation":         {config(`"gelu"`, `"swish"`), "config.json", `hidden_act "swish" is not supported, want one of gelu, gelu_new, relu`},
		"epsilon":            {config(`1e-12`, `0`), "config.json", "layer_norm_eps is 0, want more than 0"},
		"dropout":            {config(`"hidden_dropout_prob": 0.1`, `"hidden_dropout_prob": 1`), "config.json", "hidden_dropout_prob is 1, want"},
		"attention dropout":  {config(`"attention_probs_dropout_prob": 0.1`, `"attention_probs_dropout_prob": -1`), "config.json", "attention_probs_dropout_prob is -1, want"},
		"padding":            {config(`"pad_token_id": 0`, `"pad_token_id": 11`), "config.json", "pad_token_id is 11, want an id below vocab_size, which is 11"},
		"relative positions": {config(`"absolute"`, `"relative_key"`), "config.json", `position_embedding_type "relative_key" is not supported, want "absolute"`},
		"decoder":            {config(`"use_cache": true`, `"is_decoder": true`), "config.json", "is_decoder is true: a decoder is not supported"},
		"cross-attention":    {config(`"use_cache": true`, `"add_cross_attention": true`), "config.json", "add_cross_attention is true"},
		"pruned heads":       {config(`"use_cache": true`, `"pruned_heads": {"0": [1]}`), "config.json", "pruned_heads is not empty"},
		"quantised":          {config(`"use_cache": true`, `"quantization_config": {"bits": 4}`), "config.json", "quantization_config is set: quantised weights are not supported"},
		"no place for a text": {
			config(`"max_position_embeddings": 512,
  "model_type": "bert"`, `"max_position_embeddings": 1, "model_type": "roberta"`),
			"config.json", "max_position_embeddings is 1, want more than 1, the position of the first token",
		},
		"not JSON":  {file("config.json", "{"), "config.json", "unexpected end of JSON input"},
		"too large": {file("config.json", `{"x": "`+strings.Repeat("x", 16<<20)+`"}`), "config.json", "more than 16777216 bytes"},

		"unknown module":      {module("models.Dense", "models.LSTM"), "modules.json", `a module of type "sentence_transformers.models.LSTM" is not supported, want one of Transformer, Pooling, Dense, Normalize`},
		"module of others":    {module("sentence_transformers.models.Dense", "my.Dense"), "modules.json", `a module of type "my.Dense" is not supported`},
		"wrong order":         {module("models.Normalize", "models.Dense"), "modules.json", "the module Dense after Dense is not supported, want them in the order Transformer, Pooling, Dense, Normalize"},
		"escape":              {module("2_Dense", "../2_Dense"), "modules.json", `the module Dense: the path "../2_Dense" leads out of the folder`},
		"absolute path":       {module("1_Pooling", "/etc"), "modules.json", `the path "/etc" leads out of the folder`},
		"no pooling module":   {file("modules.json", `[{"type": "sentence_transformers.models.Transformer"}]`), "modules.json", "want the modules Transformer and Pooling, got 1 modules"},
		"modules not a list":  {file("modules.json", `{}`), "modules.json", "cannot unmarshal"},
		"maximum":             {file("1_Pooling/config.json", `{"word_embedding_dimension": 4, "pooling_mode_max_tokens": true}`), "1_Pooling/config.json", `the pooling "max" is not supported, want cls or mean`},
		"last token":          {file("1_Pooling/config.json", `{"embedding_dimension": 4, "pooling_mode": "lasttoken"}`), "1_Pooling/config.json", `the pooling "lasttoken" is not supported`},
		"two poolings":        {file("1_Pooling/config.json", strings.Replace(poolingJSON, `mean_tokens": false`, `mean_tokens": true`, 1)), "1_Pooling/config.json", `want exactly one pooling, cls or mean, got ["cls" "mean"]`},
		"a list of poolings":  {file("1_Pooling/config.json", `{"embedding_dimension": 4, "pooling_mode": ["cls", "max"]}`), "1_Pooling/config.json", `got ["cls" "max"]`},
		"odd pooling":         {file("1_Pooling/config.json", `{"embedding_dimension": 4, "pooling_mode": 3}`), "1_Pooling/config.json", "pooling_mode: "},
		"no pooling":          {file("1_Pooling/config.json", `{"word_embedding_dimension": 4}`), "1_Pooling/config.json", "want exactly one pooling, cls or mean, got []"},
		"pooling of others":   {file("1_Pooling/config.json", `{"word_embedding_dimension": 768, "pooling_mode_cls_token": true}`), "1_Pooling/config.json", "word_embedding_dimension is 768, but hidden_size is 4"},
		"without the prompt":  {file("1_Pooling/config.json", `{"word_embedding_dimension": 4, "pooling_mode_cls_token": true, "include_prompt": false}`), "1_Pooling/config.json", "include_prompt is false"},
		"dense activation":    {file("2_Dense/config.json", strings.Replace(denseJSON, "Tanh", "GELU", 1)), "2_Dense/config.json", `activation_function "torch.nn.modules.activation.GELU" is not supported, want "torch.nn.modules.activation.Tanh" or "torch.nn.modules.linear.Identity"`},
		"dense input":         {file("2_Dense/config.json", strings.Replace(denseJSON, "4", "768", 1)), "2_Dense/config.json", "in_features is 768, but hidden_size is 4"},
		"dense output":        {file("2_Dense/config.json", `{"in_features": 4}`), "2_Dense/config.json", "out_features is 0, want 1 to"},
		"dense of tokens":     {file("2_Dense/config.json", strings.Replace(denseJSON, "{", `{"module_input_name": "token_embeddings", `, 1)), "2_Dense/config.json", `module_input_name "token_embeddings" is not supported`},
		"dense to elsewhere":  {file("2_Dense/config.json", strings.Replace(denseJSON, "{", `{"module_output_name": "x", `, 1)), "2_Dense/config.json", `module_output_name "x" is not supported`},
		"residual":            {file("2_Dense/config.json", strings.Replace(denseJSON, "{", `{"use_residual": true, `, 1)), "2_Dense/config.json", "use_residual is true"},
		"lower case":          {file("sentence_bert_config.json", `{"max_seq_length": 8, "do_lower_case": true}`), "sentence_bert_config.json", "do_lower_case is true: not supported here. Set it in tokenizer_config.json"},
		"no length":           {file("sentence_bert_config.json", `{"max_seq_length": 0}`), "sentence_bert_config.json", "max_seq_length is 0, want at least 1"},
		"no tokenizer length": {with(file("sentence_bert_config.json", `{}`), "tokenizer_config.json", `{"model_max_length": -1}`), "tokenizer_config.json", "model_max_length is -1, want at least 1"},
		"prompts not texts":   {file("config_sentence_transformers.json", `{"prompts": {"query": 1}}`), "config_sentence_transformers.json", "cannot unmarshal"},
		"an unknown default":  {file("config_sentence_transformers.json", `{"default_prompt_name": "x"}`), "config_sentence_transformers.json", `default_prompt_name is "x", which is not among the prompts`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, test.files)
			m, err := hf.Open(dir)
			if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), filepath.Join(dir, test.where)) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %+v, %v\nwant an input error about %s: %s", m, err, test.where, test.want)
			}
		})
	}
}

func TestOpenOfMissingFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"config.json", "1_Pooling/config.json", "2_Dense/config.json"} {
		files := labseFiles()
		delete(files, name)
		dir := t.TempDir()
		write(t, dir, files)
		_, err := hf.Open(dir)
		if !errors.Is(err, stages.ErrInput) || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), filepath.Join(dir, name)) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// xlmrFolder is a folder without weights, and the model that it says.
func xlmrFolder(t testing.TB) (string, *hf.Model) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, map[string]string{"config.json": xlmrJSON})
	return dir, plain()
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	f32 := tensor.DtypeF32
	keep := strings.Clone
	index := func(entries string) map[string]string {
		return map[string]string{"model.safetensors.index.json": `{"metadata": {"total_size": 1}, "weight_map": {` + entries + `}}`}
	}
	word := "embeddings.word_embeddings.weight"
	for name, test := range map[string]struct {
		weights []tensor.Column // of model-1.safetensors if there is an index, else of model.safetensors; nil: none
		files   map[string]string
		want    string
	}{
		"no weights": {nil, nil, "neither model.safetensors nor model.safetensors.index.json is there"},
		"of Python": {
			nil, map[string]string{"pytorch_model.bin": "PK"},
			`pytorch_model.bin: only Python reads this file. Make a model.safetensors of it, in `,
		},
		"of Python, sharded": {
			nil, map[string]string{"pytorch_model-00001-of-00002.bin": "PK", "pytorch_model.bin.index.json": "{}"},
			`weights_only=True)) for f in glob.glob("pytorch_model*.bin")]`,
		},
		"damaged": {nil, map[string]string{"model.safetensors": "\x02\x00\x00\x00\x00\x00\x00\x00{]"}, "model.safetensors: bad input: header: "},
		"quantised": {
			append(columns(plain(), f32, keep)[1:], column(word, "I8", 1, 13, 6)), nil,
			`model.safetensors: bad input: tensor "embeddings.word_embeddings.weight": type "I8", want F16, BF16, F32 or F64`,
		},
		"two encoders": {
			append(columns(plain(), f32, func(name string) string { return "query." + name }), columns(plain(), f32, func(name string) string { return "passage." + name })...), nil,
			`two encoders fit, under "passage." and "query.". Keep one of them`,
		},
		"missing shard": {
			columns(plain(), f32, keep), index(`"` + word + `": "model-2.safetensors"`),
			`model.safetensors.index.json: tensor "embeddings.word_embeddings.weight" is in the shard model-2.safetensors, which is missing`,
		},
		"not in its shard": {
			columns(plain(), f32, keep)[1:], index(`"` + word + `": "model-1.safetensors"`),
			`tensor "embeddings.word_embeddings.weight" is not in the shard model-1.safetensors`,
		},
		"in no shard": {
			columns(plain(), f32, keep), index(`"` + word + `": "model-1.safetensors"`),
			"missing tensors: embeddings.position_embeddings.weight, ",
		},
		"shard outside": {
			columns(plain(), f32, keep), index(`"` + word + `": "../model-1.safetensors"`),
			`weight_map: tensor "embeddings.word_embeddings.weight" is in "../model-1.safetensors", which is not a file of the folder`,
		},
		"shard of the machine": {columns(plain(), f32, keep), index(`"x": "/dev/zero"`), `tensor "x" is in "/dev/zero", which is not a file of the folder`},
		"shard without a name": {columns(plain(), f32, keep), index(`"x": ""`), `tensor "x" is in "", which is not a file of the folder`},
		"shard above":          {columns(plain(), f32, keep), index(`"x": ".."`), `tensor "x" is in "..", which is not a file of the folder`},
		"damaged index":        {nil, map[string]string{"model.safetensors.index.json": "[]"}, "model.safetensors.index.json: json: cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, m := filepath.Join(t.TempDir(), "odd[name]*"), plain()
			file := "model.safetensors"
			if _, sharded := test.files["model.safetensors.index.json"]; sharded {
				file = "model-1.safetensors"
			}
			write(t, dir, map[string]string{"config.json": xlmrJSON})
			if test.weights != nil {
				writeWeights(t, filepath.Join(dir, file), test.weights...)
			}
			write(t, dir, test.files)
			_, err := load(m, dir)
			if !errors.Is(err, stages.ErrInput) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant an input error: %s", err, test.want)
			}
		})
	}
}
