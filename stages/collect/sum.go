package collect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"repro/stages"
)

// sum is what a file is known by. A wanted sum may lack the size.
type sum struct {
	hash [sha256.Size]byte
	size int64 // bytes; 0 in a wanted sum if it is not known
}

func parseSum(digits string, size int64) (sum, error) {
	s := sum{size: size}
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != len(s.hash) {
		return sum{}, fmt.Errorf("%q is not a SHA-256", digits)
	}
	copy(s.hash[:], b)
	return s, nil
}

// String returns the SHA-256 in hexadecimal digits.
func (s sum) String() string { return hex.EncodeToString(s.hash[:]) }

// matches reports whether got is what s wants.
func (s sum) matches(got sum) bool {
	return s.hash == got.hash && (s.size == 0 || s.size == got.size)
}

// sumOf reads r to its end; it gives up when ctx is done.
func sumOf(ctx context.Context, r io.Reader) (sum, error) {
	h := sha256.New()
	n, err := io.Copy(h, withContext(ctx, r))
	return sum{hash: [sha256.Size]byte(h.Sum(nil)), size: n}, err
}

func sumOfFile(ctx context.Context, name string) (sum, error) {
	f, err := os.Open(name)
	if err != nil {
		return sum{}, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	return sumOf(ctx, f)
}

// mismatch says that where does not give what is wanted, and what to do.
func mismatch(where string, want, got sum) error {
	wanted := "sha256 " + want.String()
	if want.size > 0 {
		wanted += fmt.Sprintf(" of %d bytes", want.size)
	}
	return fmt.Errorf("%w: %s: expected %s, got sha256 %s of %d bytes. "+
		"The file has changed at its source, or is not what you asked for (an error page, perhaps): look at it, "+
		"and if it is right, set sha256 = %q and size = %d", stages.ErrInput, where, wanted, got, got.size, got, got.size)
}

// contextReader stops reading when its context is done.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func withContext(ctx context.Context, r io.Reader) io.Reader { return contextReader{ctx, r} }

func (c contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}
