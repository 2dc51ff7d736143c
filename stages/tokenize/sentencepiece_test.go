package tokenize_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"unicode/utf8"

	"repro/stages/tokenize"
)

// spOptions are those of the models that the tests train, all of which XLM-R's
// ids can be given.
func spOptions(extra map[string]any) map[string]any {
	o := map[string]any{
		"model_type": "unigram", "vocab_size": 4000, "character_coverage": 0.9995, "num_threads": 2,
		"normalization_rule_name": "nmt_nfkc", "unk_id": 0, "bos_id": 1, "eos_id": 2, "pad_id": -1,
		"num_sub_iterations": 1, "seed_sentencepiece_size": 30_000, "max_sentence_length": 20_000,
	}
	maps.Copy(o, extra)
	return o
}

// trainSP trains a model on XQuAD-R and returns its file.
func trainSP(t testing.TB, python string, texts []string, extra map[string]any) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sentencepiece.bpe.model")
	o, err := json.Marshal(spOptions(extra))
	if err != nil {
		t.Fatal(err)
	}
	ask(t, texts, python, "testdata/sentencepiece_oracle.py", "train", file, string(o))
	return file
}

// every returns each nth text of each language.
func every(n int, texts map[string][]string) []string {
	var some []string
	for _, lang := range slices.Sorted(maps.Keys(texts)) {
		for i := 0; i < len(texts[lang]); i += n {
			some = append(some, texts[lang][i])
		}
	}
	return some
}

// xlmrIDs maps SentencePiece's ids as Hugging Face's XLMRobertaTokenizer does.
func xlmrIDs(ids []int32) []int32 {
	all := []int32{0}
	for _, id := range ids {
		if id == 0 {
			all = append(all, 3)
		} else {
			all = append(all, id+1)
		}
	}
	return append(all, 2)
}

func TestSentencePieceAgreesWithTheReference(t *testing.T) {
	t.Parallel()
	python := python(t, "sentencepiece")
	texts := xquad(t)
	training := slices.DeleteFunc(every(8, texts), func(s string) bool { return !utf8.ValidString(s) })
	all := slices.Concat(nasty(), every(1, texts), characterTexts())
	some := slices.Concat(nasty(), every(10, texts))
	for name, test := range map[string]struct {
		texts   []string
		options map[string]any
	}{
		"nmt_nfkc": {all, nil},
		"byte fallback and user-defined symbols": {all, map[string]any{
			"byte_fallback": true, "user_defined_symbols": []string{"the", "<sep>", "中文", "▁of▁", "www.", "ａ"},
			"normalization_rule_name": "nmt_nfkc_cf",
		}},
		"identity, spaces kept, suffix": {some, map[string]any{
			"normalization_rule_name": "identity", "remove_extra_whitespaces": false, "treat_whitespace_as_suffix": true,
		}},
		"no dummy prefix": {some, map[string]any{"add_dummy_prefix": false, "normalization_rule_name": "nfkc"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := trainSP(t, python, training, test.options)
			model, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tok := load(t, map[string]string{"sentencepiece.bpe.model": string(model)})
			want := askIDs(t, test.texts, python, "testdata/sentencepiece_oracle.py", "encode", file)
			for i := range want {
				want[i] = xlmrIDs(want[i])
			}
			compare(t, tok, test.texts, want)
		})
	}
}

// compare demands the ids of an oracle and logs the rate of exact matches.
func compare(t *testing.T, tok tokenize.Tokenizer, texts []string, want [][]int32) {
	t.Helper()
	same := 0
	for i, text := range texts {
		got := tok.Encode(text, 0)
		if slices.Equal(got, want[i]) {
			same++
			continue
		}
		if i-same < 5 {
			t.Errorf("%.100q:\n got %v\nwant %v", text, clip(got), clip(want[i]))
		}
	}
	t.Logf("%d of %d texts have the same ids", same, len(texts))
}

func clip(ids []int32) []int32 { return ids[:min(len(ids), 40)] }
