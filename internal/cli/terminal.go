package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/term"
)

// terminal is where a command's answer (out) and story (err) go.
type terminal struct {
	out, err io.Writer
}

// say writes one line of the story.
func (t *terminal) say(format string, args ...any) {
	fmt.Fprintf(t.err, format+"\n", args...) //nolint:errcheck // a story that nobody can read is no failure
}

// print writes to the answer.
func (t *terminal) print(text string) error {
	_, err := io.WriteString(t.out, text)
	return err
}

// printJSON writes v as the answer.
func (t *terminal) printJSON(v any) error {
	enc := json.NewEncoder(t.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printTo lets write print the answer, or a file in its place, whole or not at
// all.
func (t *terminal) printTo(file string, write func(io.Writer) error) (err error) {
	if file == "" {
		return write(t.out)
	}
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real // what a link points to is written, not the link
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() { // a pipe, a terminal
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".repro-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err = errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// isTerminal reports whether somebody is watching w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// color reports whether w shows colours (https://no-color.org).
func color(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// width returns how many columns w has.
func width(w io.Writer) int {
	const usual = 100
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return usual
}

// diagnostic is an HCL diagnostic in JSON.
type diagnostic struct {
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail,omitempty"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
}

// diagnose shows diagnostics with their source lines, or as JSON in the
// answer, and returns an error if any of them is one.
func (t *terminal) diagnose(diags hcl.Diagnostics, files map[string]*hcl.File, asJSON bool) error {
	if len(diags) == 0 {
		return nil
	}
	if asJSON && diags.HasErrors() {
		list := make([]diagnostic, 0, len(diags))
		for _, d := range diags {
			severity := "error"
			if d.Severity == hcl.DiagWarning {
				severity = "warning"
			}
			out := diagnostic{Severity: severity, Summary: d.Summary, Detail: d.Detail}
			if d.Subject != nil {
				out.File, out.Line, out.Column = d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column
			}
			list = append(list, out)
		}
		if err := t.printJSON(map[string]any{"diagnostics": list}); err != nil {
			return err
		}
		return reported(exitWorkflow)
	}
	writer := hcl.NewDiagnosticTextWriter(t.err, files, uint(width(t.err)), color(t.err))
	if err := writer.WriteDiagnostics(diags); err != nil {
		return err
	}
	if diags.HasErrors() {
		return reported(exitWorkflow)
	}
	return nil
}
