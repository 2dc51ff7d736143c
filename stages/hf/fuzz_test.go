package hf_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"repro/stages"
	"repro/stages/hf"
)

// FuzzOpenLoad puts a damaged file into a folder that can be read: a fault is an
// input error, and what can be read has the sizes that it says.
func FuzzOpenLoad(f *testing.F) {
	valid := labseFiles()
	dir, _ := labseFolder(f, "bert.")
	for _, name := range []string{"model.safetensors", "2_Dense/model.safetensors"} {
		valid[name] = read(f, dir, name)
	}
	sharded := `{"weight_map": {"bert.embeddings.word_embeddings.weight": "shard.safetensors", "x": "../y"}}`
	names := []string{"model.safetensors.index.json", "shard.safetensors", "tokenizer_config.json"}
	for name := range valid {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		f.Add(uint8(i), []byte(valid[name]))
	}
	at := func(name string) uint8 { return uint8(slices.Index(names, name)) }
	f.Add(at("model.safetensors.index.json"), []byte(sharded))
	f.Add(at("tokenizer_config.json"), []byte(`{"model_max_length": 1e30}`))
	f.Add(at("1_Pooling/config.json"), []byte(`{"embedding_dimension": 4, "pooling_mode": ["mean"]}`))
	f.Add(at("config_sentence_transformers.json"), []byte(`{"prompts": {"document": ""}, "default_prompt_name": "document"}`))
	f.Add(at("config.json"), []byte(xlmrJSON))

	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		name := names[int(which)%len(names)]
		files := with(valid, name, string(data))
		switch name {
		case "shard.safetensors":
			files["model.safetensors.index.json"] = strings.Replace(sharded, "../y", "shard.safetensors", 1)
			delete(files, "model.safetensors")
		case "model.safetensors.index.json":
			files["shard.safetensors"] = files["model.safetensors"]
			delete(files, "model.safetensors")
		case "tokenizer_config.json":
			delete(files, "sentence_bert_config.json")
		}
		dir := t.TempDir()
		write(t, dir, files)
		m, err := hf.Open(dir)
		if err == nil {
			weights := m.Weights()
			err = m.Load(dir, func(i int, values []float32) error {
				n := 1
				for _, size := range weights[i].Shape {
					n *= size
				}
				if len(values) != n {
					t.Errorf("%d values of %v", len(values), weights[i])
				}
				return nil
			})
			if m.MaxLength < 1 || m.MaxLength > m.Config.MaxLength() {
				t.Errorf("texts of %d tokens with %d positions", m.MaxLength, m.Config.MaxLength())
			}
			if err == nil {
				all := fill(m)
				if err := m.Save(filepath.Join(dir, "again"), func(i int) ([]float32, error) { return all[i], nil }); err != nil {
					t.Errorf("what was read cannot be written: %v", err)
				}
			}
		}
		var path *fs.PathError // a name that no file can have
		if err != nil && !errors.Is(err, stages.ErrInput) && !errors.As(err, &path) {
			t.Errorf("not an input error: %v", err)
		}
	})
}

// BenchmarkLoad reads the word embeddings of XLM-R base, a tenth of them.
func BenchmarkLoad(b *testing.B) {
	m := plain()
	m.Config.Vocab, m.Config.Hidden, m.Config.Heads = 25_000, 768, 12
	dir := filepath.Join(b.TempDir(), "model")
	all := fill(m)
	if err := m.Save(dir, func(i int) ([]float32, error) { return all[i], nil }); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Load(dir, func(int, []float32) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
