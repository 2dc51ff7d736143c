package translate

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Key identifies a text: its SHA-256.
type Key [sha256.Size]byte

// KeyOf returns the key of a text.
func KeyOf(text string) Key { return sha256.Sum256([]byte(text)) }

// Memory keeps translations between runs, so that only new texts are translated
// when rows are added. It is no part of the key of a result and must not change
// one: a book holds the translations of one direction by one exact version of
// the tools, and another version has another book. It is safe for concurrent
// use.
type Memory interface {
	// Get returns those of the translations that the book holds.
	Get(book string, keys []Key) (map[Key]string, error)
	// Put adds translations to the book.
	Put(book string, entries map[Key]string) error
}

// FileMemory is a Memory in a folder, a file for each book.
//
// A file is only ever appended to, a batch of lines at a time: a checksum, the
// key and the translation as JSON, separated by tabs. A line that was torn by a
// crash fails its checksum and is passed over; as each batch begins with a new
// line, it spoils nothing else. So processes can share a folder without locks.
type FileMemory struct{ dir string }

// OpenMemory returns the memory in the folder dir, which it makes if need be.
func OpenMemory(dir string) (*FileMemory, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open translation memory: %w", err)
	}
	return &FileMemory{dir: dir}, nil
}

func (m *FileMemory) file(book string) (string, error) {
	if filepath.Base(book) != book || book == "." || book == ".." {
		return "", fmt.Errorf("translation memory: %q is no name of a book", book)
	}
	return filepath.Join(m.dir, book+".tsv"), nil
}

// Get implements Memory. It reads the whole book, which takes milliseconds for
// the tens of thousands of texts that a book holds.
func (m *FileMemory) Get(book string, keys []Key) (map[Key]string, error) {
	name, err := m.file(book)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("translation memory: %w", err)
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	wanted := make(map[Key]bool, len(keys))
	for _, key := range keys {
		wanted[key] = true
	}
	found := make(map[Key]string, len(keys))
	lines := bufio.NewReaderSize(f, 256<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return found, nil // what is after the last end of line was torn
		}
		if err != nil {
			return nil, fmt.Errorf("translation memory: read %s: %w", name, err)
		}
		key, text, ok := parseLine(bytes.TrimSuffix(line, []byte("\n")))
		if !ok || !wanted[key] {
			continue
		}
		var translation string
		if json.Unmarshal(text, &translation) == nil {
			found[key] = translation
		}
	}
}

// Put implements Memory.
func (m *FileMemory) Put(book string, entries map[Key]string) (err error) {
	name, err := m.file(book)
	if err != nil || len(entries) == 0 {
		return err
	}
	var batch bytes.Buffer
	batch.WriteByte('\n')
	for _, key := range slices.SortedFunc(maps.Keys(entries), func(a, b Key) int { return bytes.Compare(a[:], b[:]) }) {
		text, err := json.Marshal(entries[key])
		if err != nil {
			return err
		}
		body := append(hex.AppendEncode(nil, key[:]), '\t')
		body = append(body, text...)
		fmt.Fprintf(&batch, "%08x\t%s\n", checksum(body), body)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("translation memory: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(batch.Bytes()); err != nil {
		return fmt.Errorf("translation memory: %w", err)
	}
	return nil
}

func checksum(body []byte) uint32 {
	return crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))
}

// parseLine returns the key and the JSON text of a line, if it is whole.
func parseLine(line []byte) (key Key, text []byte, ok bool) {
	sum, body, ok := bytes.Cut(line, []byte("\t"))
	if !ok || string(sum) != fmt.Sprintf("%08x", checksum(body)) {
		return key, nil, false
	}
	encoded, text, ok := bytes.Cut(body, []byte("\t"))
	if !ok || len(encoded) != hex.EncodedLen(len(key)) {
		return key, nil, false
	}
	_, err := hex.Decode(key[:], encoded)
	return key, text, err == nil
}
