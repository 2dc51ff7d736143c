package tokenize_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"repro/stages/tokenize"
)

// BenchmarkUnigram encodes XQuAD-R on one thread, and lets SentencePiece do it
// beside it.
func BenchmarkUnigram(b *testing.B) {
	python := python(b, "sentencepiece")
	texts := xquad(b)
	all := every(1, texts)
	file := trainSP(b, python, every(2, texts), map[string]any{"vocab_size": 16_000, "seed_sentencepiece_size": 200_000})
	model, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	tok := load(b, map[string]string{"sentencepiece.bpe.model": string(model)})
	encodeAll(b, tok, all)
	peer(b, len(all), ask(b, all, python, "testdata/sentencepiece_oracle.py", "time", file))
}

// BenchmarkWordPiece is the same with a WordPiece vocabulary and, where they
// are installed, Hugging Face's tokenizers.
func BenchmarkWordPiece(b *testing.B) {
	texts := xquad(b)
	all := every(1, texts)
	dir := trainBERT(b, all, 16_000, tokenize.TrainOptions{})
	tok, err := tokenize.Load(dir)
	if err != nil {
		b.Fatal(err)
	}
	encodeAll(b, tok, all)
	node(b)
	json := ask(b, nil, "node", "testdata/tokenizers_oracle.js", "bert", filepath.Join(dir, "vocab.txt"), "uncased")
	file := filepath.Join(dir, "tokenizer.json")
	if err := os.WriteFile(file, []byte(json), 0o644); err != nil {
		b.Fatal(err)
	}
	peer(b, len(all), ask(b, all, "node", "testdata/tokenizers_oracle.js", "time", file))
}

func BenchmarkTrainWordPiece(b *testing.B) {
	all := every(1, xquad(b))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tokenize.TrainWordPiece(b.Context(), slices.Values(all), 16_000, tokenize.TrainOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(all))*float64(b.N)/b.Elapsed().Seconds(), "sentences/s")
}

// encodeAll reports the sentences a second of one thread.
func encodeAll(b *testing.B, tok tokenize.Tokenizer, texts []string) {
	b.Helper()
	runtime.GC()
	b.ReportAllocs()
	for b.Loop() {
		for _, text := range texts {
			tok.Encode(text, 0)
		}
	}
	b.ReportMetric(float64(len(texts))*float64(b.N)/b.Elapsed().Seconds(), "sentences/s")
}

// peer reports those of the reference implementation, which printed its
// seconds.
func peer(b *testing.B, texts int, seconds string) {
	b.Helper()
	s, err := strconv.ParseFloat(strings.TrimSpace(seconds), 64)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(texts)/s, "peer-sentences/s")
}
