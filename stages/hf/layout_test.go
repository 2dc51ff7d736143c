package hf_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages/hf"
	"repro/stages/tensor"
)

// The files of sentence-transformers/LaBSE, with smaller sizes.
const (
	labseJSON = `{
  "architectures": ["BertModel"],
  "attention_probs_dropout_prob": 0.1,
  "directionality": "bidi",
  "gradient_checkpointing": false,
  "hidden_act": "gelu",
  "hidden_dropout_prob": 0.1,
  "hidden_size": 4,
  "initializer_range": 0.02,
  "intermediate_size": 6,
  "layer_norm_eps": 1e-12,
  "max_position_embeddings": 512,
  "model_type": "bert",
  "num_attention_heads": 2,
  "num_hidden_layers": 1,
  "pad_token_id": 0,
  "pooler_fc_size": 768,
  "pooler_num_attention_heads": 12,
  "pooler_num_fc_layers": 3,
  "pooler_size_per_head": 128,
  "pooler_type": "first_token_transform",
  "position_embedding_type": "absolute",
  "transformers_version": "4.25.1",
  "type_vocab_size": 2,
  "use_cache": true,
  "vocab_size": 11
}`
	modulesJSON = `[
  {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
  {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
  {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"},
  {"idx": 3, "name": "3", "path": "3_Normalize", "type": "sentence_transformers.models.Normalize"}
]`
	poolingJSON = `{
  "word_embedding_dimension": 4,
  "pooling_mode_cls_token": true,
  "pooling_mode_mean_tokens": false,
  "pooling_mode_max_tokens": false,
  "pooling_mode_mean_sqrt_len_tokens": false
}`
	denseJSON = `{"in_features": 4, "out_features": 4, "bias": true, "activation_function": "torch.nn.modules.activation.Tanh"}`
)

// labseFiles returns the JSON files of the folder.
func labseFiles() map[string]string {
	return map[string]string{
		"config.json":                       labseJSON,
		"modules.json":                      modulesJSON,
		"1_Pooling/config.json":             poolingJSON,
		"2_Dense/config.json":               denseJSON,
		"sentence_bert_config.json":         `{"max_seq_length": 256, "do_lower_case": false}`,
		"config_sentence_transformers.json": `{"__version__": {"sentence_transformers": "2.0.0", "transformers": "4.7.0", "pytorch": "1.9.0+cu102"}}`,
	}
}

// labseFolder is the whole folder.
func labseFolder(t testing.TB, prefix string) (string, *hf.Model) {
	t.Helper()
	want := labse()
	want.Config.Layers, want.Config.Positions, want.Config.AttentionDropout = 1, 512, 0.1
	want.Dense.Out, want.MaxLength = 4, 256
	dir := t.TempDir()
	write(t, dir, labseFiles())
	body := columns(want, tensor.DtypeF32, func(name string) string { return prefix + name })
	body = append(body, column(prefix+"pooler.dense.weight", tensor.DtypeF32, 4, 4, 4), column(prefix+"pooler.dense.bias", tensor.DtypeF32, 4, 4),
		column(prefix+"embeddings.position_ids", "I64", 8, 1, 512))
	writeWeights(t, filepath.Join(dir, "model.safetensors"), body...)
	writeDense(t, filepath.Join(dir, "2_Dense/model.safetensors"), want)
	return dir, want
}

// writeDense writes the weights of the dense layer.
func writeDense(t testing.TB, file string, m *hf.Model) {
	t.Helper()
	all := fill(m)
	n := len(all)
	tensors := map[string]tensor.Tensor{
		"linear.weight": {Shape: []int{m.Dense.Out, m.Dense.In}, Data: all[n-2]},
		"linear.bias":   {Shape: []int{m.Dense.Out}, Data: all[n-1]},
	}
	if err := tensor.SaveSafetensors(file, &tensor.Safetensors{Tensors: tensors}); err != nil {
		t.Fatal(err)
	}
}

// demand opens and loads a folder, and compares both with what was written.
func demand(t *testing.T, dir string, want *hf.Model) {
	t.Helper()
	got, err := hf.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the model (-want +got):\n%s", diff)
	}
	weights, err := load(got, dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fill(want), weights); diff != "" {
		t.Errorf("the weights (-want +got):\n%s", diff)
	}
}

func TestFolderOfLaBSE(t *testing.T) {
	t.Parallel()
	for name, prefix := range map[string]string{"as it is": "", "with a head": "bert."} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, want := labseFolder(t, prefix)
			demand(t, dir, want)
		})
	}
}

