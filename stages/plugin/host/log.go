package host

import (
	"io"
	"slices"
	"strings"
	"sync"
)

const (
	// tailBytes and tailLines bound the last words that an error repeats.
	tailBytes = 4 << 10
	tailLines = 10
)

// log takes all that a plugin says, on standard error or in events, up to a
// limit. It is safe for concurrent use.
type log struct {
	mu    sync.Mutex
	paths *strings.Replacer
	to    io.Writer // may be nil
	left  int64
	flood func() // called once when nothing is left
	tail  []byte
}

func newLog(program *Program, to io.Writer, limit int64, flood func()) *log {
	l := &log{to: to, left: limit, flood: flood, paths: strings.NewReplacer()}
	if program.Copied != "" {
		l.paths = strings.NewReplacer(program.Copied, program.Source)
	}
	return l
}

// Write implements io.Writer. It never fails: the plugin would only stop making
// sense.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(p)
	if l.left <= 0 {
		return n, nil
	}
	l.left -= int64(n)
	p = []byte(l.paths.Replace(string(p)))
	l.tail = append(l.tail, p...)
	if extra := len(l.tail) - tailBytes; extra > tailBytes {
		l.tail = append(l.tail[:0], l.tail[extra:]...)
	}
	if l.to != nil {
		_, _ = l.to.Write(p) // a log that cannot be written must not fail the work
	}
	if l.left <= 0 {
		go l.flood() // it stops the plugin, whose last words come here
	}
	return n, nil
}

// lastWords returns the last lines, for an error that stands alone, or the first
// of a Go program's trace, which say what happened.
func (l *log) lastWords() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(l.tail)), "\n")
	from := slices.IndexFunc(lines, func(line string) bool {
		return strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ")
	})
	if from < 0 {
		from = max(0, len(lines)-tailLines)
	}
	return strings.Join(lines[from:min(len(lines), from+tailLines)], "\n")
}
