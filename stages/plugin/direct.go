package plugin

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"repro/stages/plugin/v1"
)

// direct carries out a command line without an engine and returns the exit
// code: 0, 1 for a failed run, 2 for a wrong command line.
func (p *Plugin) direct(args []string, stdout, stderr io.Writer) int {
	say := func(format string, a ...any) {
		fmt.Fprintf(stderr, format+"\n", a...) //nolint:errcheck // there is nowhere left to say so
	}
	switch {
	case len(args) == 1 && args[0] == "describe":
		fmt.Fprintln(stdout, protojson.Format(p.describe())) //nolint:errcheck // as above
		return 0
	case len(args) == 2 && args[0] == "run":
		if err := p.runFile(args[1], stderr); err != nil {
			say("%v", err)
			return 1
		}
		return 0
	default:
		say("This is a plugin of repro, which starts it. Try it with: repro plugin test DIR")
		return 2
	}
}

func (p *Plugin) runFile(name string, stderr io.Writer) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	req := &pluginv1.RunRequest{}
	if err := protojson.Unmarshal(raw, req); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return p.run(ctx, req, stderr, &console{out: stderr})
}

// console shows people how a run goes. It is a reporter.
type console struct {
	mu  sync.Mutex
	out io.Writer
	due time.Time // of the next line of progress
	tip string    // the note
}

// consolePause is the least time between two lines of progress.
const consolePause = time.Second

func (c *console) progress(done, total int64, unit string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); done == total || now.After(c.due) {
		c.due = now.Add(consolePause)
		of := ""
		if total > 0 {
			of = fmt.Sprintf(" of %d", total)
		}
		c.say("%s", strings.TrimSpace(fmt.Sprintf("%d%s %s  %s", done, of, unit, c.tip)))
	}
}

func (c *console) note(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tip = text
}

func (c *console) class(class string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.say("this run is %s", class)
}

func (c *console) say(format string, a ...any) {
	fmt.Fprintf(c.out, format+"\n", a...) //nolint:errcheck // there is nowhere left to say so
}
