package bundle

import (
	"errors"
	"io"
)

// source keeps the error that reading met, to tell a bundle that cannot be read
// from a store that cannot be written.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
