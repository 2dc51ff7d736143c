package convert

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"slices"
)

// looksLikeSQuAD is said of both JSON formats: what tells them apart is in
// their paragraphs.
const (
	looksLikeSQuAD = `format "squad" or "lareqa"`
	formatNLI      = `format "nli"`
	compressed     = "a compressed file"
	zipped         = "a zip archive"
)

// looksLike guesses from the beginning of a file what it is. It returns "" if
// it cannot say, or not read: whoever then reads the file reports that.
func looksLike(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	head, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return ""
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff")))
	switch {
	case len(text) == 0:
		return "an empty file"
	case bytes.HasPrefix(head, []byte("\x1f\x8b")), bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return compressed + ": let collect decompress it"
	case bytes.HasPrefix(head, []byte("PK")):
		return zipped + ": let collect unpack it"
	case text[0] == '<':
		return "a web page or XML"
	case bytes.HasPrefix(text, []byte(csvHead)):
		return formatNLI
	case text[0] != '{':
		return ""
	}
	switch keys := firstKeys(text); {
	case slices.Contains(keys, "data"):
		return looksLikeSQuAD
	case slices.Contains(keys, "passage"):
		return `format "parallel"`
	case slices.Contains(keys, "gold_label"):
		return formatNLI
	case slices.Contains(keys, "_id"):
		return `a file in BEIR layout: give its folder with format "beir"`
	}
	return ""
}

// firstKeys returns the keys of the JSON object that text begins with, as far
// as text goes, and nothing after "data".
func firstKeys(text []byte) []string {
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return nil
	}
	var keys []string
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			break
		}
		name, ok := key.(string)
		if !ok {
			break
		}
		keys = append(keys, name)
		var value json.RawMessage
		if name == "data" || dec.Decode(&value) != nil {
			break
		}
	}
	return keys
}
