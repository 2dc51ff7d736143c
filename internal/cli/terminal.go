package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

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