const xlmrJSON = `{
  "architectures": ["XLMRobertaForMaskedLM"],
  "attention_probs_dropout_prob": 0.1,
  "bos_token_id": 0,
  "eos_token_id": 2,
  "hidden_act": "gelu",
  "hidden_dropout_prob": 0.1,
  "hidden_size": 6,
  "initializer_range": 0.02,
  "intermediate_size": 5,
  "layer_norm_eps": 1e-05,
  "max_position_embeddings": 514,
  "model_type": "xlm-roberta",
  "num_attention_heads": 3,
  "num_hidden_layers": 1,
  "output_past": true,
  "pad_token_id": 1,
  "position_embedding_type": "absolute",
  "transformers_version": "4.17.0.dev0",
  "type_vocab_size": 1,
  "use_cache": true,
  "vocab_size": 13
}`

// plain is the model of xlmrJSON.
func plain() *hf.Model {
	m := xlmr()
	m.Config.Positions, m.Config.Activation, m.Config.Dropout, m.Config.AttentionDropout = 514, "gelu", 0.1, 0.1
	m.Pooling, m.MaxLength, m.Prompts = hf.Mean, 512, nil
	return m
}

// TestFolderOfXLMR reads the layout of xlm-roberta-base: no modules.json, and
// the encoder of a masked language model.
func TestFolderOfXLMR(t *testing.T) {
	t.Parallel()
	want, dir := plain(), t.TempDir()
	write(t, dir, map[string]string{"config.json": xlmrJSON})
	body := columns(want, tensor.DtypeF32, func(name string) string { return "roberta." + name })
	writeWeights(t, filepath.Join(dir, "model.safetensors"), append(body,
		column("roberta.embeddings.position_ids", "I64", 8, 1, 514), column("lm_head.bias", tensor.DtypeF32, 4, 13),
		column("lm_head.dense.weight", tensor.DtypeF32, 4, 6, 6), column("lm_head.layer_norm.weight", tensor.DtypeF32, 4, 6),
		column("roberta.pooler.dense.weight", tensor.DtypeF32, 4, 6, 6))...)
	demand(t, dir, want)
}

func TestHalfPrecision(t *testing.T) {
	t.Parallel()
	for _, dtype := range []string{tensor.DtypeF16, tensor.DtypeBF16, tensor.DtypeF64} {
		want, dir := xlmr(), t.TempDir()
		writeWeights(t, filepath.Join(dir, "model.safetensors"), columns(want, dtype, strings.Clone)...)
		got, err := load(want, dir)
		if err != nil {
			t.Fatal(err)
		}
		for i, values := range fill(want) {
			if !slices.Equal(encode(values, dtype), encode(got[i], dtype)) {
				t.Errorf("%s: %s is %v, want %v", dtype, want.Weights()[i].Name, got[i], values)
			}
		}
	}
}

// TestOldNames reads a checkpoint of BERT's first days.
func TestOldNames(t *testing.T) {
	t.Parallel()
	want, dir := bert(), t.TempDir()
	old := strings.NewReplacer("LayerNorm.weight", "LayerNorm.gamma", "LayerNorm.bias", "LayerNorm.beta")
	writeWeights(t, filepath.Join(dir, "model.safetensors"), columns(want, tensor.DtypeF32, func(name string) string { return "bert." + old.Replace(name) })...)
	got, err := load(want, dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fill(want), got); diff != "" {
		t.Errorf("the weights (-want +got):\n%s", diff)
	}
}

// TestOldFolders reads the layout before release 1 of sentence-transformers.
func TestOldFolders(t *testing.T) {
	t.Parallel()
	want, dir := plain(), t.TempDir()
	want.MaxLength = 128
	write(t, dir, map[string]string{
		"modules.json": `[{"idx": 0, "name": "0", "path": "0_Transformer", "type": "sentence_transformers.models.Transformer"},
			{"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]`,
		"0_Transformer/config.json":                      xlmrJSON,
		"0_Transformer/sentence_xlm-roberta_config.json": `{"max_seq_length": 128, "do_lower_case": false}`,
		"1_Pooling/config.json":                          `{"word_embedding_dimension": 6, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}`,
	})
	writeWeights(t, filepath.Join(dir, "0_Transformer/model.safetensors"), columns(want, tensor.DtypeF32, strings.Clone)...)
	demand(t, dir, want)
	if got, err := hf.TokenizerDir(dir); err != nil || got != filepath.Join(dir, "0_Transformer") {
		t.Errorf("the tokenizer is in %s, %v", got, err)
	}
}

