package tokenize_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"repro/stages"
	"repro/stages/tokenize"
)

// FuzzLoad reads damaged files: a fault is an input error, and what can be read
// can be used.
func FuzzLoad(f *testing.F) {
	rules := map[string]string{"Ａ": "A", "A\u0301": "á", "½": " 1/2 "}
	f.Add("sentencepiece.bpe.model", []byte(spModel(letters(), nil, nil, nil)))
	f.Add("sentencepiece.bpe.model", []byte(spModel(letters(piece{"ba", -1, userDefined}), option(24, 1), option(4, 0), rules)))
	f.Add("vocab.txt", []byte(vocabulary))
	f.Add("tokenizer.json", []byte(tokenizerJSON))
	f.Add("tokenizer.json", []byte(`{"added_tokens": [{"id": 2, "content": "<pad>", "lstrip": true, "rstrip": true, "single_word": true}],
		"normalizer": {"type": "Sequence", "normalizers": [{"type": "Precompiled", "precompiled_charsmap": ""},
			{"type": "Strip", "strip_right": true}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"},
			{"type": "Replace", "pattern": {"String": "x"}, "content": "yy"}]},
		"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁"}]},
		"post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "s"}}, {"Sequence": {"id": "A"}}],
			"special_tokens": {"s": {"ids": [2]}}},
		"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["▁a", -1.5], ["<pad>", 0]]}}`))
	f.Add("tokenizer_config.json", []byte(`{"tokenizer_class": "BertTokenizer", "unk_token": {"content": "[UNK]"},
		"added_tokens_decoder": {"7": {"content": "a", "normalized": true, "single_word": true}}}`))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if strings.Contains(name, "/") {
			t.Skip("not a file at the root")
		}
		fsys := fstest.MapFS{name: {Data: data}}
		if name == "tokenizer_config.json" || name == "special_tokens_map.json" || name == "added_tokens.json" {
			fsys["vocab.txt"] = &fstest.MapFile{Data: []byte(vocabulary)}
		}
		tok, err := tokenize.LoadFS(fsys)
		if err != nil {
			if !errors.Is(err, stages.ErrInput) {
				t.Errorf("not an input error: %v", err)
			}
			return
		}
		encode(t, tok, "a bab Ａ½ <pad>x  [SEP] \xff中", 12)
	})
}

// FuzzEncode encodes any text with tokenizers of both kinds.
func FuzzEncode(f *testing.F) {
	for _, text := range append(nasty(), special()...) {
		f.Add(text[:min(len(text), 200)], 20)
	}
	tokenizers := []tokenize.Tokenizer{
		load(f, map[string]string{"vocab.txt": vocabulary}),
		load(f, map[string]string{"vocab.txt": vocabulary, "tokenizer_config.json": `{"do_lower_case": false}`}),
		load(f, map[string]string{"sentencepiece.bpe.model": spModel(
			letters(piece{"ba", -1, userDefined}, piece{"\xff", -1, normal}), nil, nil, map[string]string{"A": "a", "A\u0301": "", "\xfe": "b "})}),
	}
	f.Fuzz(func(t *testing.T, text string, maxLen int) {
		for _, tok := range tokenizers {
			encode(t, tok, text, maxLen)
		}
	})
}

// encode demands ids that are in the vocabulary, and not too many.
func encode(t *testing.T, tok tokenize.Tokenizer, text string, maxLen int) {
	t.Helper()
	ids := tok.Encode(text, maxLen)
	if maxLen > 2 && len(ids) > maxLen {
		t.Errorf("%d ids, at most %d are wanted", len(ids), maxLen)
	}
	for _, id := range append(ids, tok.Pad()) {
		if id < 0 || int(id) >= tok.Size() {
			t.Errorf("id %d of %d", id, tok.Size())
		}
	}
}
