package testkit_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"repro/internal/testkit"
)

// stopped is a test that only notes what it is stopped by.
type stopped struct {
	testing.TB
	by  string
	dir string
}

func (s *stopped) Fatalf(format string, args ...any) {
	s.by = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (s *stopped) TempDir() string {
	s.dir = s.TB.TempDir()
	return s.dir
}

// TestAStuckBrowserIsGivenUp: a page that never answers ends its test only, and
// nothing of the browser is left.
func TestAStuckBrowserIsGivenUp(t *testing.T) {
	var s *stopped
	t.Run("browser", func(t *testing.T) {
		s = &stopped{TB: t}
		b := testkit.NewBrowser(s)
		b.Patience = 200 * time.Millisecond
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.Eval("new Promise(() => {})")
		}()
		<-done
		if !strings.Contains(s.by, "no answer from the browser") {
			t.Errorf("stopped by %q", s.by)
		}
	})
	if s.dir == "" {
		t.Skip("no browser here")
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("its folder is still there: %v", err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range processes {
		if line, err := os.ReadFile(process); err == nil && bytes.Contains(line, []byte(s.dir)) {
			t.Errorf("%s is still there: %q", process, line)
		}
	}
}
