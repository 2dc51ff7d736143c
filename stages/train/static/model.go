package static

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"repro/stages"
	"repro/stages/tensor"
)

// ModelType is the model_type in the config.json of a static encoder.
const ModelType = "repro-static"

// The files of a model folder.
const (
	configFile  = "config.json"
	weightsFile = "model.safetensors"
	rowsName    = "embeddings.weight"
	weightsName = "idf.weight"
)

// dimMultiple keeps every row aligned for the vector unit, whose
// order of summing depends on the alignment.
const dimMultiple = 16

// maxNgram is the longest n-gram that features can find.
const maxNgram = 32

// Config is the shape of a model, as in its config.json.
type Config struct {
	ModelType string `json:"model_type"`
	Dim       int    `json:"hidden_size"`
	Buckets   int    `json:"vocab_size"`
	NgramMin  int    `json:"ngram_min"`
	NgramMax  int    `json:"ngram_max"`
}

// Check returns a *stages.ParamError for the first field that cannot be.
func (c Config) Check() error {
	for _, v := range []struct {
		ok    bool
		param string
		value int
		hint  string
	}{
		{c.Dim >= dimMultiple && c.Dim <= 1<<16 && c.Dim%dimMultiple == 0, "dim", c.Dim, fmt.Sprintf("Give a multiple of %d up to 65536", dimMultiple)},
		{c.Buckets >= 1 && c.Buckets <= 1<<28, "buckets", c.Buckets, "Give a number from 1 to 2²⁸; the default is 65536"},
		{c.NgramMin >= 1 && c.NgramMin <= maxNgram, "ngram_min", c.NgramMin, fmt.Sprintf("Give a number of characters from 1 to %d", maxNgram)},
		{c.NgramMax >= c.NgramMin && c.NgramMax <= maxNgram, "ngram_max", c.NgramMax, fmt.Sprintf("Give a number of characters from ngram_min to %d", maxNgram)},
	} {
		if !v.ok {
			return &stages.ParamError{Param: v.param, Problem: fmt.Sprintf("%d is out of range", v.value), Hint: v.hint}
		}
	}
	return nil
}

// Model is an encoder: for each bucket a vector, which is learned, and a
// weight, which is not. A text's vector is the sum of its buckets' vectors times
// their weights. A Model is safe for concurrent use as long as nobody trains it.
type Model struct {
	Config
	rows    []float32 // Buckets × Dim
	weights []float32 // by bucket
}

// New returns an untrained model. Its vectors are random signs, so that those
// of different buckets are nearly orthogonal, and its weights fall with the
// number of texts that have the bucket. The cosine of two texts is then about
// their tf-idf similarity: training starts from a lexical matcher. Nothing but
// how rare a bucket is comes from the texts.
func New(c Config, seed uint64, texts iter.Seq[string]) *Model {
	m := &Model{Config: c, rows: make([]float32, c.Buckets*c.Dim)}
	m.ModelType = ModelType
	m.weights = m.rarity(texts)
	signs := rand.NewPCG(seed, 0)
	for at := 0; at < len(m.rows); at += dimMultiple {
		bits := signs.Uint64()
		for i := range dimMultiple {
			m.rows[at+i] = 1 - 2*float32(bits>>i&1)
		}
	}
	return m
}

// rarity returns (log((n+1)/(df+1)) / log(n+1))² for each bucket, where df of
// the n texts have it: the square of the inverse document frequency, from 0 to
// 1. Without the square the many n-grams of common words weigh too much.
func (m *Model) rarity(texts iter.Seq[string]) []float32 {
	df := make([]int, m.Buckets)
	n := 0
	var ids []uint32
	for text := range texts {
		n++
		ids = m.features(ids[:0], text)
		for _, b := range ids {
			df[b]++
		}
	}
	weights := make([]float32, m.Buckets)
	for b := range weights {
		weights[b] = 1
		if n > 0 {
			idf := math.Log(float64(n+1)/float64(df[b]+1)) / math.Log(float64(n+1))
			weights[b] = float32(idf * idf)
		}
	}
	return weights
}

// Load reads a model from the folder dir. A folder that does not hold one is
// an error that wraps stages.ErrInput.
func Load(dir string) (*Model, error) {
	raw, err := os.ReadFile(filepath.Join(dir, configFile))
	if err != nil {
		return nil, err
	}
	m := &Model{}
	if err := json.Unmarshal(raw, &m.Config); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", stages.ErrInput, filepath.Join(dir, configFile), err)
	}
	if m.ModelType != ModelType {
		return nil, fmt.Errorf("%w: %s: a model of type %q, want %q", stages.ErrInput, dir, m.ModelType, ModelType)
	}
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", stages.ErrInput, filepath.Join(dir, configFile), err)
	}
	weights, err := tensor.LoadSafetensors(filepath.Join(dir, weightsFile))
	if err != nil {
		return nil, err
	}
	rows, idf := weights.Tensors[rowsName], weights.Tensors[weightsName]
	if !slices.Equal(rows.Shape, []int{m.Buckets, m.Dim}) || !slices.Equal(idf.Shape, []int{m.Buckets}) {
		return nil, fmt.Errorf("%w: %s: %s and %s have the shapes %v and %v, want [%d %d] and [%d]", stages.ErrInput,
			filepath.Join(dir, weightsFile), rowsName, weightsName, rows.Shape, idf.Shape, m.Buckets, m.Dim, m.Buckets)
	}
	m.rows, m.weights = rows.Data, idf.Data
	return m, nil
}

// Save writes the model to the new folder dir.
func (m *Model) Save(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(m.Config, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, configFile), append(raw, '\n'), 0o644); err != nil {
		return err
	}
	return tensor.SaveSafetensors(filepath.Join(dir, weightsFile), &tensor.Safetensors{
		Tensors: map[string]tensor.Tensor{
			rowsName:    {Shape: []int{m.Buckets, m.Dim}, Data: m.rows},
			weightsName: {Shape: []int{m.Buckets}, Data: m.weights},
		},
		Metadata: map[string]string{"format": "pt"}, // what transformers looks for
	})
}

// Encode returns the vector of each text, of length 1. A text without any
// feature gets zeros.
func (m *Model) Encode(texts []string, threads int) [][]float32 {
	vectors := matrix(len(texts), m.Dim)
	forEach(threads, len(texts), func(i int) {
		m.sum(vectors[i], m.features(nil, texts[i]))
		normalize(vectors[i])
	})
	return vectors
}

// sum adds up what the buckets stand for in v.
func (m *Model) sum(v []float32, ids []uint32) {
	for _, b := range ids {
		axpy(m.weights[b], m.row(b), v)
	}
}

func (m *Model) row(b uint32) []float32 { return m.rows[int(b)*m.Dim : (int(b)+1)*m.Dim] }
