package tokenize

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"repro/stages"
)

// family says how a vocabulary's file is to be used.
type family int

const (
	anyFamily   family = iota // no class is named
	xlmr                      // SentencePiece with fairseq's ids
	bert                      // WordPiece
	otherFamily               // a class that only tokenizer.json describes
)

// config is what is read of tokenizer_config.json, special_tokens_map.json and
// added_tokens.json.
type config struct {
	family family
	class  string
	added  []addedToken // what these files name with their ids, ordered by them

	configFile
}

// configFile has the fields of tokenizer_config.json that matter.
type configFile struct {
	Class                string `json:"tokenizer_class"`
	DoLowerCase          *bool  `json:"do_lower_case"`
	StripAccents         *bool  `json:"strip_accents"`
	TokenizeChineseChars *bool  `json:"tokenize_chinese_chars"`
	DoBasicTokenize      *bool  `json:"do_basic_tokenize"`

	AddedTokensDecoder map[string]addedToken `json:"added_tokens_decoder"`
	specialTokens
}

// specialTokens has the fields of special_tokens_map.json that matter, which
// may also be in tokenizer_config.json.
type specialTokens struct {
	BOS        tokenText   `json:"bos_token"`
	EOS        tokenText   `json:"eos_token"`
	UNK        tokenText   `json:"unk_token"`
	SEP        tokenText   `json:"sep_token"`
	PAD        tokenText   `json:"pad_token"`
	CLS        tokenText   `json:"cls_token"`
	MASK       tokenText   `json:"mask_token"`
	Additional []tokenText `json:"additional_special_tokens"`
}

// tokenText is a token's text, which is written as a string or as an object
// with a content.
type tokenText string

// UnmarshalJSON implements json.Unmarshaler.
func (t *tokenText) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var object struct{ Content string }
		err := json.Unmarshal(data, &object)
		*t = tokenText(object.Content)
		return err
	}
	return json.Unmarshal(data, (*string)(t))
}

// or returns the text, or fallback if none is given.
func (t tokenText) or(fallback string) string {
	if t == "" {
		return fallback
	}
	return string(t)
}

// isTrue returns *b, or fallback if none is given.
func isTrue(b *bool, fallback bool) bool {
	if b == nil {
		return fallback
	}
	return *b
}

// readConfig reads what fsys has of the files about a tokenizer's options. None
// of them has to be there.
func readConfig(fsys fs.FS) (*config, error) {
	c := &config{}
	if err := readJSON(fsys, fileConfig, &c.configFile); err != nil {
		return nil, err
	}
	if c.AddedTokensDecoder != nil {
		for id, t := range c.AddedTokensDecoder {
			n, err := strconv.ParseInt(id, 10, 32)
			if err != nil || n < 0 {
				return nil, fmt.Errorf("%w: %s: added_tokens_decoder: %q is not an id", stages.ErrInput, fileConfig, id)
			}
			t.ID = int32(n)
			c.added = append(c.added, t)
		}
	} else if err := c.readOlder(fsys); err != nil {
		return nil, err
	}
	slices.SortFunc(c.added, func(a, b addedToken) int { return int(a.ID) - int(b.ID) })

	model := struct {
		Type string `json:"model_type"`
	}{}
	if err := readJSON(fsys, fileModelConfig, &model); err != nil {
		return nil, err
	}
	c.class, c.family = familyOf(c.Class, model.Type)
	return c, nil
}

// readOlder reads the files in which added tokens were before
// added_tokens_decoder.
func (c *config) readOlder(fsys fs.FS) error {
	if err := readJSON(fsys, fileSpecial, &c.specialTokens); err != nil {
		return err
	}
	ids := map[string]int32{}
	if err := readJSON(fsys, fileAdded, &ids); err != nil {
		return err
	}
	for text, id := range ids {
		if id < 0 {
			return fmt.Errorf("%w: %s: %q has the id %d", stages.ErrInput, fileAdded, text, id)
		}
		special := slices.Contains(c.all(), tokenText(text))
		c.added = append(c.added, addedToken{ID: id, Content: text, Special: special, Normalized: !special})
	}
	return nil
}

func (s *specialTokens) all() []tokenText {
	return append([]tokenText{s.BOS, s.EOS, s.UNK, s.SEP, s.PAD, s.CLS, s.MASK}, s.Additional...)
}

// familyOf returns the class of a tokenizer and its family, by the class that
// tokenizer_config.json names or, if it names none, by the type of the model.
func familyOf(class, modelType string) (string, family) {
	switch strings.TrimSuffix(class, "Fast") {
	case "XLMRobertaTokenizer":
		return class, xlmr
	case "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer":
		return class, bert
	case "":
		switch modelType {
		case "xlm-roberta", "xlm-roberta-xl":
			return modelType, xlmr
		case "bert", "distilbert", "electra":
			return modelType, bert
		case "":
			return "", anyFamily
		}
		return modelType, otherFamily
	}
	return class, otherFamily
}

// readJSON decodes a file into v, and leaves v as it is if there is none.
func readJSON(fsys fs.FS, name string, v any) error {
	data, err := readFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%w: %s: %w", stages.ErrInput, name, err)
	}
	return nil
}
