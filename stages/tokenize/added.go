package tokenize

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// addedToken is a token that is matched in a text before the model sees it,
// such as <mask> or [SEP]. Fields are named as in tokenizer_config.json and
// tokenizer.json.
type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // only where no letter is beside it
	LStrip     bool   `json:"lstrip"`      // takes the spaces before it along
	RStrip     bool   `json:"rstrip"`      // and those behind it
	Normalized bool   `json:"normalized"`  // matched in the normalized text
	Special    bool   `json:"special"`
}

// addedTokens finds added tokens in a text: from left to right, the longest
// first (AddedVocabulary of Hugging Face's tokenizers).
type addedTokens struct {
	tokens  []addedToken
	trie    *trie // content → index in tokens
	leading [256]bool
}

// newAddedTokens returns nil if there are no tokens.
func newAddedTokens(tokens []addedToken) *addedTokens {
	a := &addedTokens{tokens: tokens}
	var keys []key
	for i, t := range tokens {
		if t.Content != "" {
			keys = append(keys, key{t.Content, int32(i)})
			a.leading[t.Content[0]] = true
		}
	}
	if len(keys) == 0 {
		return nil
	}
	a.trie = newTrie(keys)
	return a
}

// split calls plain for what is between added tokens and found for the id of
// each, in the order of the text. A nil receiver finds none.
func (a *addedTokens) split(text []byte, plain func([]byte), found func(id int32)) {
	done := 0 // all before it has been given away
	for i := 0; a != nil && i < len(text); {
		if !a.leading[text[i]] {
			i++
			continue
		}
		size, index := a.trie.longest(text[i:])
		if size == 0 {
			i++
			continue
		}
		token := &a.tokens[index]
		start, end := i, i+size
		i = end
		if token.SingleWord && (endsWithWord(text[:start]) || startsWithWord(text[end:])) {
			continue
		}
		if token.LStrip {
			start = max(done, len(bytes.TrimRightFunc(text[:start], unicode.IsSpace)))
		}
		if token.RStrip {
			end = len(text) - len(bytes.TrimLeftFunc(text[end:], unicode.IsSpace))
			i = end
		}
		if done < start {
			plain(text[done:start])
		}
		found(token.ID)
		done = end
	}
	if done < len(text) {
		plain(text[done:])
	}
}

func endsWithWord(text []byte) bool {
	r, _ := utf8.DecodeLastRune(text)
	return isWordRune(r)
}

func startsWithWord(text []byte) bool {
	r, _ := utf8.DecodeRune(text)
	return isWordRune(r)
}

// isWordRune is \w of Unicode's regular expressions.
func isWordRune(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control)
}
