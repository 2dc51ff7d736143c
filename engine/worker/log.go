package worker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"

	"repro/cache"
)

const (
	// tailBytes is how much of the end of a log is kept in memory, to be shown
	// when the stage fails.
	tailBytes = 8 << 10
	// tailLines is how much of it is shown.
	tailLines = 20
	// memoryLimit is up to where a log needs no file: most are a few lines.
	memoryLimit = 64 << 10
)

// log is what a stage writes to Job.Log: kept in memory while it is short, in
// a file from then on.
type log struct {
	mu     sync.Mutex
	path   string
	memory bytes.Buffer
	file   *os.File
	last   []byte
	err    error
}

// Write implements io.Writer. It reports no error to the stage: a log that
// cannot be written is no reason to lose the work; store reports it.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = append(l.last, p...)
	if extra := len(l.last) - tailBytes; extra > tailBytes {
		l.last = append(l.last[:0], l.last[extra:]...)
	}
	if l.file == nil && l.memory.Len()+len(p) <= memoryLimit {
		return l.memory.Write(p)
	}
	if l.file == nil && l.err == nil {
		l.file, l.err = os.OpenFile(l.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
		if l.err == nil {
			_, l.err = l.file.Write(l.memory.Bytes())
		}
	}
	if l.err == nil {
		_, l.err = l.file.Write(p)
	}
	return len(p), nil
}

// tail returns the last lines.
func (l *log) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(strings.TrimRight(string(l.last), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}

// store puts the log into blobs; the digest of an empty log is zero.
func (l *log) store(ctx context.Context, blobs cache.Blobs) (cache.Digest, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// The log of a stage that was stopped is wanted all the same.
	ctx = context.WithoutCancel(ctx)
	if l.err != nil {
		return cache.Digest{}, l.err
	}
	if l.file == nil {
		if l.memory.Len() == 0 {
			return cache.Digest{}, nil
		}
		return cache.PutBytes(ctx, blobs, l.memory.Bytes())
	}
	defer func() { l.file = nil }()
	_, err := l.file.Seek(0, io.SeekStart)
	if err = errors.Join(err, l.file.Close()); err != nil {
		return cache.Digest{}, err
	}
	artifact, err := cache.ImportArtifact(ctx, blobs, l.path)
	return artifact.Digest, err
}