// TestNewFolders reads the layout since release 5.4.
func TestNewFolders(t *testing.T) {
	t.Parallel()
	want, dir := plain(), t.TempDir()
	want.MaxLength, want.Pooling = 100, hf.CLS
	want.Prompts = map[string]string{"query": "q: ", "document": "d: ", "passage": "d: "}
	write(t, dir, map[string]string{
		"modules.json": `[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
			{"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling"},
			{"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.sentence_transformer.modules.normalize.Normalize"}]`,
		"config.json":                       xlmrJSON,
		"sentence_bert_config.json":         `{"transformer_task": "feature-extraction", "module_output_name": "token_embeddings"}`,
		"tokenizer_config.json":             `{"model_max_length": 100}`,
		"1_Pooling/config.json":             `{"embedding_dimension": 6, "pooling_mode": "cls", "include_prompt": true}`,
		"config_sentence_transformers.json": `{"prompts": {"query": "q: ", "document": "d: "}, "default_prompt_name": null, "similarity_fn_name": "cosine"}`,
	})
	writeWeights(t, filepath.Join(dir, "model.safetensors"), columns(want, tensor.DtypeF32, strings.Clone)...)
	demand(t, dir, want)
}

func TestOpenReadsOptions(t *testing.T) {
	t.Parallel()
	files := labseFiles()
	for name, test := range map[string]struct {
		files map[string]string
		check func(m *hf.Model) bool
	}{
		"length beyond positions": {with(files, "sentence_bert_config.json", `{"max_seq_length": 2048}`), func(m *hf.Model) bool { return m.MaxLength == 512 }},
		"no limit":                {with(files, "sentence_bert_config.json", `{"max_seq_length": null}`), func(m *hf.Model) bool { return m.MaxLength == 512 }},
		"the tokenizer's absurd limit": {
			with(with(files, "sentence_bert_config.json", `{}`), "tokenizer_config.json", `{"model_max_length": 1000000000000000019884624838656}`),
			func(m *hf.Model) bool { return m.MaxLength == 512 },
		},
		"defaults": {
			with(files, "config.json", `{"model_type": "bert", "vocab_size": 7, "hidden_size": 4, "num_hidden_layers": 1,
				"num_attention_heads": 1, "intermediate_size": 5, "max_position_embeddings": 300, "pad_token_id": null}`),
			func(m *hf.Model) bool {
				return m.Config == hf.Config{ModelType: "bert", Vocab: 7, Hidden: 4, Layers: 1, Heads: 1, Intermediate: 5, Positions: 300,
					Types: 2, Activation: "gelu", Epsilon: 1e-12, Dropout: 0.1, AttentionDropout: 0.1}
			},
		},
		"padding of RoBERTa": {
			with(files, "config.json", strings.NewReplacer(`"bert"`, `"roberta"`, `"pad_token_id": 0,`, ``).Replace(labseJSON)),
			func(m *hf.Model) bool { return m.Config.Pad == 1 && m.Config.FirstPosition() == 2 },
		},
		"another name of gelu_new": {
			with(files, "config.json", strings.Replace(labseJSON, `"gelu"`, `"gelu_pytorch_tanh"`, 1)),
			func(m *hf.Model) bool { return m.Config.Activation == "gelu_new" },
		},
		"dense of identity": {
			with(files, "2_Dense/config.json", `{"in_features": 4, "out_features": 2, "bias": false, "activation_function": "torch.nn.modules.linear.Identity",
				"module_input_name": "sentence_embedding", "use_residual": false}`),
			func(m *hf.Model) bool { return *m.Dense == hf.Dense{In: 4, Out: 2, Activation: "identity"} },
		},
		"a list of one pooling": {
			with(files, "1_Pooling/config.json", `{"embedding_dimension": 4, "pooling_mode": ["mean"]}`),
			func(m *hf.Model) bool { return m.Pooling == hf.Mean },
		},
		"a default prompt": {
			with(files, "config_sentence_transformers.json", `{"prompts": {"all": "a: ", "query": "q: "}, "default_prompt_name": "all"}`),
			func(m *hf.Model) bool {
				return cmp.Equal(m.Prompts, map[string]string{"all": "a: ", "query": "q: ", "passage": "a: "})
			},
		},
		"no prompts": {
			with(files, "config_sentence_transformers.json", `{"prompts": {}}`),
			func(m *hf.Model) bool { return m.Prompts == nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, test.files)
			m, err := hf.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if !test.check(m) {
				t.Errorf("got %+v with dense %+v", m, m.Dense)
			}
		})
	}
}
