package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
)

// Digest names a sequence of bytes by its SHA-256 and its length. It is
// comparable; the zero Digest names nothing (the empty sequence has a
// non-zero hash).
type Digest struct {
	Hash [sha256.Size]byte
	Size int64
}

// Of returns the digest of b.
func Of(b []byte) Digest {
	return Digest{Hash: sha256.Sum256(b), Size: int64(len(b))}
}

// OfReader returns the digest of everything that r yields.
func OfReader(r io.Reader) (Digest, error) {
	h := NewHasher()
	if _, err := io.Copy(h, r); err != nil {
		return Digest{}, err
	}
	return h.Digest(), nil
}

// IsZero reports whether d names nothing.
func (d Digest) IsZero() bool { return d == Digest{} }

// Hex returns the hash in lower-case hexadecimal, as sha256sum prints it.
func (d Digest) Hex() string { return hex.EncodeToString(d.Hash[:]) }

// Short returns the first twelve hexadecimal digits, for people to read.
func (d Digest) Short() string { return hex.EncodeToString(d.Hash[:6]) }

// String returns "HEX/SIZE", the form that ParseDigest reads.
func (d Digest) String() string { return d.Hex() + "/" + strconv.FormatInt(d.Size, 10) }

// MarshalText implements encoding.TextMarshaler with the form of String. The
// zero digest is the empty text.
func (d Digest) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Digest) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Digest{}
		return nil
	}
	parsed, err := ParseDigest(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// ParseDigest reads the form of Digest.String.
func ParseDigest(s string) (Digest, error) {
	hexPart, sizePart, ok := strings.Cut(s, "/")
	if !ok {
		return Digest{}, fmt.Errorf("digest %q: want HEX/SIZE", s)
	}
	hash, err := ParseHash(hexPart)
	if err != nil {
		return Digest{}, err
	}
	size, err := strconv.ParseInt(sizePart, 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != sizePart {
		return Digest{}, fmt.Errorf("digest %q: %q is not a size in bytes", s, sizePart)
	}
	return Digest{Hash: hash, Size: size}, nil
}

// ParseHash reads a SHA-256 in lower-case hexadecimal.
func ParseHash(s string) ([sha256.Size]byte, error) {
	var out [sha256.Size]byte
	if len(s) != 2*sha256.Size || strings.ToLower(s) != s {
		return out, fmt.Errorf("sha256 %q: want %d lower-case hexadecimal digits", s, 2*sha256.Size)
	}
	if _, err := hex.Decode(out[:], []byte(s)); err != nil {
		return out, errors.New("sha256 " + strconv.Quote(s) + ": not hexadecimal")
	}
	return out, nil
}

// Hasher computes a Digest of what is written to it.
type Hasher struct {
	hash hash.Hash
	size int64
}

// NewHasher returns an empty Hasher.
func NewHasher() *Hasher { return &Hasher{hash: sha256.New()} }

// Write implements io.Writer; it never fails.
func (h *Hasher) Write(p []byte) (int, error) {
	h.size += int64(len(p))
	return h.hash.Write(p)
}

// Digest returns the digest of all bytes written so far.
func (h *Hasher) Digest() Digest {
	d := Digest{Size: h.size}
	h.hash.Sum(d.Hash[:0])
	return d
}
