package paper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNoProgram: a program that builds papers is not installed.
var ErrNoProgram = errors.New("not installed")

// Install is how the programs that Build runs are installed on Debian; the
// names of packages follow.
const Install = "apt-get install --no-install-recommends "

// The packages of Debian that Build needs: for both formats, and for HTML.
const (
	LatexPackages  = "latexmk texlive-latex-recommended lmodern"
	PandocPackages = "pandoc"
)

// BuildOptions says what Build makes.
type BuildOptions struct {
	Name string    // of the files, without their endings
	Date time.Time // of the documents, zero for 1970: the same date gives the same bytes
	PDF  bool
	HTML bool
}

// Built is what Build made.
type Built struct {
	PDF      string   `json:"pdf,omitempty"`  // paths, "" if not asked for
	HTML     string   `json:"html,omitempty"` //
	Sources  string   `json:"sources"`        // JSON: each number with its results
	Warnings []string `json:"warnings,omitempty"`
}

// Build makes PDF with latexmk and HTML with pandoc in dir, which it empties
// before. Files that the template names are looked for in the template's folder;
// nothing is written outside of dir. Mistakes in LaTeX are Problems with the
// template's lines; ErrNoProgram says what to install. If only the HTML fails
// there are an error and a Built, with the PDF that was asked for.
func Build(ctx context.Context, f *Filled, dir string, o BuildOptions) (*Built, error) {
	if err := needs(o); err != nil {
		return nil, err
	}
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return nil, err
	}
	b := &builder{filled: f, dir: dir, name: o.Name, options: o}
	var err error
	if b.home, err = filepath.Abs(filepath.Dir(f.File)); err != nil {
		return nil, err
	}
	built := &Built{Sources: b.path(".sources.json")}
	numbers, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(built.Sources, append(numbers, '\n'), 0o644); err != nil {
		return nil, err
	}
	// LaTeX first, also for HTML alone: it gives pandoc the numbers of tables,
	// sections and formulas.
	if built.Warnings, err = b.latex(ctx); err != nil {
		return nil, err
	}
	if o.PDF {
		built.PDF = b.path(".pdf")
	}
	if o.HTML {
		warnings, err := b.pandoc(ctx)
		if err != nil {
			return built, err
		}
		built.HTML, built.Warnings = b.path(".html"), append(built.Warnings, warnings...)
	}
	return built, nil
}

// needs says which packages are missing.
func needs(o BuildOptions) error {
	var programs, packages []string
	look := func(name, from string) {
		if _, err := exec.LookPath(name); err != nil {
			programs, packages = append(programs, name), append(packages, from)
		}
	}
	look("latexmk", LatexPackages)
	if len(programs) == 0 {
		look("pdflatex", LatexPackages)
	}
	if o.HTML {
		look("pandoc", PandocPackages)
	}
	if len(programs) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w; on Debian: %s%s", strings.Join(programs, ", "), ErrNoProgram, Install, strings.Join(packages, " "))
}

type builder struct {
	filled  *Filled
	dir     string
	name    string // of the files
	home    string // the template's folder
	options BuildOptions
}

func (b *builder) path(suffix string) string { return filepath.Join(b.dir, b.name+suffix) }

// latex makes the PDF and returns warnings on how it looks.
func (b *builder) latex(ctx context.Context) ([]string, error) {
	if err := os.WriteFile(b.path(".tex"), []byte(b.filled.LaTeX), 0o644); err != nil {
		return nil, err
	}
	out, err := b.command(ctx, "latexmk", "-norc", "-pdf", "-silent", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error",
		"-latexoption=-no-shell-escape", b.name+".tex")
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	text, readErr := os.ReadFile(b.path(".log"))
	if readErr != nil && err == nil {
		return nil, readErr
	}
	log := parseLog(string(text), b.name+".tex", b.filled.File, err != nil)
	if err == nil && len(log.problems) == 0 {
		return log.warnings, nil
	}
	if len(log.problems) > 0 {
		last := &log.problems[len(log.problems)-1]
		last.Text += " (log: " + b.path(".log") + ")"
		return nil, log.problems
	}
	return nil, fmt.Errorf("%s: latexmk: %w (log: %s)\n%s", b.filled.File, err, b.path(".log"), tail(out))
}

// command runs a program in the folder, in a group of its own that is killed
// when ctx ends, and returns what it wrote. Programs may read what lies beside
// the template and write only here.
func (b *builder) command(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	date := max(b.options.Date.Unix(), 0)
	search := "." + string(filepath.ListSeparator) + b.home + string(filepath.ListSeparator)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(date, 10), "FORCE_SOURCE_DATE=1", "TZ=UTC", "LC_ALL=C.UTF-8",
		"openout_any=p", "shell_escape=f", "max_print_line=10000", "TEXINPUTS="+search, "BIBINPUTS="+search, "BSTINPUTS="+search)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.Bytes(), err
}

// tail returns the last lines of what a program wrote.
func tail(out []byte) string {
	const most = 10
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.Join(lines[max(len(lines)-most, 0):], "\n")
}
