package tokenize

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"repro/stages"
)

// The files of a Hugging Face folder that are read.
const (
	fileSentencePiece = "sentencepiece.bpe.model"
	fileSPiece        = "spiece.model"
	fileVocabulary    = "vocab.txt"
	fileTokenizer     = "tokenizer.json"
	fileConfig        = "tokenizer_config.json"
	fileSpecial       = "special_tokens_map.json"
	fileAdded         = "added_tokens.json"
	fileModelConfig   = "config.json"
)

// maxFileBytes bounds what is read of one file, and with it the memory that a
// damaged one can ask for. XLM-R's tokenizer.json has 17 MiB.
const maxFileBytes = 64 << 20

// Load reads the tokenizer of the Hugging Face model folder dir. It takes the
// first that is there of
//
//   - sentencepiece.bpe.model or spiece.model, laid out as XLM-R's,
//   - vocab.txt, as BERT's,
//   - tokenizer.json, with the parts that those two use,
//
// and reads tokenizer_config.json (or, without it, config.json) for the class
// and its options. A folder of any other class is read by its tokenizer.json.
// An error about the content of a file wraps stages.ErrInput and names the file
// and, where something is not supported, what that is.
func Load(dir string) (Tokenizer, error) {
	t, err := LoadFS(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("load the tokenizer in %s: %w", dir, err)
	}
	return t, nil
}

// LoadFS is Load for the files at the root of fsys.
func LoadFS(fsys fs.FS) (Tokenizer, error) {
	c, err := readConfig(fsys)
	if err != nil {
		return nil, err
	}
	for _, format := range []struct {
		file   string
		family family // the one that can be in the file, anyFamily if the file says all
		load   func(data []byte, c *config) (*pipeline, error)
	}{
		{fileSentencePiece, xlmr, loadXLMR},
		{fileSPiece, xlmr, loadXLMR},
		{fileVocabulary, bert, loadBERT},
		{fileTokenizer, anyFamily, loadJSON},
	} {
		if c.family != anyFamily && format.family != anyFamily && c.family != format.family {
			continue
		}
		data, err := readFile(fsys, format.file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		p, err := format.load(data, c)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", stages.ErrInput, format.file, err)
		}
		return p, nil
	}
	if c.family == otherFamily {
		return nil, fmt.Errorf("%w: %s: a tokenizer of the class %q is supported only with a %s",
			stages.ErrInput, fileConfig, c.class, fileTokenizer)
	}
	return nil, fmt.Errorf("%w: none of %s, %s, %s and %s that fits is there",
		stages.ErrInput, fileSentencePiece, fileSPiece, fileVocabulary, fileTokenizer)
}

// readFile returns the bytes of a file of limited size.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("%w: %s: more than %d bytes", stages.ErrInput, name, maxFileBytes)
	}
	return data, nil
}
