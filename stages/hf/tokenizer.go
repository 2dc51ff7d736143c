package hf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"repro/stages"
	"repro/stages/corpus"
)

// vocabularyFiles returns the files of tokenizers that have a vocabulary, of
// which a model needs one.
func vocabularyFiles() []string {
	return []string{"sentencepiece.bpe.model", "spiece.model", "vocab.txt", "tokenizer.json"}
}

// TokenizerDir returns the folder in the model folder dir that has the
// tokenizer's files: dir itself, but in old ones of sentence-transformers.
func TokenizerDir(dir string) (string, error) {
	l, err := readLayout(dir)
	return l.transformer, err
}

// CopyTokenizer copies the files of a tokenizer from the model folder from to
// the folder to, which it makes if need be. A folder without a vocabulary is an
// error that wraps stages.ErrInput.
func CopyTokenizer(from, to string) error {
	from, err := TokenizerDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	vocabularies := 0
	for _, name := range vocabularyFiles() {
		there, err := copyFile(filepath.Join(from, name), filepath.Join(to, name))
		if err != nil {
			return err
		}
		if there {
			vocabularies++
		}
	}
	if vocabularies == 0 {
		return fmt.Errorf("%w: %s: no tokenizer, which is one of %s", stages.ErrInput, from, strings.Join(vocabularyFiles(), ", "))
	}
	for _, name := range []string{fileTokens, "special_tokens_map.json", "added_tokens.json"} {
		if _, err := copyFile(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

// copyFile copies a file to a new one. It tells whether there is one.
func copyFile(from, to string) (bool, error) {
	f, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	return true, corpus.Create(to, func(w io.Writer) error {
		_, err := io.Copy(w, f)
		return err
	})
}
