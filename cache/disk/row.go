package disk

import (
	"encoding/binary"
	"errors"

	"repro/cache"
)

// Classes of rows: the first byte of a key. Rows of one group are written in
// the order of their keys, so the numbers say what is there before what: the
// bytes of a small blob, then that it exists, then the results that name it.
const (
	classBytes  = 1 // digest → the bytes of a small blob
	classBlob   = 2 // digest → stamp of the blob's file, or nothing if its bytes are in the index
	classFile   = 3 // absolute path → identity and digest of a file of the user's
	classResult = 4 // action key → every result of the action
)

// digestKey is the key of a row about d. It holds the size too, so that a
// digest with another size is another digest here as well.
func digestKey(class byte, d cache.Digest) string {
	key := make([]byte, 0, 1+len(d.Hash)+binary.MaxVarintLen64)
	key = append(key, class)
	key = append(key, d.Hash[:]...)
	return string(binary.AppendUvarint(key, uint64(d.Size)))
}

// keyDigest returns the digest in a key that digestKey made.
func keyDigest(key string) cache.Digest {
	d := decoder{rest: []byte(key[1:])}
	return d.digest()
}

var errRow = errors.New("a row of the cache's index is not in the expected form")

// decoder reads the fields of a row's value. After the first error it returns
// zero values, and end returns the error.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	d.skip(n)
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	d.skip(n)
	return v
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.failed = true
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) string() string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.failed = true
		return ""
	}
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) digest() cache.Digest {
	var v cache.Digest
	if len(d.rest) < len(v.Hash) {
		d.failed = true
		return v
	}
	d.rest = d.rest[copy(v.Hash[:], d.rest):]
	v.Size = int64(d.uvarint())
	return v
}

func (d *decoder) skip(n int) {
	if n <= 0 {
		d.failed = true
		d.rest = nil
		return
	}
	d.rest = d.rest[n:]
}

func (d *decoder) end() error {
	if d.failed || len(d.rest) > 0 {
		return errRow
	}
	return nil
}

func appendDigest(b []byte, d cache.Digest) []byte {
	b = append(b, d.Hash[:]...)
	return binary.AppendUvarint(b, uint64(d.Size))
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}
